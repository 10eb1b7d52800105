//! Cursors that turn out to be offsets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::page::Cursor;

/// A cursor `TEXT:NUMBER`, plain or in base64 (`arrayconnection:199`, as Relay's servers write it), whose number grows by
/// one with each item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offset {
    text: String,
    number: u64,
    encoded: bool,
}

impl Offset {
    /// Reads a cursor; `None` where it has no such form.
    pub(crate) fn of(cursor: &Cursor) -> Option<Self> {
        let decoded = STANDARD.decode(cursor.as_str()).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        decoded
            .and_then(|text| Self::parse(&text, true))
            .or_else(|| Self::parse(cursor.as_str(), false))
            // A form that would not be written again as it was read is not understood.
            .filter(|offset| offset.plus(0) == *cursor)
    }

    fn parse(whole: &str, encoded: bool) -> Option<Self> {
        let (text, number) = whole.rsplit_once(':')?;
        Some(Self {
            text: text.to_owned(),
            number: number.parse().ok()?,
            encoded,
        })
    }

    /// The cursor of the item that stands `items` behind.
    pub(crate) fn plus(&self, items: u64) -> Cursor {
        let whole = format!("{}:{}", self.text, self.number.saturating_add(items));
        Cursor::from(if self.encoded {
            STANDARD.encode(whole)
        } else {
            whole
        })
    }

    /// The cursor of the item that stands `items` before; `None` where there cannot be one.
    pub(crate) fn minus(&self, items: u64) -> Option<Cursor> {
        let number = self.number.checked_sub(items)?;
        Some(
            Self {
                number,
                ..self.clone()
            }
            .plus(0),
        )
    }

    /// How many items stand before the place behind it, if the first one has the number 0.
    pub(crate) fn items(&self) -> u64 {
        self.number.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_on_in_the_form_that_they_came_in() {
        let relay = Cursor::from(STANDARD.encode("arrayconnection:199"));
        let offset = Offset::of(&relay).unwrap();
        assert_eq!((offset.plus(0), offset.items()), (relay, 200));
        assert_eq!(
            offset.plus(500),
            STANDARD.encode("arrayconnection:699").as_str().into()
        );
        assert_eq!(Offset::of(&"page:7".into()).unwrap().plus(3), "page:10".into());
    }

    #[test]
    fn other_cursors_are_not_taken_for_offsets() {
        for text in [
            "",
            "abc",
            "12",
            "cursor:",
            "cursor:x",
            "cursor:-1",
            "cursor:007",
            "MTI=",
        ] {
            assert_eq!(Offset::of(&text.into()), None, "{text}");
        }
    }
}
