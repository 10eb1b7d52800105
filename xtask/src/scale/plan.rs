//! What is simulated, and what comes of it.

/// A mirror, and what befalls it.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) files: u64,
    pub(super) workers: u32,
    /// Each of a user of its own.
    pub(super) keys: u32,
    /// Requests a second that W&B takes of a key, where it is not what is assumed elsewhere.
    pub(super) key_requests: Option<f64>,
    /// Of `wbf mirror`, each of which lists a part of the files with one of the keys.
    pub(super) calls: u32,
    /// All files of a call are in one run, which is listed page after page.
    pub(super) in_one_run: bool,
    /// Of the destination, each of which takes so many requests.
    pub(super) partitions: u32,
    /// Storage gives no addresses of its own: each file is asked of the W&B server, with the key.
    pub(super) by_server: bool,
    /// Everything has been moved already: it is listed and compared, and that is all.
    pub(super) again: bool,
    /// How many hours a worker lives, in the mean.
    pub(super) life: Option<f64>,
    pub(super) outages: Vec<Outage>,
}

impl Plan {
    /// So many files in many runs, one call, one key, nothing goes wrong.
    pub(super) fn new(files: u64, workers: u32) -> Self {
        Self {
            files,
            workers,
            keys: 1,
            key_requests: None,
            calls: 1,
            in_one_run: false,
            partitions: 1,
            by_server: false,
            again: false,
            life: None,
            outages: Vec::new(),
        }
    }
}

/// A part that is out of reach for a time, in seconds from the start.
#[derive(Clone, Copy)]
pub(super) struct Outage {
    pub(super) part: Part,
    pub(super) at: f64,
    pub(super) seconds: f64,
}

/// What may be out of reach.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// `PostgreSQL`.
    Ledger,
    /// Where files come from or go to.
    Storage,
    /// W&B's server, or its patience with the key.
    Api,
}

/// What a mirror took.
pub(super) struct Outcome {
    pub(super) seconds: f64,
    /// To W&B's server.
    pub(super) api_requests: f64,
    /// Those that write, and looks at what was written.
    pub(super) destination_requests: f64,
    pub(super) deaths: u64,
    pub(super) twice: u64,
    /// Which part of the time each of the limits was at work.
    pub(super) shares: Vec<(&'static str, f64)>,
}

impl Outcome {
    /// What was busiest, and how much of the time.
    pub(super) fn limit(&self) -> (&'static str, f64) {
        let most = self.shares.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        most.copied().unwrap_or(("nothing", 0.0))
    }
}
