//! Under which key a file of a run is kept.

use percent_encoding::percent_decode_str;

/// How long a piece of a segment may get: file systems hold 255 bytes, of which a file under way takes some.
const LONGEST: usize = 240;
/// Stands for a segment without a character.
const EMPTY: &str = "%-";
/// Ends a piece of a segment that the next one goes on with.
const GOES_ON: &str = "%+";

/// The key of a run's file: `ENTITY/PROJECT/RUN/NAME`, where almost every name stands as it is.
///
/// What some store or file system cannot hold is written in another way, by rules that look at nothing but the name, so
/// that no two files share a key and [`from_key`] finds the name again:
///
/// - control characters, `\ % : * ? " < > | #`, U+FFFE and U+FFFF as `%XX`, byte by byte; so is a `/` of what is no name;
/// - a space at either end of a segment, and a dot at its end (so `.` is `%2E`, and `..` is `.%2E`);
/// - the first character of what Windows takes for a device: `aux.json` is `%61ux.json`;
/// - the dot at the very beginning of a key, so that hidden files there are never those of a run;
/// - a segment without a character is `%-`: `a//b` ends in `a/%-/b`;
/// - a segment of more than 240 bytes is cut into several, all of which but the last end in `%+`.
///
/// Case is kept: two names that differ in nothing else are one file on a disk that does not tell them apart. A folder
/// cannot hold both `a` and `a/b`; a bucket can.
///
/// ```
/// use wandb_mirror::{from_key, key};
/// let name = "media/images/loss: 50%.png";
/// let key = key("team", "vision", "1x2y3z", name);
/// assert_eq!(key, "team/vision/1x2y3z/media/images/loss%3A 50%25.png");
/// assert_eq!(from_key(&key), Some(["team", "vision", "1x2y3z", name].map(String::from)));
/// ```
#[must_use]
pub fn key(entity: &str, project: &str, run: &str, name: &str) -> String {
    let mut key = String::with_capacity(entity.len() + project.len() + run.len() + name.len() + 8);
    for segment in [entity, project, run].into_iter().chain(name.split('/')) {
        if !key.is_empty() {
            key.push('/');
        }
        push_segment(&mut key, segment);
    }
    key
}

/// Entity, project, run and name of a key that [`key`] made; `None` for any other.
#[must_use]
pub fn from_key(text: &str) -> Option<[String; 4]> {
    let mut segments = Vec::new();
    let mut begun: Option<String> = None;
    for part in text.split('/') {
        let (piece, goes_on) = match part.strip_suffix(GOES_ON) {
            Some(piece) => (piece, true),
            None => (part, false),
        };
        let mut segment = begun.take().unwrap_or_default();
        if part != EMPTY {
            segment.push_str(&percent_decode_str(piece).decode_utf8().ok()?);
        }
        if goes_on {
            begun = Some(segment);
        } else {
            segments.push(segment);
        }
    }
    if begun.is_some() || segments.len() < 4 {
        return None;
    }
    let name = segments.split_off(3).join("/");
    let [entity, project, run] = <[String; 3]>::try_from(segments).ok()?;
    // Texts that say the same in another way are no keys: each file has one.
    (key(&entity, &project, &run, &name) == text).then_some([entity, project, run, name])
}

fn push_segment(key: &mut String, segment: &str) {
    if segment.is_empty() {
        return key.push_str(EMPTY);
    }
    let mut rest = segment;
    loop {
        let (piece, after) = rest.split_at(cut(rest));
        push_piece(key, piece);
        if after.is_empty() {
            return;
        }
        key.push_str(GOES_ON);
        key.push('/');
        rest = after;
    }
}

/// Where the first piece of a segment ends.
fn cut(segment: &str) -> usize {
    let mut length = 0;
    for (at, char) in segment.char_indices() {
        length += char.len_utf8() * if is_unsafe(char) { 3 } else { 1 };
        if length > LONGEST {
            return at;
        }
    }
    segment.len()
}

fn push_piece(key: &mut String, piece: &str) {
    let at_front = key.is_empty();
    let device = is_device(piece);
    for (at, char) in piece.char_indices() {
        let first = at == 0;
        let last = at + char.len_utf8() == piece.len();
        let escaped = is_unsafe(char)
            || (char == ' ' && (first || last))
            || (char == '.' && (last || (first && at_front)))
            || (first && device);
        if escaped {
            push_escaped(key, char);
        } else {
            key.push(char);
        }
    }
}

fn push_escaped(key: &mut String, char: char) {
    for byte in char.encode_utf8(&mut [0; 4]).bytes() {
        key.push_str(percent_encoding::percent_encode_byte(byte));
    }
}

/// What no piece may hold anywhere. `#` is how a file under way is named in a folder; the last two are no XML, in which
/// stores list their objects.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '/' | '\\' | '%' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '#' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Whether Windows takes a name for a device, whatever its extension.
fn is_device(piece: &str) -> bool {
    let stem = piece.split('.').next().unwrap_or_default().trim_end();
    if ["con", "prn", "aux", "nul"]
        .iter()
        .any(|name| stem.eq_ignore_ascii_case(name))
    {
        return true;
    }
    let Some((port, number)) = stem.split_at_checked(3) else {
        return false;
    };
    let numbered =
        matches!(number, "¹" | "²" | "³") || (number.len() == 1 && number.as_bytes()[0].is_ascii_digit());
    numbered && ["com", "lpt"].iter().any(|name| port.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::path::Path;
    use proptest::prelude::*;

    fn of(name: &str) -> String {
        key("e", "p", "r", name).split_off("e/p/r/".len())
    }

    #[test]
    fn ordinary_names_stand_as_they_are() {
        for name in [
            "config.yaml",
            "media/images/loss_10_ab12.png",
            ".hydra/config.yaml",
            "a b+c&d=e@f,g;h!i$j'k(l)[m]{n}^o`p~q",
            "größe/模型.bin",
            "auxiliary/com/lpt10/console.log",
        ] {
            assert_eq!(of(name), name);
        }
    }

    #[test]
    fn what_is_written_in_another_way() {
        for (name, expected) in [
            ("a%20b", "a%2520b"),
            ("a\\b:c*d?e\"f<g>h|i#1", "a%5Cb%3Ac%2Ad%3Fe%22f%3Cg%3Eh%7Ci%231"),
            ("\0\t\n\u{7f}\u{85}", "%00%09%0A%7F%C2%85"),
            (".", "%2E"),
            ("..", ".%2E"),
            ("../x", ".%2E/x"),
            ("a./ b /c", "a%2E/%20b%20/c"),
            ("", "%-"),
            ("/a//b/", "%-/a/%-/b/%-"),
            ("%-", "%25-"),
            (
                "AUX/nul.txt/Com1/lpt²/con .x",
                "%41UX/%6Eul.txt/%43om1/%6Cpt²/%63on .x",
            ),
        ] {
            assert_eq!(of(name), expected);
        }
        assert_eq!(key(".e", "p/q", "", "n"), "%2Ee/p%2Fq/%-/n");
    }

    #[test]
    fn long_segments_are_cut() {
        let name = format!("{}/x", "é".repeat(300));
        let expected = format!("{0}%+/{0}%+/{1}/x", "é".repeat(120), "é".repeat(60));
        assert_eq!(of(&name), expected);
        assert_eq!(of(&"a".repeat(240)), "a".repeat(240));
    }

    #[test]
    fn what_is_no_key() {
        for text in [
            "",
            "e",
            "e/p/r",
            "e/p/r/",
            "e/p/r//a",
            "e/p/r/a%+",
            "e/p/r/%2e",
            "e/p/r/%61",
            "e/p/r/a%",
            "/e/p/r/a",
            ".e/p/r/a",
            "e/p/r/%FF",
            "e/p/r/a%+/b",
            "e/p/r/%-%+/b",
            "e/p/r/a b ",
            "e/p/r/.",
        ] {
            assert_eq!(from_key(text), None, "{text}");
        }
    }

    /// Names of the characters and lengths that the rules are about.
    fn part() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => proptest::string::string_regex("[a-c./ %+#:~\\-\u{0}\\\\é模AUXnulcom1²\\n]{0,12}").expect("pattern"),
            1 => any::<String>(),
            1 => proptest::string::string_regex("[ .%é模a/+-]{200,900}").expect("pattern"),
        ]
    }

    proptest! {
        #[test]
        fn every_name_comes_back(entity in part(), project in part(), run in part(), name in part()) {
            let key = key(&entity, &project, &run, &name);
            prop_assert_eq!(from_key(&key), Some([entity, project, run, name]));
        }

        /// With `every_name_comes_back` this says that no two files share a key.
        #[test]
        fn stores_and_folders_hold_every_key(entity in part(), project in part(), run in part(), name in part()) {
            let key = key(&entity, &project, &run, &name);
            let path = Path::parse(&key).expect("a path");
            prop_assert_eq!(path.as_ref(), &key);
            prop_assert!(!key.starts_with('.'));
            for segment in key.split('/') {
                prop_assert!(!segment.is_empty() && segment.len() <= 250, "{}", segment);
                prop_assert!(!segment.ends_with(['.', ' ']) && !segment.starts_with(' '), "{}", segment);
                prop_assert!(!segment.contains(|c: char| c.is_control() || "\\:*?\"<>|#".contains(c)), "{}", segment);
                prop_assert!(!is_device(segment), "{}", segment);
            }
        }

        #[test]
        fn only_keys_are_read(text in part()) {
            if let Some([entity, project, run, name]) = from_key(&text) {
                prop_assert_eq!(key(&entity, &project, &run, &name), text);
            }
        }
    }
}
