//! What Windows takes for no file's name, or for another one's.

/// Why `part`, a file's or folder's name without its path, cannot be used on Windows.
///
/// Some of these fail there, but others quietly mean something else: a device, a drive, a hidden stream of another file,
/// or the same name without the dot at its end.
pub(super) fn refusal(part: &str) -> Option<&'static str> {
    if part.contains(['<', '>', ':', '"', '|', '?', '*', '\\']) || part.chars().any(|c| c < ' ') {
        return Some("holds one of < > : \" | ? * \\ or a control character, which Windows takes in no name");
    }
    if part != "." && part != ".." && part.ends_with(['.', ' ']) {
        return Some("has a part that ends in a dot or a space, which Windows leaves out");
    }
    let stem = part.split('.').next().unwrap_or(part).trim_end_matches(' ');
    is_device(stem).then_some("has a part that is the name of a device on Windows, such as CON or NUL")
}

fn is_device(stem: &str) -> bool {
    let stem = stem.to_uppercase();
    let numbered = |prefix| {
        stem.strip_prefix(prefix).is_some_and(|number| {
            matches!(number.chars().next(), Some('0'..='9' | '¹' | '²' | '³')) && number.chars().count() == 1
        })
    };
    matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn names_that_windows_takes_for_something_else() {
        for part in [
            "CON",
            "con",
            "Nul.txt",
            "nul .tar.gz",
            "COM1",
            "lpt9.log",
            "com²",
            "AUX",
            "PRN",
            "CONOUT$",
            "a.",
            "a ",
            "...",
            " ",
            "a:b",
            "C:",
            "a\\b",
            "<a>",
            "a|b",
            "what?",
            "*",
            "\"a\"",
            "a\tb",
        ] {
            assert!(refusal(part).is_some(), "{part:?}");
        }
    }

    #[test]
    fn names_that_it_takes() {
        for part in [
            "",
            ".",
            "..",
            "a",
            ".hidden",
            "console",
            "CON1",
            "COM",
            "COM10",
            "LPTX",
            "nullable.txt",
            "a.con",
            " a",
            "a b",
            "ü✓",
            "a'b",
            "~$x",
        ] {
            assert_eq!(refusal(part), None, "{part:?}");
        }
    }
}
