//! Addresses and texts as they may be printed.

use std::borrow::Cow;
use std::fmt;

use url::Url;

/// A URL for messages and logs: the query, which holds the signature of a signed URL, and a password are masked.
///
/// ```
/// let url = url::Url::parse("https://user:pw@bucket.example/a.txt?X-Amz-Signature=1234")?;
/// assert_eq!(wandb_http::Redacted(&url).to_string(), "https://bucket.example/a.txt?***");
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Redacted<'a>(pub &'a Url);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        // Both fail only for addresses that can hold neither.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_fragment(None);
        let had_query = shown.query().is_some();
        shown.set_query(None);
        f.write_str(shown.as_str())?;
        if had_query { f.write_str("?***") } else { Ok(()) }
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Masks the query of every `http://` or `https://` address in `text`: for bodies of other servers that are shown in
/// part, and for values that may be an address or may not.
#[must_use]
pub fn redact_text(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        shown.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'))
            .unwrap_or(after.len());
        let (address, tail) = after.split_at(end);
        let without_user = address.split_once('/').map_or(address, |(host, _)| host);
        let address = match without_user.rfind('@') {
            Some(at) => &address[at + 1..],
            None => address,
        };
        match address.split_once('?') {
            Some((path, _)) => {
                shown.push_str(path);
                shown.push_str("?***");
            }
            None => shown.push_str(address),
        }
        rest = tail;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_inside_a_text_are_masked() {
        let text = "<a href=\"https://u:p@s.example/k?sig=abc\">x</a> and http://t/?t=1 end";
        assert_eq!(
            redact_text(text),
            "<a href=\"https://s.example/k?***\">x</a> and http://t/?*** end"
        );
        assert_eq!(redact_text("plain"), "plain");
    }
}
