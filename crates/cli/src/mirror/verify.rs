//! `wbf mirror verify`.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use wandb_client::Api;
use wandb_mirror::{Mirror, Problem, Verified, VerifyOptions};

use super::place::{self, Known};
use super::{LEDGER, trouble};
use crate::args::ReportFormat;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{Failure, INTERRUPTED, explained};
use crate::interrupt::interrupts;
use crate::output::JsonRows;
use crate::size;

#[derive(Args)]
pub(super) struct VerifyArgs {
    /// The destination of the mirror
    #[arg(value_name = "DEST")]
    destination: String,
    #[arg(long, value_name = "LEDGER", help = LEDGER)]
    state: Option<String>,
    /// Read every object, and compare its md5
    #[arg(long)]
    read: bool,
    /// Do not list the files at the server: only ledger and destination are compared
    #[arg(long)]
    no_server: bool,
    /// Note what is missing or wrong at the destination, so that the next mirror moves it again
    #[arg(long)]
    repair: bool,
    /// How to report each problem
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

pub(super) async fn run(args: VerifyArgs, console: &Console) -> Result<ExitCode, Failure> {
    let known = Known::find(Some(&args.destination), args.state.as_deref()).await?;
    let api = Api::from_env()?;
    known.expect_server(&api).await?;
    let Some(destination) = known.destination else {
        return Err(Failure::Usage("give the destination of the mirror".to_owned()));
    };
    let opened = Mirror::open(api.clone(), known.ledger, destination).await;
    let mirror = opened.map_err(|error| trouble::of_mirror(&api, error))?;
    let options = VerifyOptions::default()
        .read(args.read)
        .server(!args.no_server)
        .repair(args.repair);
    let mut report = Report::new(args.format, &api);
    let verified = tokio::select! {
        biased;
        _ = interrupts() => None,
        verified = mirror.verify(options, |problem| report.problem(&problem)) => Some(verified),
    };
    place::close(mirror.ledger()).await;
    report.end()?;
    let Some(verified) = verified else {
        console.error("interrupted: not everything was compared");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let verified = verified.map_err(|error| trouble::of_mirror(&api, error))?;
    console.say(&summary(&verified));
    Ok(if verified.problems == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn summary(verified: &Verified) -> String {
    let Verified {
        files,
        bytes,
        digests,
        listed,
        problems,
        ..
    } = verified;
    format!(
        "{files} files ({}) compared, {digests} of them by digest, {listed} with the server; {problems} problems",
        size::human(*bytes)
    )
}

/// Problems on stdout.
struct Report<'a> {
    api: &'a Api,
    out: Out,
    /// Why no more can be written.
    broken: Option<io::Error>,
}

enum Out {
    Text(Stdout),
    Json(JsonRows<BufWriter<Stdout>>),
}

/// One problem, as programs read it.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    /// The file, or the key at the destination, or the run.
    of: String,
    problem: String,
}

impl<'a> Report<'a> {
    fn new(format: ReportFormat, api: &'a Api) -> Self {
        let buffered = || BufWriter::new(io::stdout());
        let out = match format {
            ReportFormat::Text => Out::Text(io::stdout()),
            ReportFormat::Json => Out::Json(JsonRows::array(buffered())),
            ReportFormat::Ndjson => Out::Json(JsonRows::lines(buffered())),
        };
        Self {
            api,
            out,
            broken: None,
        }
    }

    fn problem(&mut self, problem: &Problem) {
        if self.broken.is_some() {
            return;
        }
        let message = match problem {
            Problem::Listing { error, .. } => explained(self.api, error),
            problem => problem.to_string(),
        };
        let written = match &mut self.out {
            Out::Text(out) => writeln!(out, "{}", printable(&message)),
            Out::Json(rows) => {
                let (kind, of) = named(problem);
                let row = Row {
                    kind,
                    of,
                    problem: message,
                };
                rows.row(&row).and_then(|()| rows.flush())
            }
        };
        self.broken = written.err();
    }

    fn end(self) -> io::Result<()> {
        match (self.broken, self.out) {
            (Some(error), _) => Err(error),
            (None, Out::Json(rows)) => rows.end(),
            (None, Out::Text(_)) => Ok(()),
        }
    }
}

/// The word for a kind of problem, and what has it.
fn named(problem: &Problem) -> (&'static str, String) {
    let (kind, of) = match problem {
        Problem::Missing { file } => ("missing", file),
        Problem::Size { file, .. } => ("size", file),
        Problem::Digest { file, .. } => ("digest", file),
        Problem::Rewritten { file } => ("rewritten", file),
        Problem::Unreadable { file, .. } => ("unreadable", file),
        Problem::Unexpected { key } => ("unexpected", key),
        Problem::Unfinished { file, .. } => ("unfinished", file),
        Problem::NotMirrored { file } => ("not-mirrored", file),
        Problem::Outdated { file } => ("outdated", file),
        Problem::Gone { file } => ("gone", file),
        Problem::Listing { run, .. } => return ("listing", run.to_string()),
        _ => return ("other", String::new()),
    };
    (kind, of.clone())
}
