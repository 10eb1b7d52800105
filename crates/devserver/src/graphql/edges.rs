//! The connections that look alike: each is named after what it connects.

use super::connection::{PageInfo, Paging};
use async_graphql::{OutputType, Result, SimpleObject, TypeName};
use std::borrow::Cow;

#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct Edge<T: OutputType> {
    node: Option<T>,
    cursor: String,
}

impl<T: OutputType> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct Connection<T: OutputType> {
    page_info: PageInfo,
    edges: Vec<Edge<T>>,
}

impl<T: OutputType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

/// A connection that says how many there are in all.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct Counted<T: OutputType> {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<Edge<T>>,
}

impl<T: OutputType> TypeName for Counted<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

impl<T: OutputType> Connection<T> {
    pub(crate) fn new(paging: Paging, items: Vec<T>) -> Self {
        let (edges, page_info) = edges(paging, items);
        Self { page_info, edges }
    }
}

impl<T: OutputType> Counted<T> {
    pub(crate) fn new(total: impl TryInto<i32>, paging: Paging, items: Vec<T>) -> Result<Self> {
        let (edges, page_info) = edges(paging, items);
        Ok(Self {
            total_count: total.try_into().map_err(|_| "too many to count")?,
            page_info,
            edges,
        })
    }
}

fn edges<T: OutputType>(paging: Paging, items: Vec<T>) -> (Vec<Edge<T>>, PageInfo) {
    let (items, page_info) = paging.page(items);
    let edges = items
        .into_iter()
        .map(|(cursor, node)| Edge {
            node: Some(node),
            cursor,
        })
        .collect();
    (edges, page_info)
}
