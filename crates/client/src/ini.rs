//! W&B's settings files.

use std::collections::HashMap;
use std::fmt;

/// The options of a settings file that count: those of `[default]`, and of `[DEFAULT]` where `[default]` has none.
///
/// Read as Python's `configparser` reads them, which wrote them: `=` or `:` after a name that upper and lower case do not
/// tell apart, whole lines of comment after `#` or `;`, a deeper line goes on with the value above it. `%%` is a percent
/// sign; other interpolation is left as it stands, since nothing that belongs into such a file uses it.
#[derive(Debug, Default)]
pub(crate) struct SettingsFile {
    options: HashMap<String, String>,
}

/// A settings file that cannot be read. Shows no line: it may hold a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IniError {
    line: usize,
    problem: &'static str,
}

impl fmt::Display for IniError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl SettingsFile {
    pub(crate) fn parse(text: &str) -> Result<Self, IniError> {
        let mut sections: HashMap<&str, HashMap<String, String>> = HashMap::new();
        let mut section = None;
        let mut option: Option<(String, usize)> = None;
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let error = |problem| IniError {
                line: number + 1,
                problem,
            };
            let content = line.trim();
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            if let (Some(section), Some((name, above))) = (section, &option)
                && indent > *above
            {
                let value = sections
                    .entry(section)
                    .or_default()
                    .entry(name.clone())
                    .or_default();
                value.push('\n');
                value.push_str(content);
                continue;
            }
            if let Some((header, _)) = content.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
                section = Some(header);
                option = None;
                continue;
            }
            let Some(section) = section else {
                return Err(error("no [section] stands before it"));
            };
            let (name, value) = content
                .split_once(['=', ':'])
                .filter(|(name, _)| !name.trim().is_empty())
                .ok_or_else(|| error("no NAME = VALUE"))?;
            let name = name.trim().to_lowercase();
            let options = sections.entry(section).or_default();
            if options
                .insert(name.clone(), value.trim().replace("%%", "%"))
                .is_some()
            {
                return Err(error("a name that this section already has"));
            }
            option = Some((name, indent));
        }
        let mut options = sections.remove("DEFAULT").unwrap_or_default();
        options.extend(sections.remove("default").unwrap_or_default());
        Ok(Self { options })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each outcome is what Python 3.11's `configparser` gave for the same text.
    #[test]
    fn as_python_reads_it() {
        for (text, entity, project) in [
            ("[default]\nentity = a\nproject: b\n", Some("a"), Some("b")),
            (
                "[default]\nentity = a ; c\nproject = b # y\n",
                Some("a ; c"),
                Some("b # y"),
            ),
            (
                "[default]\n# c\n; c\nEntity=a\n  more\nproject=b",
                Some("a\nmore"),
                Some("b"),
            ),
            ("[DEFAULT]\nentity=z\n[default]\nproject=p", Some("z"), Some("p")),
            ("[default]\nentity=a\n[DEFAULT]\nentity=z", Some("a"), None),
            ("[default]\nentity=50%%\n", Some("50%"), None),
            ("[default]\nentity=\"a b\"\n", Some("\"a b\""), None),
            ("[default]\n entity = a\n project = b\n", Some("a"), Some("b")),
            ("[default]\r\nentity = a\r\n", Some("a"), None),
            ("[other]\nentity=x\n", None, None),
            ("[default]\nentity=\n\n\n", Some(""), None),
            (
                "[default]\nentity : https://h:8080/x=y\n",
                Some("https://h:8080/x=y"),
                None,
            ),
            ("[default]\nentity = a\\nb\n", Some("a\\nb"), None),
            (" [default]\nentity=a", Some("a"), None),
            ("[default] ; x\nentity=a", Some("a"), None),
            ("[ default ]\nentity=a", None, None),
            ("", None, None),
        ] {
            let file = SettingsFile::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(
                (file.get("entity"), file.get("project")),
                (entity, project),
                "{text:?}"
            );
        }
        for (text, line) in [
            ("entity=a\n", 1),
            ("[default]\nentity", 2),
            ("[default]\nentity\nproject = b\n", 2),
            ("[default]\n\nentity=a\nentity=b\n", 4),
        ] {
            let error = SettingsFile::parse(text)
                .err()
                .unwrap_or_else(|| panic!("{text:?}"));
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
    }

    #[test]
    fn what_python_cannot_interpolate_stands_as_it_is() {
        for (text, entity) in [
            ("[default]\nentity=50%\n", "50%"),
            ("[default]\nentity=%(nope)s\n", "%(nope)s"),
        ] {
            let file = SettingsFile::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(file.get("entity"), Some(entity));
        }
    }
}
