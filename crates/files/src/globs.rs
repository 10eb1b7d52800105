//! Names chosen by globs.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::FilesError;

/// Which names are meant: those that an inclusive glob matches, where there is one, and no exclusive one.
///
/// `*` is any text and `?` any byte (so any ASCII character) within one part of a name, `**` any number of parts, `[ab]` one of these characters,
/// `{a,b}` one of these texts; a backslash takes away such a meaning. A glob without `/` is for the last part of a name at
/// any depth (`*.pt` finds `model/a.pt`), one with `/` for the whole name; `model/` is all that is below the folder. Upper
/// and lower case differ.
///
/// ```
/// let globs = wandb_files::Globs::new(["*.pt", "media/"], ["**/tmp/**"])?;
/// assert!(globs.matches("model/a.pt") && globs.matches("media/images/a.png"));
/// assert!(!globs.matches("config.yaml") && !globs.matches("model/tmp/a.pt"));
/// # Ok::<(), wandb_files::FilesError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Globs {
    include: Option<GlobSet>,
    exclude: GlobSet,
    like: Option<String>,
}

impl Globs {
    /// Reads the globs; without an inclusive one, every name is included.
    ///
    /// # Errors
    /// [`FilesError::Glob`] for a glob that cannot be read.
    pub fn new<I: AsRef<str>, E: AsRef<str>>(
        include: impl IntoIterator<Item = I>,
        exclude: impl IntoIterator<Item = E>,
    ) -> Result<Self, FilesError> {
        let include: Vec<I> = include.into_iter().collect();
        Ok(Self {
            like: match include.as_slice() {
                [only] => Some(superset(&whole(only.as_ref()))),
                _ => None,
            },
            include: match include.as_slice() {
                [] => None,
                globs => Some(set(globs)?),
            },
            exclude: set(exclude)?,
        })
    }

    /// A pattern of MySQL's `LIKE` that every name which is meant matches, and others may match too: for a server to send
    /// less, before the globs decide. There is one where there is one inclusive glob.
    #[must_use]
    pub fn like(&self) -> Option<&str> {
        self.like.as_deref()
    }

    /// Whether the file of this name is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.include.as_ref().is_none_or(|globs| globs.is_match(name)) && !self.exclude.is_match(name)
    }
}

fn set<S: AsRef<str>>(globs: impl IntoIterator<Item = S>) -> Result<GlobSet, FilesError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(of_names(glob.as_ref())?);
    }
    set.build().map_err(|error| bad("", &error))
}

/// A glob as it is written, for a whole name.
fn of_names(text: &str) -> Result<Glob, FilesError> {
    exact(&whole(text)).map_err(|error| bad(text, &error))
}

/// A glob for a whole name that says what `text` does.
fn whole(text: &str) -> String {
    let (body, folder) = match text.strip_suffix('/') {
        Some(body) => (body, "/**"),
        None => (text, ""),
    };
    match body.strip_prefix('/') {
        Some(from_the_top) => format!("{from_the_top}{folder}"),
        None if body.contains('/') => format!("{body}{folder}"),
        None => format!("**/{body}{folder}"),
    }
}

/// A pattern of `LIKE` that everything matches which the glob for whole names does. Where the glob's meaning is not plain,
/// the pattern ends with `%`, which is sound for whatever follows.
///
/// A backslash means different things to different servers, so no character is taken literally by one: `_` stands for it.
/// To the globs, `?` and what a class leaves out is a byte, of which a character may have several: only `%` stands for any
/// number of bytes.
fn superset(glob: &str) -> String {
    let mut like = String::new();
    let mut rest = glob;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        let token = match char {
            '*' => {
                let after = rest.trim_start_matches('*');
                // `**/` may stand for no folder at all, and then its slash is not in the name.
                rest = match after.strip_prefix('/') {
                    Some(after_slash) if after.len() < rest.len() => after_slash,
                    _ => after,
                };
                '%'
            }
            '?' => '%',
            '[' => match after_class(rest) {
                Some(after) => {
                    rest = after;
                    '_'
                }
                None => return like + "%",
            },
            '{' => match after_alternatives(rest) {
                Some(after) => {
                    rest = after;
                    '%'
                }
                None => return like + "%",
            },
            '\\' => match rest.chars().next() {
                Some(escaped) => {
                    rest = &rest[escaped.len_utf8()..];
                    literal(escaped)
                }
                None => return like + "%",
            },
            char => literal(char),
        };
        if token != '%' || !like.ends_with('%') {
            like.push(token);
        }
    }
    like
}

fn literal(char: char) -> char {
    match char {
        '%' | '_' | '\\' => '_',
        char => char,
    }
}

/// What follows a plain class of ASCII characters whose `[` is read already.
fn after_class(text: &str) -> Option<&str> {
    if text.starts_with(['!', '^']) {
        return None;
    }
    // A bracket at the beginning is a member.
    let first = text.chars().next()?.len_utf8();
    let end = first + text.get(first..)?.find(']')?;
    let members = &text[..end];
    (members.is_ascii() && !members.contains(['\\', '['])).then(|| &text[end + 1..])
}

/// What follows plain alternatives whose `{` is read already.
fn after_alternatives(text: &str) -> Option<&str> {
    let end = text.find(['}', '{', '[', '\\'])?;
    text[end..].strip_prefix('}')
}

/// A glob of which every character counts.
pub(crate) fn exact(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
}

pub(crate) fn bad(glob: &str, error: &globset::Error) -> FilesError {
    FilesError::Glob {
        glob: glob.to_owned(),
        why: error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::like::Like;

    #[test]
    fn the_whole_name_or_its_last_part() {
        let matches = |glob: &str, name: &str| Globs::new([glob], [""; 0]).unwrap().matches(name);
        for (glob, name, expected) in [
            ("*.pt", "a.pt", true),
            ("*.pt", "b/c/a.pt", true),
            ("/*.pt", "b/a.pt", false),
            ("/*.pt", "a.pt", true),
            ("b/*.pt", "b/a.pt", true),
            ("b/*.pt", "b/c/a.pt", false),
            ("b/*.pt", "a/b/a.pt", false),
            ("b/**/*.pt", "b/a.pt", true),
            ("**/*.pt", "a.pt", true),
            ("b/", "b/c/d", true),
            ("b/", "a/b/d", true),
            ("/b/", "a/b/d", false),
            ("b", "b/c", false),
            ("{a,b}.pt", "b.pt", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("*.PT", "a.pt", false),
            (".*", ".hidden", true),
            ("*", ".hidden", true),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
    }

    #[test]
    fn one_glob_is_narrowed_for_the_server() {
        for (glob, like) in [
            ("*.pt", "%.pt"),
            ("/*.pt", "%.pt"),
            ("model/", "%model/%"),
            ("media/images/*.png", "media/images/%.png"),
            ("media/**/*.png", "media/%.png"),
            ("a?c", "%a%c"),
            ("/step-[0-9].pt", "step-_.pt"),
            ("/a[]x]b", "a_b"),
            ("/a[!x]b", "a%"),
            ("/x{a,b}y", "x%y"),
            (r"/\*100%_", "*100__"),
            (r"/a[\]]b", "a%"),
            ("/x{a,{b,c}}y", "x%"),
            ("/a**b/c", "a%b/c"),
        ] {
            let globs = Globs::new([glob], [""; 0]).unwrap();
            assert_eq!(globs.like(), Some(like), "{glob}");
        }
        assert_eq!(Globs::new([""; 0], ["*.pt"]).unwrap().like(), None);
        assert_eq!(Globs::new(["*.a", "*.b"], [""; 0]).unwrap().like(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_the_glob_matches_the_pattern_matches(
            glob in r"([ab%_.É]|\*\*?\*?|\?|/|\*\*/|\[[]!^]?[a-c%É-]{1,3}\]|[\[\]{},!]|\{[a%*/]{0,3},[ab/]{0,2}\}|\\[ab*%\\\[{]){1,8}",
            name in r"[abcABC%_.*?/É\\\[İ-]{0,8}",
        ) {
            if let Ok(globs) = Globs::new([&glob], [""; 0]) && globs.matches(&name) {
                let like = globs.like().unwrap();
                prop_assert!(Like::new(like).matches(&name), "{glob:?} {like:?} {name:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let error = Globs::new(["a["], [""; 0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read the glob \"a[\": unclosed character class; missing ']'"
        );
    }
}
