//! What kind of file it is.

use std::path::Path;

use std::borrow::Cow;

const NONE: &str = "(no extension)";

/// The end of the name, such as `.png`, else the media type. An end that is a number or no word, such as that of
/// `events.out.tfevents.1714566896.host`, tells nothing.
pub(super) fn of<'a>(name: &str, mimetype: Option<&'a str>) -> Cow<'a, str> {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    let is_word = |text: &&str| {
        text.len() <= 10
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && text.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    match (extension.filter(is_word), mimetype) {
        (Some(extension), _) => Cow::Owned(format!(".{}", extension.to_ascii_lowercase())),
        (None, Some(mimetype)) if !mimetype.is_empty() => {
            Cow::Borrowed(mimetype.split(';').next().unwrap_or_default().trim())
        }
        _ => Cow::Borrowed(NONE),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_end_of_the_name_counts_where_it_is_a_word() {
        assert_eq!(of("a/b.c/Model.PT", None), ".pt");
        assert_eq!(of("x.tar.gz", Some("application/gzip")), ".gz");
        assert_eq!(
            of("checkpoint.00012", Some("application/octet-stream")),
            "application/octet-stream"
        );
        assert_eq!(
            of("notes.read me", Some("text/plain; charset=utf-8")),
            "text/plain"
        );
        assert_eq!(of("folder.d/README", None), "(no extension)");
        assert_eq!(of(".netrc", Some("")), "(no extension)");
        assert_eq!(of("", None), "(no extension)");
    }
}
