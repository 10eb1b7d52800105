//! How the edges of an answer become a page.

use wandb_paginator::{Connection, ConvertError, ConvertErrorKind, Page};

type Edge = (Option<&'static str>, Option<String>);

fn edge(node: Option<&'static str>, cursor: &str) -> Edge {
    (node, Some(cursor.to_owned()))
}

fn page(
    edges: &[Edge],
    end: Option<&str>,
    has_next: Option<bool>,
) -> Result<Page<(&'static str, String)>, ConvertError> {
    let page_info = Some((end.map(ToOwned::to_owned), has_next));
    Connection::new(edges.iter().cloned(), page_info)
        .with_total(Some(7))
        .into_page(|node, cursor| Ok((node, cursor.map(|cursor| cursor.to_string()).unwrap_or_default())))
}

#[test]
fn null_nodes_are_left_out_and_the_last_edges_cursor_counts() {
    let edges = [edge(Some("a"), "1"), edge(None, "2")];
    let page = page(&edges, Some("elsewhere"), Some(true)).unwrap();
    assert_eq!(page.items, [("a", "1".to_owned())]);
    assert_eq!(page.end_cursor.unwrap().as_str(), "2");
    assert_eq!((page.has_next, page.total), (true, Some(7)));
}

#[test]
fn the_end_cursor_is_taken_where_the_last_edge_has_none() {
    let none = page(&[], Some("end"), Some(true)).unwrap();
    assert_eq!(none.end_cursor.unwrap().as_str(), "end");
    let bare = page(&[(Some("a"), None)], Some("end"), Some(true)).unwrap();
    assert_eq!(bare.end_cursor.unwrap().as_str(), "end");
    assert_eq!(bare.items, [("a", String::new())]);
}

#[test]
fn an_answer_that_does_not_say_whether_more_follows_is_malformed() {
    let without = Connection::new([edge(Some("a"), "1")], None).into_page(|node, _| Ok(node));
    for error in [
        page(&[], None, None).unwrap_err(),
        without.map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ConvertErrorKind::Malformed);
    }
}

#[test]
fn an_item_that_cannot_be_made_is_the_pages_error() {
    let page = Connection::new([edge(Some("a"), "1")], Some((None, Some(false))))
        .into_page(|node, _| Err::<(), _>(ConvertError::malformed(format!("{node} has no name"))));
    assert_eq!(page.unwrap_err().to_string(), "a has no name");
}

#[test]
fn null_is_an_empty_page_only_where_nothing_is_counted() {
    let empty = Page::<()>::of_null("runs", Some(0)).unwrap();
    assert!(empty.items.is_empty() && !empty.has_next);
    for (total, said) in [
        (
            Some(3),
            "the server counts 3 runs and lists none; try again later",
        ),
        (None, "the server does not list the runs; try again later"),
    ] {
        assert_eq!(Page::<()>::of_null("runs", total).unwrap_err().to_string(), said);
    }
}
