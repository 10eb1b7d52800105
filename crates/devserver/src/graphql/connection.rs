use crate::store::Window;
use async_graphql::{Result, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How many there are on a page when the request does not say.
const DEFAULT_PAGE: i64 = 50;

#[derive(SimpleObject)]
pub(crate) struct PageInfo {
    has_next_page: bool,
    has_previous_page: bool,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
}

/// The page that a request asks for.
///
/// The cursor is an offset, as the runs cursor that was seen in the wild is (`arrayconnection:199`): what is deleted
/// before it shifts the pages after it.
#[derive(Clone, Copy)]
pub(crate) struct Paging {
    skip: i64,
    take: i64,
}

impl Paging {
    pub(crate) fn new(after: Option<&str>, first: Option<i32>, limit: u32) -> Result<Self> {
        let skip = match after.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => read(cursor).ok_or("invalid cursor")? + 1,
            None => 0,
        };
        let take = first.map_or(DEFAULT_PAGE, i64::from).min(i64::from(limit));
        if take < 0 {
            return Err("first must not be negative".into());
        }
        Ok(Self { skip, take })
    }

    /// All that there is, of what is short.
    pub(crate) fn all() -> Self {
        Self {
            skip: 0,
            take: i64::from(u32::MAX),
        }
    }

    /// The window of a list.
    pub(crate) fn cut<T>(self, items: Vec<T>) -> Vec<T> {
        let bound = |number: i64| usize::try_from(number).unwrap_or_default();
        let window = self.window();
        items
            .into_iter()
            .skip(bound(window.skip))
            .take(bound(window.take))
            .collect()
    }

    /// One more than the page, which tells whether another follows.
    pub(crate) fn window(self) -> Window {
        Window {
            skip: self.skip,
            take: self.take + 1,
        }
    }

    /// Splits what the window gave into the page's items with their cursors, and the page's description.
    pub(crate) fn page<T>(self, mut items: Vec<T>) -> (Vec<(String, T)>, PageInfo) {
        let take = usize::try_from(self.take).unwrap_or_default();
        let has_next_page = items.len() > take;
        items.truncate(take);
        let items: Vec<(String, T)> = (self.skip..)
            .zip(items)
            .map(|(place, item)| (write(place), item))
            .collect();
        let info = PageInfo {
            has_next_page,
            has_previous_page: self.skip > 0,
            start_cursor: items.first().map(|(cursor, _)| cursor.clone()),
            end_cursor: items.last().map(|(cursor, _)| cursor.clone()),
        };
        (items, info)
    }
}

fn write(place: i64) -> String {
    STANDARD.encode(format!("arrayconnection:{place}"))
}

fn read(cursor: &str) -> Option<i64> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("arrayconnection:")?
        .parse()
        .ok()
        .filter(|place| (0..i64::MAX).contains(place))
}
