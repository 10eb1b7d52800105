//! A document of `schema/queries`, and its forms for older servers.

/// What a line that needs something of the schema which older servers lack ends in.
const MARK: &str = "# since:";

/// An operation's document, taken apart.
pub(super) struct Document {
    /// The comment at its head, without the `#`.
    comment: Vec<String>,
    /// What the whole operation needs.
    requires: Vec<String>,
    /// What marked lines need, in the order of the first of each.
    optional: Vec<String>,
    /// The lines to send, and which of `optional` each needs.
    lines: Vec<(String, Option<usize>)>,
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut document = Self {
            comment: Vec::new(),
            requires: Vec::new(),
            optional: Vec::new(),
            lines: Vec::new(),
        };
        for line in text.lines() {
            let (code, mark) = match line.split_once(MARK) {
                Some((code, mark)) => (code.trim_end(), Some(mark.trim().to_owned())),
                None => (line, None),
            };
            let head = document.lines.is_empty();
            match (mark, code.strip_prefix('#')) {
                (Some(mark), _) if code.is_empty() && head => document.requires.push(mark),
                (Some(mark), _) if !code.trim().is_empty() => {
                    let known = document.optional.iter().position(|known| *known == mark);
                    let place = known.unwrap_or(document.optional.len());
                    if known.is_none() {
                        document.optional.push(mark);
                    }
                    document.lines.push((code.to_owned(), Some(place)));
                }
                (None, Some(comment)) if head => document.comment.push(comment.to_owned()),
                (None, None) if !code.contains('#') => document.lines.push((code.to_owned(), None)),
                _ => {
                    return Err(format!(
                        "{line:?}: a comment here is neither the head nor `{MARK} NAME`"
                    ));
                }
            }
        }
        Ok(document)
    }

    /// What can be left out, by name.
    #[cfg(test)]
    pub(super) fn optional(&self) -> &[String] {
        &self.optional
    }

    /// What the whole operation needs.
    #[cfg(test)]
    pub(super) fn requires(&self) -> &[String] {
        &self.requires
    }

    /// The text without the lines whose need is a bit of `lacking`, in the order of `optional`.
    pub(super) fn without(&self, lacking: usize) -> String {
        let sent = |need: &Option<usize>| need.is_none_or(|place| lacking & (1 << place) == 0);
        self.lines
            .iter()
            .filter(|(_, need)| sent(need))
            .map(|(line, _)| format!("{line}\n"))
            .collect()
    }

    /// How many forms there are.
    pub(super) fn forms(&self) -> usize {
        1 << self.optional.len()
    }

    /// The comment at the head, as documentation of what is generated.
    pub(super) fn rust_doc(&self) -> String {
        self.comment.iter().map(|line| format!("///{line}\n")).collect()
    }

    /// The operation's entry in the table of variants; empty where it has one form, which all servers take.
    pub(super) fn table_row(&self) -> Result<String, String> {
        if self.requires.is_empty() && self.optional.is_empty() {
            return Ok(String::new());
        }
        let newest = self.without(0);
        let head = newest.split(['(', '{']).next().unwrap_or_default();
        let operation = head
            .split_whitespace()
            .nth(1)
            .ok_or("the operation has no name")?;
        let optional: String = (0..)
            .zip(&self.optional)
            .map(|(place, since)| {
                let variables: Vec<&str> = self.variables_of(place).collect();
                format!("crate::variants::Optional {{ since: {since:?}, variables: &{variables:?} }},")
            })
            .collect();
        let documents: Vec<String> = (0..self.forms()).map(|lacking| self.without(lacking)).collect();
        Ok(format!(
            "crate::variants::Variants {{ operation: {operation:?}, requires: &{:?}, optional: &[{optional}], \
             documents: &{documents:?} }},",
            self.requires
        ))
    }

    /// The variables that are declared on the lines which need `place`.
    fn variables_of(&self, place: usize) -> impl Iterator<Item = &str> {
        self.lines
            .iter()
            .filter(move |(_, need)| *need == Some(place))
            .filter_map(|(line, _)| Some(line.trim().strip_prefix('$')?.split_once(':')?.0))
    }
}
