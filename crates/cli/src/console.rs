//! What people read: messages on stderr, kept clear of progress bars.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::MultiProgress;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::escape::printable;

/// stderr, shared by messages, logs and progress bars.
#[derive(Clone)]
pub(crate) struct Console {
    bars: MultiProgress,
    quiet: bool,
    verbose: bool,
}

impl Console {
    /// Sets up logging too: warnings by default, more with `-v` and `-vv`, errors only with `-q`.
    pub(crate) fn new(quiet: bool, verbose: u8) -> Self {
        let console = Self {
            bars: MultiProgress::new(),
            quiet,
            verbose: verbose > 0,
        };
        let level = match (quiet, verbose) {
            (true, _) => LevelFilter::ERROR,
            (_, 0) => LevelFilter::WARN,
            (_, 1) => LevelFilter::INFO,
            _ => LevelFilter::DEBUG,
        };
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(console.clone())
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .without_time()
            .init();
        console
    }

    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Whether bars are wanted and can be drawn.
    pub(crate) fn draws(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// A message about what went right; silent with `-q`.
    pub(crate) fn say(&self, message: &str) {
        if !self.quiet {
            self.write(message);
        }
    }

    /// A message for those who ask for more with `-v`.
    pub(crate) fn detail(&self, message: &str) {
        if self.verbose {
            self.write(message);
        }
    }

    /// A try failed, and there will be another one.
    pub(crate) fn retried(&self, name: &str, attempt: u32, why: &str, wait: Duration) {
        let wait = wait.as_secs_f64();
        let message = format!("{name}: try {attempt} failed, the next comes in {wait:.1} s: {why}");
        self.detail(&printable(&message));
    }

    /// An error.
    pub(crate) fn error(&self, message: &str) {
        self.write(&format!("wbf: {message}"));
    }

    /// An error that ends the program.
    pub(crate) fn report(&self, message: &str) -> ExitCode {
        self.error(message);
        ExitCode::FAILURE
    }

    /// Does `work`, which writes to stdout, without a bar in its way.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.bars.suspend(work)
    }

    fn write(&self, line: &str) {
        // Nobody is left to be told when stderr is closed.
        let _ = self.bars.suspend(|| writeln!(io::stderr(), "{line}"));
    }
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bars.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for Console {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
