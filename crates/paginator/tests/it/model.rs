//! Any order of calls, over any pages and faults, gives what a plain `Vec` would give.

use std::sync::Arc;
use std::task::Poll;

use proptest::collection::vec;
use proptest::prelude::*;
use wandb_paginator::{Paginator, PaginatorError};

use crate::faults::poll_once;
use crate::shelf::{Answer, Shelf, books, place};

#[derive(Debug, Clone)]
enum Call {
    Next,
    Get(usize),
    Slice(usize, usize),
    From(usize),
    Len,
    Rewind,
}

#[derive(Debug, PartialEq)]
enum Got {
    Book(Option<String>),
    Books(Vec<String>),
    Len(Option<u64>),
    Nothing,
}

#[derive(Debug, Clone)]
enum End {
    Stream,
    Pages,
    Resume,
}

#[derive(Debug, Clone)]
struct Case {
    books: usize,
    per_page: u32,
    cap: usize,
    strength: usize,
    counting: bool,
    ahead: usize,
    /// Whether cursors are offsets, and how many pages are then asked for at once.
    relay: bool,
    at_once: usize,
    answers: Vec<Answer>,
    /// With whether the future is dropped after its first poll.
    calls: Vec<(Call, bool)>,
    end: End,
}

fn case() -> impl Strategy<Value = Case> {
    let call = prop_oneof![
        6 => Just(Call::Next),
        2 => (0..50_usize).prop_map(Call::Get),
        2 => (0..50_usize, 0..50_usize).prop_map(|(a, b)| Call::Slice(a, b)),
        1 => (0..50_usize).prop_map(Call::From),
        1 => Just(Call::Len),
        1 => Just(Call::Rewind),
    ];
    let answer = prop_oneof![
        3 => Just(Answer::Page),
        2 => Just(Answer::Late),
        2 => Just(Answer::Empty),
        1 => Just(Answer::Broken),
        1 => Just(Answer::Reply(502, "<html>".to_owned())),
        1 => Just(Answer::Reply(200, r#"{"data":{"shelf":null}}"#.to_owned())),
    ];
    let end = prop_oneof![Just(End::Stream), Just(End::Pages), Just(End::Resume)];
    (
        (0..45_usize, 0..12_u32, 0..12_usize, 0..8_usize),
        (any::<bool>(), 0..4_usize, any::<bool>(), 1..5_usize),
        vec(answer, 0..25),
        vec((call, prop::bool::weighted(0.2)), 0..40),
        end,
    )
        .prop_map(
            |((books, per_page, cap, strength), (counting, ahead, relay, at_once), answers, calls, end)| {
                Case {
                    books,
                    per_page,
                    cap,
                    strength,
                    counting,
                    ahead,
                    relay,
                    at_once,
                    answers,
                    calls,
                    end,
                }
            },
        )
}

async fn make(listing: &mut Paginator<String>, call: &Call) -> Result<Got, PaginatorError> {
    Ok(match *call {
        Call::Next => Got::Book(listing.next().await?.cloned()),
        Call::Get(index) => Got::Book(listing.get(index).await?.cloned()),
        Call::Slice(start, end) => Got::Books(listing.slice(start..end).await?.to_vec()),
        Call::From(start) => Got::Books(listing.slice(start..).await?.to_vec()),
        Call::Len => Got::Len(listing.len().await?),
        Call::Rewind => {
            listing.rewind();
            Got::Nothing
        }
    })
}

/// What a plain list gives, and how much of it the paginator should have loaded.
struct Model {
    all: Vec<String>,
    counting: bool,
    page: usize,
    position: usize,
    loaded: usize,
}

impl Model {
    fn new(case: &Case) -> Self {
        let mut page = case.per_page.max(1) as usize;
        while case.strength > 0 && page > case.strength {
            page /= 2;
        }
        if case.cap > 0 {
            page = page.min(case.cap);
        }
        Self {
            all: books(case.books),
            counting: case.counting,
            page,
            position: 0,
            loaded: 0,
        }
    }

    /// How many items are loaded once so many are needed: whole pages.
    fn loads(&self, needed: usize) -> usize {
        let pages = needed.div_ceil(self.page).saturating_mul(self.page);
        pages.min(self.all.len()).max(self.loaded)
    }

    fn needs(&self, call: &Call) -> usize {
        match *call {
            Call::Next => self.position + 1,
            Call::Get(index) => index + 1,
            Call::Slice(start, end) if start < end => end,
            Call::From(_) => usize::MAX,
            Call::Len => 1,
            Call::Slice(..) | Call::Rewind => 0,
        }
    }

    /// After a call that failed or was dropped.
    fn interrupted(&mut self, call: &Call, listing: &Paginator<String>) {
        let loaded = listing.loaded().len();
        assert!((self.loaded..=self.loads(self.needs(call))).contains(&loaded));
        self.loaded = loaded;
        self.check(listing);
    }

    fn made(&mut self, call: &Call, got: &Got, listing: &Paginator<String>) {
        let loaded = self.loads(self.needs(call));
        match *call {
            // The first page may be an empty one.
            Call::Len => self.interrupted(call, listing),
            _ => assert_eq!(listing.loaded().len(), loaded, "no page too many, none too few"),
        }
        self.loaded = listing.loaded().len();
        let expected = match *call {
            Call::Next => {
                let book = self.all.get(self.position).cloned();
                self.position += usize::from(book.is_some());
                Got::Book(book)
            }
            Call::Get(index) => Got::Book(self.all.get(index).cloned()),
            Call::Slice(start, end) => Got::Books(self.slice(start, end)),
            Call::From(start) => Got::Books(self.slice(start, usize::MAX)),
            Call::Len if self.counting || !listing.more() => Got::Len(Some(self.all.len() as u64)),
            Call::Len => Got::Len(None),
            Call::Rewind => {
                self.position = 0;
                Got::Nothing
            }
        };
        assert_eq!(*got, expected);
        self.check(listing);
    }

    fn slice(&self, start: usize, end: usize) -> Vec<String> {
        self.all.iter().take(end).skip(start).cloned().collect()
    }

    fn check(&self, listing: &Paginator<String>) {
        assert_eq!(listing.loaded(), &self.all[..self.loaded]);
        if !self.all.is_empty() {
            assert_eq!(listing.more(), self.loaded < self.all.len());
        }
        if self.loaded > 0 {
            let cursor = listing.cursor().unwrap().as_str();
            assert_eq!(place(cursor), self.loaded);
        }
    }
}

async fn run(case: Case) {
    let mut shelf = Shelf::new(case.books).cap(case.cap).strength(case.strength);
    if case.counting {
        shelf = shelf.counting();
    }
    if case.relay {
        shelf = shelf.relay();
    }
    // An offset that comes twice is a loop.
    let answers = case
        .answers
        .iter()
        .filter(|answer| !case.relay || !matches!(answer, Answer::Empty));
    shelf.script(answers.cloned());
    let shelf = Arc::new(shelf);
    let mut model = Model::new(&case);
    let listing = shelf.list().per_page(case.per_page).prefetch(case.ahead);
    let mut listing = listing.pages_at_once(case.at_once);

    for (call, dropped) in &case.calls {
        loop {
            let made = if *dropped {
                poll_once(make(&mut listing, call))
            } else {
                Poll::Ready(make(&mut listing, call).await)
            };
            match made {
                Poll::Ready(Ok(got)) => model.made(call, &got, &listing),
                Poll::Ready(Err(_)) => {
                    model.interrupted(call, &listing);
                    continue;
                }
                Poll::Pending => model.interrupted(call, &listing),
            }
            break;
        }
    }
    if case.ahead == 0 && case.at_once == 1 {
        let pages = model.loaded.div_ceil(model.page).max(1);
        let halved = 4;
        assert!(shelf.requests() <= pages + case.answers.len() + halved);
    }
    finish(&case.end, &shelf, listing, &model).await;
}

async fn finish(end: &End, shelf: &Arc<Shelf>, listing: Paginator<String>, model: &Model) {
    let mut got = Vec::new();
    let expected = match end {
        End::Stream => {
            let mut stream = listing.into_stream();
            while let Some(book) = stream.next().await {
                got.extend(book);
            }
            &model.all[model.position..]
        }
        End::Pages => {
            let mut pages = listing.into_pages();
            while let Some(page) = pages.next().await {
                got.extend(page.into_iter().flat_map(|page| page.items));
            }
            &model.all[model.position..]
        }
        End::Resume => {
            let rest = shelf.list().prefetch(1);
            let mut rest = match listing.cursor() {
                Some(cursor) => rest.start_after(cursor.clone()),
                None => rest,
            };
            while rest.more() {
                let _ = rest.slice(..).await;
            }
            got.extend_from_slice(rest.loaded());
            &model.all[model.loaded..]
        }
    };
    assert_eq!(got, expected);
}

/// Nothing came twice, and all that was there from the beginning came in its order.
fn once_each(mut got: Vec<String>, number: usize) {
    let mut unique = got.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), got.len(), "{got:?}");
    got.retain(|book| book.starts_with("book"));
    assert_eq!(got, books(number));
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_calls_gives_what_a_list_would(case in case()) {
        block_on(run(case));
    }

    #[test]
    fn what_is_added_meanwhile_neither_repeats_nor_hides_anything(
        number in 1..40_usize,
        per_page in 1..8_u32,
        ahead in 0..3_usize,
        added in vec((0..40_usize, 0..40_usize), 0..10),
    ) {
        block_on(async move {
            let shelf = Arc::new(Shelf::new(number));
            let mut stream = shelf.list().per_page(per_page).prefetch(ahead).into_stream();
            let mut got = Vec::new();
            while let Some(book) = stream.try_next().await.unwrap() {
                for (new, (_, place)) in added.iter().enumerate().filter(|(_, (when, _))| *when == got.len()) {
                    shelf.insert(*place.min(&number), &format!("new {new}"));
                }
                got.push(book);
            }
            once_each(got, number);
        });
    }

    #[test]
    fn what_is_added_while_pages_come_at_once_neither_repeats_nor_hides_anything(
        number in 1..60_usize,
        per_page in 1..8_u32,
        at_once in 2..6_usize,
        late in vec(any::<bool>(), 0..40),
        added in vec((0..40_usize, 0..60_usize), 0..10),
    ) {
        block_on(async move {
            let shelf = Arc::new(Shelf::new(number).relay().counting());
            let answers = late.iter().map(|late| if *late { Answer::Late } else { Answer::Page });
            shelf.script(answers);
            let mut stream = shelf.list().per_page(per_page).pages_at_once(at_once).into_stream();
            let mut got = Vec::new();
            while let Some(book) = stream.try_next().await.unwrap() {
                for (new, (_, place)) in added.iter().enumerate().filter(|(_, (when, _))| *when == got.len()) {
                    shelf.insert(*place.min(&number), &format!("new {new}"));
                    // Those that are late come after it, and the others came before.
                    tokio::task::yield_now().await;
                }
                got.push(book);
            }
            once_each(got, number);
        });
    }
}
