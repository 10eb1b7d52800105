//! A server in memory, whose one listing is a shelf of books; it remembers what it was asked, and fails when told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wandb_paginator::{
    Collection, ConvertError, GraphQLQuery, Page, PageRequest, Paginator, QueryBody, ResponseData, Variables,
};
use wandb_transport::{Operation, Reply, Transport, TransportError, TransportErrorKind};

/// How one request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// As it should be.
    Page,
    /// As it should be, after the caller had to wait.
    Late,
    /// An empty page that says that more follows.
    Empty,
    /// The network fails.
    Broken,
    /// Never.
    Stuck,
    /// This status and body.
    Reply(u16, String),
}

impl Answer {
    /// A page with these books, this cursor and this `hasNextPage`.
    pub(crate) fn page(books: &[&str], end_cursor: Option<&str>, has_next: bool) -> Self {
        Self::Reply(200, body(books, end_cursor, has_next, None))
    }
}

/// What a request asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) after: Option<String>,
    pub(crate) first: u32,
}

#[derive(Default)]
pub(crate) struct Shelf {
    books: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Asked>>,
    counts: bool,
    /// Its cursors are offsets, as Relay's servers write them; else each one is new.
    relay: bool,
    /// The longest page that it sends; 0: any.
    cap: usize,
    /// The longest page that it can make at all; 0: any.
    strength: usize,
}

pub(crate) fn books(number: usize) -> Vec<String> {
    (0..number).map(|book| format!("book {book}")).collect()
}

impl Shelf {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            books: Mutex::new(books(number)),
            ..Self::default()
        }
    }

    pub(crate) fn cap(mut self, cap: usize) -> Self {
        self.cap = cap;
        self
    }

    pub(crate) fn strength(mut self, strength: usize) -> Self {
        self.strength = strength;
        self
    }

    /// It says how many books there are.
    pub(crate) fn counting(mut self) -> Self {
        self.counts = true;
        self
    }

    /// Its cursors are offsets.
    pub(crate) fn relay(mut self) -> Self {
        self.relay = true;
        self
    }

    /// Answers the next requests so, and those after as they should be.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// Puts a book in.
    pub(crate) fn insert(&self, place: usize, book: &str) {
        self.books.lock().unwrap().insert(place, book.to_owned());
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The books as a paginator; each is known by its title.
    pub(crate) fn list(self: &Arc<Self>) -> Paginator<String> {
        self.list_as(Books { identified: true })
    }

    pub(crate) fn list_as<C>(self: &Arc<Self>, collection: C) -> Paginator<C::Item>
    where
        C: Collection<Query = BooksQuery>,
    {
        let transport: Arc<Self> = Arc::clone(self);
        Paginator::new(transport, collection, variables())
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let first = asked.first as usize;
        if self.strength > 0 && first > self.strength {
            return Reply::new(500, r#"{"errors":[{"message":"context deadline exceeded"}]}"#);
        }
        let books = self.books.lock().unwrap();
        let size = if self.cap > 0 { first.min(self.cap) } else { first };
        let start = offset(asked);
        let end = books.len().min(start + size);
        let page: Vec<&str> = books[start.min(end)..end].iter().map(String::as_str).collect();
        let cursor = (!page.is_empty()).then(|| self.cursor(end));
        let count = self.counts.then_some(books.len());
        Reply::new(200, body(&page, cursor.as_deref(), end < books.len(), count))
    }

    fn count(&self) -> Option<usize> {
        self.counts.then(|| self.books.lock().unwrap().len())
    }

    /// A cursor that was not given before: offset and number of requests.
    fn cursor(&self, offset: usize) -> String {
        match self.relay {
            true => STANDARD.encode(format!("{RELAY}{}", offset - 1)),
            false => format!("{offset}.{}", self.requests()),
        }
    }
}

/// The books by way of another transport.
pub(crate) fn list_through(transport: impl Transport + 'static) -> Paginator<String> {
    Paginator::new(Arc::new(transport), Books { identified: true }, variables())
}

fn variables() -> BooksVariables {
    BooksVariables {
        shelf: "science".to_owned(),
        after: None,
        first: None,
    }
}

const RELAY: &str = "arrayconnection:";

fn offset(asked: &Asked) -> usize {
    asked.after.as_deref().map_or(0, place)
}

/// How many books stand before the page that begins after this cursor.
pub(crate) fn place(cursor: &str) -> usize {
    let decoded = STANDARD.decode(cursor).ok();
    let relay = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    match relay.as_deref().and_then(|text| text.strip_prefix(RELAY)) {
        Some(number) => number.parse::<usize>().unwrap() + 1,
        None => cursor.split('.').next().unwrap().parse().unwrap_or(0),
    }
}

fn body(books: &[&str], end_cursor: Option<&str>, has_next: bool, count: Option<usize>) -> String {
    let books = json!({"books": books, "endCursor": end_cursor, "hasNextPage": has_next, "count": count});
    json!({"data": {"shelf": books}}).to_string()
}

#[async_trait]
impl Transport for Shelf {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        let request: Value = serde_json::from_slice(operation.body()).unwrap();
        let asked = Asked {
            after: request["variables"]["after"].as_str().map(str::to_owned),
            first: u32::try_from(request["variables"]["first"].as_u64().unwrap()).unwrap(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        match answer.unwrap_or(Answer::Page) {
            Answer::Page => Ok(self.answer(&asked)),
            Answer::Late => {
                tokio::task::yield_now().await;
                Ok(self.answer(&asked))
            }
            Answer::Empty => Ok(Reply::new(
                200,
                body(&[], Some(&self.cursor(offset(&asked))), true, self.count()),
            )),
            Answer::Broken => Err(TransportError::new(
                TransportErrorKind::Network { before_sending: true },
                operation.name(),
                "cannot connect to shelf.example",
            )),
            Answer::Stuck => std::future::pending().await,
            Answer::Reply(status, body) => Ok(Reply {
                from: "https://shelf.example/graphql".to_owned(),
                ..Reply::new(status, body)
            }),
        }
    }
}

pub(crate) struct BooksQuery;

#[derive(Clone, Serialize)]
pub(crate) struct BooksVariables {
    shelf: String,
    after: Option<String>,
    first: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct Answered {
    shelf: Option<AnsweredShelf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredShelf {
    books: Option<Vec<String>>,
    end_cursor: Option<String>,
    has_next_page: bool,
    count: Option<u64>,
}

impl GraphQLQuery for BooksQuery {
    type Variables = BooksVariables;
    type ResponseData = Answered;

    fn build_query(variables: BooksVariables) -> QueryBody<BooksVariables> {
        QueryBody {
            variables,
            query: "query Books { shelf }",
            operation_name: "Books",
        }
    }
}

pub(crate) struct Books {
    pub(crate) identified: bool,
}

impl Collection for Books {
    type Query = BooksQuery;
    type Item = String;

    fn update_variables(&self, variables: &mut Variables<Self>, page: PageRequest<'_>) {
        variables.after = page.cursor.map(ToString::to_string);
        variables.first = Some(page.size);
    }

    fn convert_objects(&self, response: ResponseData<Self>) -> Result<Page<String>, ConvertError> {
        let shelf = response
            .shelf
            .ok_or_else(|| ConvertError::not_found("no shelf science, or no permission"))?;
        let books = shelf
            .books
            .ok_or_else(|| ConvertError::malformed("the shelf has no books"))?;
        Ok(Page {
            items: books,
            end_cursor: shelf.end_cursor.map(Into::into),
            has_next: shelf.has_next_page,
            total: shelf.count,
        })
    }

    fn identity<'a>(&self, item: &'a String) -> Option<&'a str> {
        self.identified.then_some(item)
    }
}
