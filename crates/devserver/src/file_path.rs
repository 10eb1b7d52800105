use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const ESCAPED_IN_NAME: &AsciiSet = &ESCAPED.remove(b'/');

/// One file of one run, as the addresses of both listeners name it: `ENTITY/PROJECT/RUN/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePath {
    pub(crate) entity: String,
    pub(crate) project: String,
    pub(crate) run: String,
    pub(crate) name: String,
}

impl FilePath {
    /// Reads a path without its leading slash. None when a part is missing or is no UTF-8.
    pub(crate) fn decode(path: &str) -> Option<Self> {
        let mut parts = path.splitn(4, '/').map(decode);
        let mut part = || parts.next().flatten().filter(|part| !part.is_empty());
        Some(Self {
            entity: part()?,
            project: part()?,
            run: part()?,
            name: part()?,
        })
    }

    /// Writes the path, percent-encoded.
    ///
    /// A slash stays a slash, except in a name like `../x` or `a//b`: clients tidy such segments away
    /// before they send, so those names are written as one segment.
    pub(crate) fn encode(&self) -> String {
        let untidy = self
            .name
            .split('/')
            .any(|segment| matches!(segment, "" | "." | ".."));
        let in_name = if untidy { ESCAPED } else { ESCAPED_IN_NAME };
        format!(
            "{}/{}/{}/{}",
            utf8_percent_encode(&self.entity, ESCAPED),
            utf8_percent_encode(&self.project, ESCAPED),
            utf8_percent_encode(&self.run, ESCAPED),
            utf8_percent_encode(&self.name, in_name),
        )
    }
}

/// Percent-encodes a part of a path.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Undoes percent-encoding. None when what comes out is no UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back() {
        for (name, written) in [
            ("config.yaml", "config.yaml"),
            ("media/a b.png", "media/a%20b.png"),
            ("100%?#&.txt", "100%25%3F%23%26.txt"),
            ("modèle.h5", "mod%C3%A8le.h5"),
            ("../../x", "..%2F..%2Fx"),
            ("/abs/x", "%2Fabs%2Fx"),
            ("a//b", "a%2F%2Fb"),
        ] {
            let path = FilePath {
                entity: "my team".into(),
                project: "p/q".into(),
                run: "r".into(),
                name: name.into(),
            };
            assert_eq!(path.encode(), format!("my%20team/p%2Fq/r/{written}"));
            assert_eq!(FilePath::decode(&path.encode()), Some(path));
        }
    }

    #[test]
    fn a_path_without_its_parts_is_none() {
        for path in ["", "a", "a/b/c", "a/b/c/", "a//c/d", "a/b/c/%ff"] {
            assert_eq!(FilePath::decode(path), None, "{path}");
        }
    }
}
