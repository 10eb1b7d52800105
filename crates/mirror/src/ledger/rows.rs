//! Many rows with one statement: they are handed over as one JSON text.

use super::Db;

/// The type of a column in JSON rows.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Number,
    Text,
}

impl Db {
    /// The text that stands in a statement where a table stands: the rows of `$1`, a JSON array of objects.
    pub(super) fn rows(&self, columns: &[(&str, Of)]) -> String {
        match self {
            Self::Sqlite(_) => {
                let columns: Vec<String> = columns
                    .iter()
                    .map(|(name, _)| format!("value ->> '{name}' AS {name}"))
                    .collect();
                format!("(SELECT {} FROM json_each($1)) AS r", columns.join(", "))
            }
            Self::Postgres(_) => {
                let columns: Vec<String> = columns
                    .iter()
                    .map(|(name, of)| {
                        let of = match of {
                            Of::Number => "bigint",
                            Of::Text => "text",
                        };
                        format!("{name} {of}")
                    })
                    .collect();
                format!("jsonb_to_recordset($1::jsonb) AS r({})", columns.join(", "))
            }
        }
    }

    /// Run and name of the rows of `wbf_files AS f` that a statement with further tables has changed.
    pub(super) fn returned(&self) -> &'static str {
        match self {
            // Knows no other name than the table's there.
            Self::Sqlite(_) => "run, name",
            Self::Postgres(_) => "f.run, f.name",
        }
    }
}
