//! Which files of which runs are meant.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, civil};
use wandb_client::{
    Api, ConvertErrorKind, File, FilesError, FilesOfRuns, Filter, Globs, PaginatorErrorKind, RunPath, Sieve,
    Template, names_project, parse_project_path,
};

use crate::args::{ChoiceArgs, FileChoiceArgs, GlobArgs};
use crate::failure::{self, Failure};

/// The runs and files that the command line chooses.
pub(crate) struct Choice {
    pub(crate) files: FilesOfRuns,
    /// The run, where it can be but one.
    pub(crate) one: Option<RunPath>,
    /// Runs that may have been meant as projects, as they were written.
    ambiguous: Vec<(RunPath, String)>,
}

impl Choice {
    /// The runs that `texts` name, or those of a project.
    pub(crate) async fn new(api: &Api, texts: &[String], args: &ChoiceArgs) -> Result<Self, Failure> {
        let of_project = args.of_project();
        let mut choice = match texts {
            [text] if of_project.is_some() || names_project(text) => {
                let settings = api.settings();
                let entity = settings.entity.as_ref().map(|entity| entity.value.as_str());
                if let (Some(option), Err(error)) = (of_project, parse_project_path(text, entity)) {
                    return Err(Failure::Usage(format!(
                        "{option} chooses among the runs of a project, but {error}"
                    )));
                }
                let files = api.files_of_project(text).await?;
                Self {
                    files: filtered(files, args)?,
                    one: None,
                    ambiguous: Vec::new(),
                }
            }
            texts => {
                if let Some(option) = of_project {
                    return Err(Failure::Usage(format!(
                        "{option} chooses among the runs of one project: give ENTITY/PROJECT alone"
                    )));
                }
                if let Some(text) = texts.iter().find(|text| names_project(text)) {
                    return Err(Failure::Usage(format!(
                        "{text} is a project: give it alone, or runs by name"
                    )));
                }
                Self::of_runs(api, texts).await?
            }
        };
        if let Some(runs) = args.runs.max_runs {
            choice.files = choice.files.max_runs(runs);
        }
        choice.files = choose_files(choice.files, args)?;
        Ok(choice)
    }

    async fn of_runs(api: &Api, texts: &[String]) -> Result<Self, Failure> {
        let mut runs = Vec::new();
        let mut ambiguous = Vec::new();
        for text in texts {
            let run = api.run_unchecked(text).await?;
            if text.trim_matches('/').split('/').count() == 2 && !text.contains("://") {
                ambiguous.push((run.path().clone(), text.clone()));
            }
            runs.push(run);
        }
        let one = match runs.as_slice() {
            [first, others @ ..] if others.iter().all(|other| other.path() == first.path()) => {
                Some(first.path().clone())
            }
            _ => None,
        };
        Ok(Self {
            files: api.files_of_runs(runs),
            one,
            ambiguous,
        })
    }

    /// What a file is called in lines for people: its name, with the run's before it where there may be several.
    pub(crate) fn called<'a>(&self, file: &'a File) -> Cow<'a, str> {
        match self.one {
            Some(_) => Cow::Borrowed(file.name()),
            None => Cow::Owned(format!("{}/{}", file.run().run(), file.name())),
        }
    }

    /// What went wrong, and what may have been meant.
    pub(crate) fn explained(&self, api: &Api, error: &FilesError) -> String {
        let mut message = failure::explained(api, error);
        if let FilesError::Listing { run, source } = error
            && let PaginatorErrorKind::Convert(cause) = source.kind()
            && cause.kind() == ConvertErrorKind::NotFound
            && let Some((_, text)) = self.ambiguous.iter().find(|(path, _)| path == run)
        {
            let text = text.trim_matches('/');
            let _ = write!(message, "; all runs of the project {text} are {text}/");
        }
        message
    }
}

/// The runs of a project that are meant.
pub(crate) fn filtered(files: FilesOfRuns, args: &ChoiceArgs) -> Result<FilesOfRuns, Failure> {
    let filter = filter(args.runs.filter.as_deref(), &args.state, &args.runs.tag)?;
    let files = files.filters(filter);
    Ok(match &args.runs.order {
        Some(order) => files.order(order),
        None => files,
    })
}

/// The runs that pass `--filter`, are in one of the states, and have one of the tags, as far as these are given.
pub(crate) fn filter(json: Option<&str>, states: &[String], tags: &[String]) -> Result<Filter, Failure> {
    let mut filter = match json {
        Some(text) => Filter::json(text).map_err(|error| {
            let example = r#"--filter '{"summary_metrics.loss": {"$lt": 0.1}}'"#;
            Failure::Usage(format!("{error}; write it as {example}"))
        })?,
        None => Filter::all(),
    };
    for (field, values) in [("state", states), ("tags", tags)] {
        filter = match values {
            [] => filter,
            [value] => filter.and(Filter::field(field).eq(value.as_str())),
            values => filter.and(Filter::field(field).one_of(values.to_vec())),
        };
    }
    Ok(filter)
}

/// The files of each run that are meant.
pub(crate) fn choose_files(files: FilesOfRuns, args: &ChoiceArgs) -> Result<FilesOfRuns, Failure> {
    Ok(files.sieve(sieve(&args.files)?))
}

/// What is decided here of the files that are meant.
pub(crate) fn sieve(args: &FileChoiceArgs) -> Result<Sieve, Failure> {
    Ok(Sieve {
        globs: globs(&args.globs)?,
        min_size: args.min_size,
        max_size: args.max_size,
        newer_than: args.newer_than,
    })
}

/// The globs, if there are any.
pub(crate) fn globs(args: &GlobArgs) -> Result<Option<Globs>, Failure> {
    if args.include.is_empty() && args.exclude.is_empty() {
        return Ok(None);
    }
    match Globs::new(&args.include, &args.exclude) {
        Ok(globs) => Ok(Some(globs)),
        Err(error) => Err(Failure::Usage(error.to_string())),
    }
}

/// Where the files of runs go, as far as the command line says.
pub(crate) fn template(template: Option<&str>, display_names: bool) -> Result<Option<Template>, Failure> {
    match template {
        Some(text) => match text.parse::<Template>() {
            Ok(template) => Ok(Some(template)),
            Err(error) => Err(Failure::Usage(error.to_string())),
        },
        None => Ok(display_names.then(Template::display_name_and_name)),
    }
}

/// Bytes: `4096`, `10M` and `10MiB` in units of 1024, `10MB` in units of 1000.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let bad = || "write bytes as 4096, 10M, 1.5GiB (units of 1024) or 10MB (units of 1000)".to_owned();
    let text = text.trim();
    let end = text
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_uppercase();
    let mut letters = unit.chars();
    let power = match letters.next() {
        None | Some('B') => 0,
        Some('K') => 1,
        Some('M') => 2,
        Some('G') => 3,
        Some('T') => 4,
        Some('P') => 5,
        Some(_) => return Err(bad()),
    };
    let base: u64 = match (power, letters.as_str()) {
        (0, "") => 1,
        (1.., "" | "IB" | "I") => 1024,
        (1.., "B") => 1000,
        _ => return Err(bad()),
    };
    let factor = base.pow(power);
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).ok_or_else(bad);
    }
    match number.parse::<f64>() {
        // Only numbers far beyond any file lose their last digits.
        Ok(number) if number.is_finite() && number * (factor as f64) < (1u64 << 60) as f64 => {
            Ok((number * factor as f64).round() as u64)
        }
        _ => Err(bad()),
    }
}

/// A moment: `2026-01-31`, `2026-01-31T12:00:00Z`, or how long ago, as `7d` or `2 hours`. Dates without a zone are UTC's, as
/// times in listings are.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    if let Ok(local) = text.parse::<civil::DateTime>() {
        return TimeZone::UTC
            .to_timestamp(local)
            .map_err(|error| error.to_string());
    }
    let span: Span = text.parse().map_err(|_| {
        "write a date (2026-01-31), a time (2026-01-31T12:00:00Z) or how long ago (7d, 12h)".to_owned()
    })?;
    let then = Timestamp::now()
        .to_zoned_datetime(TimeZone::UTC)
        .checked_sub(span.abs());
    then.map(|then| then.timestamp())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", 0),
            ("4096", 4096),
            ("12B", 12),
            ("10M", 10 << 20),
            ("10 MiB", 10 << 20),
            ("1.5GiB", 3 << 29),
            ("2k", 2048),
            ("10MB", 10_000_000),
            ("0.5kb", 500),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "M", "-1", "1X", "1.2.3", "1e9", "99999999999P", "9.9e99"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments() {
        assert_eq!(moment("2024-05-01").unwrap().to_string(), "2024-05-01T00:00:00Z");
        assert_eq!(
            moment("2024-05-01T10:00").unwrap().to_string(),
            "2024-05-01T10:00:00Z"
        );
        assert_eq!(
            moment("2024-05-01T10:00:00+02:00").unwrap().to_string(),
            "2024-05-01T08:00:00Z"
        );
        let hours = |text: &str| {
            let then = moment(text).unwrap();
            Timestamp::now().duration_since(then).as_hours()
        };
        assert_eq!((hours("7d"), hours("1 week"), hours("36h")), (168, 168, 36));
        assert!(moment("yesterday").is_err());
    }
}
