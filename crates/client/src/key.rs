//! What a key looks like, and what to say of one that looks odd.

/// The shortest key that W&B gives out.
const SHORTEST: usize = 40;

/// What is odd about `key`: keys are at least 40 of `A-Z a-z 0-9 _ -`. A server for tests may take any, so this is a hint
/// and no error. Shows nothing of the key.
pub(crate) fn oddity(key: &str) -> Option<String> {
    if key.starts_with(['"', '\'']) || key.ends_with(['"', '\'']) {
        return Some("it has quotes round it, which do not belong to a key".to_owned());
    }
    if key.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some("it holds blanks or line ends, which no key has".to_owned());
    }
    if key.contains(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-')) {
        return Some("it holds characters that no key has".to_owned());
    }
    (key.len() < SHORTEST).then(|| {
        format!(
            "it has {} characters, and W&B's keys have at least {SHORTEST}",
            key.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::oddity;

    #[test]
    fn keys_that_look_odd() {
        let long = "0123456789abcdef0123456789abcdef01234567";
        for (key, hint) in [
            (long.to_owned(), None),
            (format!("local-{long}"), None),
            (format!("wandb_v1_{long}{long}"), None),
            (format!("\"{long}\""), Some("quotes")),
            (format!("{long}'"), Some("quotes")),
            (format!("{long} {long}"), Some("blanks")),
            (format!("{long}+"), Some("characters that no key has")),
            (long[..39].to_owned(), Some("39 characters")),
        ] {
            let odd = oddity(&key);
            assert_eq!(odd.is_some(), hint.is_some(), "{key}: {odd:?}");
            assert!(
                odd.is_none_or(|odd| odd.contains(hint.unwrap_or_default()) && !odd.contains(&key)),
                "{key}"
            );
        }
    }
}
