//! Traces, played on both sides step by step over the same data.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wandb_devserver::{DevServer, Listed};

use crate::draw::{self, Trace};
use crate::kind::{self, Seen};
use crate::odd::OddPage;
use crate::operation::{Change, Odd, Play, Step};
use crate::ours::{Listing, Ours};
use crate::python::Python;
use crate::row::Told;
use crate::{Result, hands};

/// What came of all traces.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) traces: usize,
    pub(crate) operations: usize,
    pub(crate) equal: usize,
    pub(crate) kinds: BTreeMap<&'static str, usize>,
    pub(crate) failures: Vec<String>,
}

/// The two sides, and the server between them.
pub(crate) struct Stage {
    pub(crate) server: DevServer,
    pub(crate) python: Python,
    pub(crate) ours: Ours,
    /// What changes the data; its requests are no side's.
    pub(crate) hands: Ours,
}

/// A run, as its server has it.
struct Run {
    files: Vec<String>,
    added: usize,
    /// How many files there were when a page was asked for last.
    counted: usize,
}

impl Stage {
    /// Plays the traces `from..to` of this seed; goes on after a failure.
    pub(crate) async fn traces(&mut self, seed: u64, numbers: std::ops::Range<usize>) -> Result<Tally> {
        let mut tally = Tally::default();
        for number in numbers {
            let trace = draw::trace(seed, number);
            tally.traces += 1;
            if let Err(why) = self.trace(&trace, &mut tally).await {
                let open = &trace.open;
                tally.failures.push(format!(
                    "trace {number} of seed {seed}, {} files, {open:?}: {why}",
                    trace.files
                ));
            }
            self.server.clear_faults();
            self.server.clear_requests();
        }
        Ok(tally)
    }

    async fn trace(&mut self, trace: &Trace, tally: &mut Tally) -> Result<()> {
        let open = &trace.open;
        let mut run = Run {
            files: Vec::new(),
            added: 0,
            counted: 0,
        };
        self.server.add_run("e", "p", &open.run).await?;
        self.change(&open.run, &mut run, &Change::Add(trace.files))
            .await?;
        let theirs = self.python.play(&open.for_sdk()).await?;
        let Some(mut listing) = self.ours.open(open)? else {
            if theirs["raised"] != "ValueError" {
                return Err(format!("we refuse the listing, the SDK says {theirs}").into());
            }
            tally.equal += 1;
            return Ok(());
        };
        if !theirs["raised"].is_null() {
            return Err(format!("the SDK refuses the listing: {theirs}").into());
        }
        for (number, step) in trace.steps.iter().enumerate() {
            let play = match step {
                Step::Change(change) => {
                    self.change(&open.run, &mut run, change).await?;
                    continue;
                }
                Step::Play(play) => play,
            };
            tally.operations += 1;
            let told = match play {
                Play::Rest(Some(odd)) => {
                    self.odd(*odd, play, &mut listing, &run, open.per_page as usize)
                        .await?
                }
                _ => self.step(play, &mut listing, &mut run, open.filtered()).await?,
            };
            match told {
                Told::Equal => tally.equal += 1,
                Told::Kind(kind) => *tally.kinds.entry(kind).or_default() += 1,
                Told::Differs(theirs, ours) => {
                    let before = &trace.steps[..number];
                    return Err(format!("after {before:?}, {play:?}: the SDK {theirs}, we {ours}").into());
                }
            }
            if matches!(play, Play::Rest(Some(_))) {
                return Ok(());
            }
        }
        let theirs = self.python.loaded().await?;
        if theirs != json!(listing.loaded()) {
            let ours = listing.loaded();
            return Err(format!(
                "in the end the SDK has loaded {theirs}, we {ours:?}, after {:?}",
                trace.steps
            )
            .into());
        }
        Ok(())
    }

    async fn step(
        &mut self,
        play: &Play,
        listing: &mut Listing,
        run: &mut Run,
        filtered: bool,
    ) -> Result<Told> {
        let pages_before = listing.pages();
        let mut theirs = self.python.play(&play.for_sdk()).await?;
        let ours = listing.play(play).await;
        let (our_pages, our_loaded) = (listing.pages(), listing.loaded().len());
        if theirs["pages"] != pages_before || our_pages != pages_before {
            run.counted = run.files.len();
        }
        let shown = || {
            (
                short(&theirs),
                format!("{}, {our_loaded} loaded, {our_pages} pages", short(&ours)),
            )
        };
        let (their_text, our_text) = shown();
        let equal = theirs["value"] == ours["value"] && theirs["raised"] == ours["raised"];
        let level = theirs["pages"] == our_pages && theirs["loaded"] == our_loaded;

        // Whoever asked for less catches up: what follows begins from the same state.
        while theirs["pages"].as_u64() > Some(listing.pages() as u64) {
            let before = listing.pages();
            listing.load().await?;
            if listing.pages() == before {
                return Ok(Told::Differs(their_text, our_text));
            }
        }
        if theirs["pages"].as_u64() < Some(our_pages as u64) {
            let all = self.python.play(&json!({"do": "load_all"})).await?;
            if all["pages"] != our_pages || all["loaded"] != our_loaded {
                return Ok(Told::Differs(their_text, our_text));
            }
            theirs["loaded"] = all["loaded"].clone();
        }
        let loaded = listing.loaded();
        let seen = Seen {
            play,
            theirs: &theirs,
            ours: &ours,
            pages_before,
            our_pages,
            loaded: &loaded,
            our_loaded,
            last_cursor: listing.last_cursor(),
            filtered,
            counted: run.counted,
        };
        if theirs["loaded"] == loaded.len() {
            if equal && level {
                return Ok(Told::Equal);
            }
            if let Some((kind, _)) = kind::KINDS.iter().find(|(_, holds)| holds(&seen)) {
                return Ok(Told::Kind(kind));
            }
        }
        Ok(Told::Differs(their_text, our_text))
    }

    async fn odd(
        &mut self,
        odd: Odd,
        play: &Play,
        listing: &mut Listing,
        run: &Run,
        per_page: usize,
    ) -> Result<Told> {
        let (loaded, cursor) = (listing.identities(), listing.last_cursor());
        let page = OddPage::new(odd, &run.files, &loaded, &cursor, per_page);
        let pages_before = listing.pages();
        page.inject(&self.server);
        let theirs = self.python.play(&play.for_sdk()).await?;
        page.inject(&self.server);
        let ours = listing.play(play).await;
        let their_loaded = self.python.loaded().await?;
        let equal = theirs["value"] == ours["value"]
            && theirs["pages"] == listing.pages()
            && their_loaded == json!(listing.loaded());
        if equal {
            return Ok(Told::Equal);
        }
        let asked = listing.pages() > pages_before && theirs["pages"].as_u64() > Some(pages_before as u64);
        let kind = page.kind(&theirs, &ours, &their_loaded, &listing.loaded());
        Ok(match kind {
            Some(kind) if asked => Told::Kind(kind),
            _ => Told::Differs(short(&theirs), short(&ours)),
        })
    }

    async fn change(&self, name: &str, run: &mut Run, change: &Change) -> Result<()> {
        match change {
            Change::Add(count) => {
                let added: Vec<_> = (run.added..run.added + count).map(draw::name).collect();
                run.added += count;
                // A file without bytes would be taken for one that is not there.
                let listed = added.iter().map(|name| Listed::new(name, 1));
                self.server.add_listing("e", "p", name, listed).await?;
                run.files.extend(added);
            }
            Change::Delete(places) => {
                let doomed: Vec<String> = places
                    .iter()
                    .filter_map(|place| run.files.get(*place).cloned())
                    .collect();
                if !doomed.is_empty() {
                    hands::delete(self.hands.files(name), &doomed).await?;
                    run.files.retain(|file| !doomed.contains(file));
                }
            }
        }
        Ok(())
    }
}

/// Ten thousand names are more than anybody reads.
fn short(outcome: &Value) -> String {
    let text = outcome.to_string();
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
