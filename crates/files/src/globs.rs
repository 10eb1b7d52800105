//! Names chosen by globs.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::FilesError;

/// Which names are meant: those that an inclusive glob matches, where there is one, and no exclusive one.
///
/// `*` is any text and `?` any character within one part of a name, `**` any number of parts, `[ab]` one of these characters,
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
        let include = set(include)?;
        Ok(Self {
            include: (!include.is_empty()).then_some(include),
            exclude: set(exclude)?,
        })
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
    let (body, folder) = match text.strip_suffix('/') {
        Some(body) => (body, "/**"),
        None => (text, ""),
    };
    let whole = match body.strip_prefix('/') {
        Some(from_the_top) => format!("{from_the_top}{folder}"),
        None if body.contains('/') => format!("{body}{folder}"),
        None => format!("**/{body}{folder}"),
    };
    exact(&whole).map_err(|error| bad(text, &error))
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
    use super::*;

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
    fn what_cannot_be_read_is_an_error() {
        let error = Globs::new(["a["], [""; 0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read the glob \"a[\": unclosed character class; missing ']'"
        );
    }
}
