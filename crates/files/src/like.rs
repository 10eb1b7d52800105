//! Patterns of MySQL's `LIKE`, for servers that do not filter by themselves.

/// A pattern: `%` is any text, `_` any character, a backslash before a character takes it literally, as does one at the
/// very end. Case does not count, as in MySQL's usual collations. An empty pattern matches everything, since to the server
/// it is none.
///
/// ```
/// use wandb_files::Like;
///
/// assert!(Like::new("media/%.png").matches("media/images/a.PNG"));
/// ```
#[derive(Debug, Clone)]
pub struct Like(Vec<Token>);

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Any,
    One,
    Char(char),
}

impl Like {
    /// Reads a pattern; any text is one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        let mut chars = pattern.chars();
        let mut tokens = Vec::new();
        while let Some(char) = chars.next() {
            tokens.push(match char {
                '%' => Token::Any,
                '_' => Token::One,
                '\\' => Token::Char(chars.next().unwrap_or('\\')),
                char => Token::Char(char),
            });
        }
        if tokens.is_empty() {
            tokens.push(Token::Any);
        }
        Self(tokens)
    }

    /// Whether a whole name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut at, mut token) = (0, 0);
        // Where the last `%` stands, and how far it reaches: what follows is tried again one character further on.
        let mut last: Option<(usize, usize)> = None;
        while at < name.len() {
            match self.0.get(token) {
                Some(Token::Any) => {
                    last = Some((token, at));
                    token += 1;
                }
                Some(Token::One) => (at, token) = (at + 1, token + 1),
                Some(Token::Char(char)) if same(*char, name[at]) => (at, token) = (at + 1, token + 1),
                _ => match &mut last {
                    Some((any, reach)) => {
                        *reach += 1;
                        (at, token) = (*reach, *any + 1);
                    }
                    None => return false,
                },
            }
        }
        self.0[token..].iter().all(|token| *token == Token::Any)
    }
}

/// One character is one, also where its lower case is two.
fn same(one: char, other: char) -> bool {
    one == other || one.to_lowercase().eq(other.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::Like;

    #[test]
    fn names_match_as_in_mysql() {
        for (pattern, name, matches) in [
            ("", "anything", true),
            ("%", "", true),
            ("%.json", "a/b.json", true),
            ("%.json", "a.jsonl", false),
            ("media/%", "Media/x", true),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("a_c", "a/c", true),
            (r"a\_c", "abc", false),
            (r"a\_c", "a_c", true),
            (r"100\%", "100%", true),
            (r"100\%", "1000", false),
            (r"a\", r"a\", true),
            (r"a\\", r"a\", true),
            (r"\a", "a", true),
            ("%a%b%", "xxaxxbxx", true),
            ("%ab%ab", "abxabab", true),
            ("%ab%ab", "ab", false),
            ("\u{c4}%", "\u{e4}rger", true),
            ("_", "\u{1f600}", true),
            ("_", "\u{130}", true),
            ("abc", "abcd", false),
            ("abcd", "abc", false),
        ] {
            assert_eq!(Like::new(pattern).matches(name), matches, "{pattern:?} {name:?}");
        }
    }

    #[test]
    fn many_wildcards_take_no_time() {
        let like = Like::new(&"%a".repeat(50));
        assert!(!like.matches(&"a".repeat(5_000).replace('a', "ab")));
    }
}
