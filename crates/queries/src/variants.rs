//! The forms of an operation for servers of different ages.

use crate::generated::VARIANTS;

/// All forms of one operation: its document as the newest servers take it, and without what older servers lack.
///
/// What that is stands in `schema/queries`: a line that ends in `# since: File.md5` needs that field of the schema, and a
/// line `# since: Mutation.createRunFiles` before the operation says that the whole of it does.
#[derive(Debug)]
pub struct Variants {
    pub(crate) operation: &'static str,
    pub(crate) requires: &'static [&'static str],
    pub(crate) optional: &'static [Optional],
    pub(crate) documents: &'static [&'static str],
}

/// A part of an operation that older servers lack.
#[derive(Debug)]
pub struct Optional {
    /// The field, argument or input field of the schema: `File.md5`, `Run.files(pattern)`,
    /// `DeleteFilesInput.projectId`.
    pub since: &'static str,
    /// The variables that are only of use with it.
    pub variables: &'static [&'static str],
}

/// One form of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The text to send.
    pub document: &'static str,
    /// The variables that the text does not declare.
    pub undeclared: Vec<&'static str>,
}

impl Variants {
    /// The forms of the operation of this name; `None` where it has only one, and needs nothing that servers lack.
    #[must_use]
    pub fn of(operation: &str) -> Option<&'static Self> {
        VARIANTS.iter().find(|variants| variants.operation == operation)
    }

    /// Every operation that has forms, or that some servers lack.
    #[must_use]
    pub fn all() -> &'static [Self] {
        VARIANTS
    }

    /// The operation's name.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What no form can do without.
    #[must_use]
    pub fn requires(&self) -> &'static [&'static str] {
        self.requires
    }

    /// What can be left out.
    #[must_use]
    pub fn optional(&self) -> &'static [Optional] {
        self.optional
    }

    /// The form without what `lacking` says of its names.
    #[must_use]
    pub fn without(&self, lacking: impl Fn(&str) -> bool) -> Variant {
        let left_out = |place: usize| lacking(self.optional[place].since);
        let index = (0..self.optional.len())
            .filter(|place| left_out(*place))
            .fold(0, |index, place| index | (1 << place));
        Variant {
            document: self.documents[index],
            undeclared: self
                .optional
                .iter()
                .filter(|part| lacking(part.since))
                .flat_map(|part| part.variables)
                .copied()
                .collect(),
        }
    }

    /// What the form with this text leaves out; `None` where the text is none of this operation's.
    #[must_use]
    pub fn left_out(&self, document: &str) -> Option<Vec<&'static str>> {
        let index = self.documents.iter().position(|known| *known == document)?;
        let parts = self.optional.iter().enumerate();
        Some(
            parts
                .filter(|(place, _)| index & (1 << place) != 0)
                .map(|(_, part)| part.since)
                .collect(),
        )
    }
}
