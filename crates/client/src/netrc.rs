//! Keys from a netrc file.

use std::collections::HashMap;
use std::fmt;

/// The passwords of a netrc file by machine, read as Python's `netrc` module reads them: `login`/`user`, `account` and
/// `password` in any order and over any lines, quoted tokens, `\` before a character that is meant, `macdef` up to an empty
/// line, a later entry of a machine over an earlier one, `default` for the rest. One difference: a comment reaches to the
/// end of its line wherever it stands, which Python gets right only in some places.
#[derive(Default)]
pub(crate) struct Netrc {
    passwords: HashMap<String, String>,
}

/// A netrc file that cannot be read. Shows no token: it may be a part of a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NetrcError {
    line: usize,
    problem: &'static str,
}

impl fmt::Display for NetrcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl Netrc {
    pub(crate) fn parse(text: &str) -> Result<Self, NetrcError> {
        let text = text.replace("\r\n", "\n");
        let mut lexer = Lexer { rest: &text, line: 1 };
        let mut netrc = Self::default();
        let mut keyword = lexer.token();
        while !keyword.is_empty() {
            let machine = match keyword.as_str() {
                "machine" => lexer.token(),
                "default" => keyword,
                "macdef" => {
                    lexer.macro_body()?;
                    keyword = lexer.token();
                    continue;
                }
                _ => return Err(lexer.problem("neither machine, default nor macdef")),
            };
            if machine.is_empty() {
                return Err(lexer.problem("no name follows machine"));
            }
            let mut password = String::new();
            keyword = loop {
                let token = lexer.token();
                match token.as_str() {
                    "" | "machine" | "default" | "macdef" => break token,
                    "password" => password = lexer.value(),
                    "login" | "user" | "account" => _ = lexer.value(),
                    _ => return Err(lexer.problem("neither login, account nor password")),
                }
            };
            netrc.passwords.insert(machine, password);
        }
        Ok(netrc)
    }

    /// The entry that stands for the first of `hosts` that has one, else `default`: its name and its password.
    pub(crate) fn find<'a>(&'a self, hosts: &'a [String]) -> Option<(&'a str, &'a str)> {
        hosts
            .iter()
            .map(String::as_str)
            .chain(["default"])
            .find_map(|host| Some((host, self.passwords.get(host)?.as_str())))
    }
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl Lexer<'_> {
    fn problem(&self, problem: &'static str) -> NetrcError {
        NetrcError {
            line: self.line,
            problem,
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn skip_line(&mut self) {
        while !self.rest.is_empty() && !self.rest.starts_with('\n') {
            self.next();
        }
    }

    /// The next token that is no comment; empty at the end, and for `""`.
    fn token(&mut self) -> String {
        loop {
            self.skip_blanks();
            if !self.rest.starts_with('#') {
                return self.value();
            }
            self.skip_line();
        }
    }

    /// The next token, which may begin with `#`.
    fn value(&mut self) -> String {
        self.skip_blanks();
        let quoted = self.rest.starts_with('"');
        if quoted {
            self.next();
        }
        let mut token = String::new();
        while !(self.rest.is_empty() || !quoted && self.rest.starts_with(BLANKS)) {
            match self.next() {
                Some('"') if quoted => break,
                Some('\\') => token.extend(self.next()),
                other => token.extend(other),
            }
        }
        token
    }

    fn skip_blanks(&mut self) {
        while self.rest.starts_with(BLANKS) {
            self.next();
        }
    }

    fn macro_body(&mut self) -> Result<(), NetrcError> {
        self.skip_line();
        match self.rest.find("\n\n") {
            Some(end) => {
                self.line += self.rest[..end].matches('\n').count();
                self.rest = &self.rest[end..];
                Ok(())
            }
            None => Err(self.problem("no empty line ends the macro")),
        }
    }
}

const BLANKS: [char; 4] = ['\n', '\t', '\r', ' '];

#[cfg(test)]
mod tests {
    use super::*;

    /// Each outcome is what Python 3.11 gave for the same text and the host `h`; `None` where it found nothing or refused.
    #[test]
    fn as_python_reads_it() {
        for (text, password) in [
            ("machine h login user password k", Some("k")),
            ("machine h\n  login user\n  password k\n", Some("k")),
            ("machine h\r\n\tpassword k\r\n", Some("k")),
            ("machine h password k", Some("k")),
            ("machine h user u account a password k", Some("k")),
            ("machine h login password password k", Some("k")),
            ("machine h login \"user name\" password \"k\\\"x\"", Some("k\"x")),
            ("machine h login u password k\\ x", Some("k x")),
            ("machine \"h\" password k", Some("k")),
            ("machine h password k\"l\"m", Some("k\"l\"m")),
            ("machine h password 'k'", Some("'k'")),
            ("machine h password #k", Some("#k")),
            ("default login u password d", Some("d")),
            (
                "machine x password a\ndefault password d\nmachine h password k",
                Some("k"),
            ),
            ("machine x password a\ndefault password d", Some("d")),
            ("machine h password a machine h password b", Some("b")),
            ("machine H password k", None),
            ("machine h password \"\"", Some("")),
            ("machine h password", Some("")),
            ("machine h", Some("")),
            ("# c\nmachine h password k", Some("k")),
            ("#c\nmachine h password k", Some("k")),
            ("machine h # c d\n password k", Some("k")),
            ("machine h password k # c d\nmachine x password y", Some("k")),
            ("macdef m\na b\nc\n\nmachine h password k", Some("k")),
            (
                "machine h login u\npassword k\nmacdef m\nx\n\nmachine y password z",
                Some("k"),
            ),
            ("machine h password k\n\"\"\nmachine x password y", Some("k")),
            ("", None),
        ] {
            let netrc = Netrc::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            let hosts = ["h".to_owned()];
            assert_eq!(
                netrc.find(&hosts).map(|(_, password)| password),
                password,
                "{text:?}"
            );
        }
        for (text, line) in [
            ("foo", 1),
            ("machine", 1),
            ("machine h port 80 password k", 1),
            ("machine h password \"k\"l", 1),
            ("\n\nmacdef m\na b\nmachine h password k", 3),
            ("# c\nmachine h password k\n\nport 80", 4),
        ] {
            let error = Netrc::parse(text).err().unwrap_or_else(|| panic!("{text:?}"));
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
    }

    #[test]
    fn a_comment_reaches_to_the_end_of_its_line_anywhere() {
        for text in [
            "#my keys\nmachine h password k",
            "machine x password y\n\n# old keys\nmachine h password k",
            "#c d\n\n  # e f\nmachine h password k",
        ] {
            let netrc = Netrc::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(netrc.find(&["h".to_owned()]), Some(("h", "k")), "{text:?}");
        }
    }

    #[test]
    fn the_first_host_that_has_an_entry_counts() {
        let netrc = Netrc::parse("machine h password a machine h:8080 password b default password d");
        let netrc = netrc.unwrap_or_else(|error| panic!("{error}"));
        let find = |hosts: &[&str]| {
            let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            netrc.find(&hosts).map(|(_, password)| password.to_owned())
        };
        assert_eq!(find(&["h:8080", "h"]).as_deref(), Some("b"));
        assert_eq!(find(&["h:80", "h"]).as_deref(), Some("a"));
        assert_eq!(find(&["x"]).as_deref(), Some("d"));
    }
}
