//! From the connection of an answer to a page.

use crate::error::ConvertError;
use crate::page::{Cursor, Page};

/// A connection as servers answer with it: `edges { node cursor } pageInfo { endCursor hasNextPage }`, after the
/// conventions of Relay. The rules by which one becomes a [`Page`], for any [`Collection`](crate::Collection).
///
/// ```
/// use wandb_paginator::{Connection, ConvertError, Page};
///
/// # fn example() -> Result<(), ConvertError> {
/// let edges = [(Some("mnist"), Some("a".to_owned())), (None, Some("b".to_owned()))];
/// let page_info = Some((Some("b".to_owned()), Some(true)));
/// let page = Connection::new(edges, page_info).into_page(|name, _cursor| Ok(name.to_owned()))?;
/// assert_eq!(page.items, ["mnist"]);
/// assert!(page.has_next);
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Connection<E> {
    edges: E,
    page_info: Option<(Option<String>, Option<bool>)>,
    total: Option<u64>,
}

impl<E, N> Connection<E>
where
    E: IntoIterator<Item = (Option<N>, Option<String>)>,
{
    /// The node and the cursor of each edge, and `endCursor` and `hasNextPage` of `pageInfo`, as far as they came.
    pub fn new(edges: E, page_info: Option<(Option<String>, Option<bool>)>) -> Self {
        Self {
            edges,
            page_info,
            total: None,
        }
    }

    /// How many items the server counts in the whole listing, as it wrote it.
    #[must_use]
    pub fn with_total(mut self, total: Option<i64>) -> Self {
        self.total = total.and_then(|total| u64::try_from(total).ok());
        self
    }

    /// The page: `item` makes an item of each node and its cursor.
    ///
    /// Null nodes are left out: they are seen on real servers (wandb/wandb#11834). The page ends at its last edge's cursor,
    /// as the SDK has it, and at `endCursor` where that has none.
    ///
    /// # Errors
    /// [`ConvertError::malformed`] where the answer does not say whether more follows: a short listing would pass for a
    /// whole one. And the errors of `item`.
    pub fn into_page<T>(
        self,
        mut item: impl FnMut(N, Option<Cursor>) -> Result<T, ConvertError>,
    ) -> Result<Page<T>, ConvertError> {
        let (end, has_next) = self
            .page_info
            .ok_or_else(|| ConvertError::malformed("the answer has no pageInfo"))?;
        let has_next = has_next.ok_or_else(|| ConvertError::malformed("the answer has no hasNextPage"))?;
        let mut items = Vec::new();
        let mut last = None;
        for (node, cursor) in self.edges {
            last.clone_from(&cursor);
            if let Some(node) = node {
                items.push(item(node, cursor.map(Cursor::from))?);
            }
        }
        Ok(Page {
            items,
            end_cursor: last.or(end).map(Cursor::from),
            has_next,
            total: self.total,
        })
    }
}

impl<T> Page<T> {
    /// What a null in place of a connection of `what` (in the plural) means: an empty page where the server counts none.
    ///
    /// # Errors
    /// [`ConvertError::malformed`] where it counts some, or does not count: seen of servers in trouble
    /// (wandb/wandb#11351), and taken for empty, it would pass for a project without any.
    pub fn of_null(what: &str, total: Option<i64>) -> Result<Self, ConvertError> {
        match total {
            Some(0) => Ok(Self {
                items: Vec::new(),
                end_cursor: None,
                has_next: false,
                total: Some(0),
            }),
            Some(total) => Err(ConvertError::malformed(format!(
                "the server counts {total} {what} and lists none; try again later"
            ))),
            None => Err(ConvertError::malformed(format!(
                "the server does not list the {what}; try again later"
            ))),
        }
    }
}
