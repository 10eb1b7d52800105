//! The page that has the tables, and prose round them that is written by hand.

use crate::error::{Context, Failure, Result};
use crate::sh;

/// Puts each table between its marks in `docs/scale.md`.
pub(super) fn write(tables: &[(&str, String)]) -> Result<()> {
    let path = sh::workspace().join("docs").join("scale.md");
    let mut page = std::fs::read_to_string(&path).or_fail(|| format!("read {}", path.display()))?;
    for (name, table) in tables {
        page = put(&page, name, table)?;
    }
    std::fs::write(&path, page).or_fail(|| format!("write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

fn put(page: &str, name: &str, table: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let parts = page.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some((before, after))
    });
    let Some((before, after)) = parts else {
        return Err(Failure::new(format!(
            "docs/scale.md has no place for the table {name}: it takes the lines {} and {end}",
            begin.trim_end()
        )));
    };
    Ok(format!("{before}{begin}\n{table}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::super::inputs::Inputs;
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let page = "one\n<!-- a -->\nold\n<!-- end of a -->\ntwo\n";
        let new = put(page, "a", "| new |\n").unwrap();
        assert_eq!(new, "one\n<!-- a -->\n\n| new |\n\n<!-- end of a -->\ntwo\n");
        assert_eq!(put(&new, "a", "| new |\n").unwrap(), new);
        assert!(
            put(page, "b", "")
                .unwrap_err()
                .to_string()
                .contains("<!-- end of b -->")
        );
    }

    #[test]
    fn the_page_has_the_figures_that_it_was_made_from() {
        let page = std::fs::read_to_string(sh::workspace().join("docs/scale.md")).unwrap();
        let tables = Inputs::load().unwrap().tables();
        assert!(
            put(&page, "inputs", &tables).unwrap() == page,
            "xtask/scale.json has changed since `cargo xtask scale` wrote docs/scale.md"
        );
    }
}
