//! Faults as one line of text.

use crate::{Fault, duration};
use std::num::NonZeroU64;
use std::str::FromStr;

/// Why a text describes no [`Fault`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{spec:?} describes no fault: {why}")]
pub struct BadFault {
    spec: String,
    why: String,
}

/// Reads `TARGET:WHERE:SETTING,SETTING…`, as the README has it.
///
/// TARGET is `graphql`, `files` or `storage`; WHERE is the name of the operation or a part of the path, and may be
/// empty; the settings of when (`times`, `after`, `method`) may be set off by a further colon.
///
/// ```
/// use wandb_devserver::Fault;
///
/// let cut: Fault = "storage:model.h5:times=2,after=1:truncate=100".parse()?;
/// let busy: Fault = "graphql:RunFiles:reply=429,retry-after=1".parse()?;
/// let gone: Fault = "files::times=always:redirect=http://127.0.0.1:1/".parse()?;
/// # let _ = (cut, busy, gone);
/// # Ok::<_, wandb_devserver::BadFault>(())
/// ```
impl FromStr for Fault {
    type Err = BadFault;

    fn from_str(spec: &str) -> Result<Self, BadFault> {
        read(spec).map_err(|why| BadFault {
            spec: spec.to_owned(),
            why,
        })
    }
}

fn read(spec: &str) -> Result<Fault, String> {
    let mut parts = spec.splitn(3, ':');
    let (Some(target), Some(place), Some(settings)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("it is written TARGET:WHERE:SETTING,SETTING…".to_owned());
    };
    let mut reading = Reading::new(match target {
        "graphql" if place.is_empty() => Fault::on_graphql(),
        "graphql" => Fault::on_graphql().operation(place),
        "files" => Fault::on_files(place),
        "storage" => Fault::on_storage(place),
        other => {
            return Err(format!(
                "there is no target {other:?}, only graphql, files and storage"
            ));
        }
    });
    let mut rest = settings;
    if let Some((when, what)) = settings.split_once(':')
        && when.split(',').all(is_condition)
    {
        for setting in when.split(',') {
            reading.set(setting)?;
        }
        rest = what;
    }
    while !rest.is_empty() {
        // A body may hold any character, so it is the last of the settings.
        let (setting, more) = match rest.starts_with("body=") {
            true => (rest, ""),
            false => rest.split_once(',').unwrap_or((rest, "")),
        };
        reading.set(setting)?;
        rest = more;
    }
    reading.end()
}

fn is_condition(setting: &str) -> bool {
    let key = setting.split_once('=').map_or(setting, |(key, _)| key);
    matches!(key, "times" | "after" | "method")
}

/// A fault of which some settings were read.
struct Reading {
    fault: Fault,
    has_effect: bool,
    /// The setting that is the fault's one action.
    action: Option<String>,
    status: Option<u16>,
    is_carried_out: bool,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reading {
    fn new(fault: Fault) -> Self {
        Self {
            fault,
            has_effect: false,
            action: None,
            status: None,
            is_carried_out: false,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    fn set(&mut self, setting: &str) -> Result<(), String> {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let fault = self.fault.clone();
        self.has_effect |= !is_condition(setting);
        self.fault = match key {
            "times" if value == "always" => fault.times(u32::MAX),
            "times" => fault.times(number(key, value)?),
            "after" => fault.after(number(key, value)?),
            "method" => fault.method(value),
            "delay" => fault.delay(duration::parse(value)?),
            "throttle" => fault.throttle(number::<NonZeroU64>(key, value)?.get()),
            "ignore-range" => fault.ignore_range(),
            "shift-range" => fault.shift_range(number(key, value)?),
            "swapped" => fault.swapped(),
            "carried-out" => {
                self.is_carried_out = true;
                fault.carried_out()
            }
            "header" => {
                let (name, value) = value
                    .split_once(':')
                    .ok_or("header is written header=NAME:VALUE")?;
                self.headers
                    .push((name.trim().to_owned(), value.trim().to_owned()));
                fault
            }
            "retry-after" | "ratelimit-reset" => {
                self.headers.push((key.to_owned(), value.to_owned()));
                fault
            }
            "body" => {
                value.clone_into(&mut self.body);
                fault
            }
            action => {
                if let Some(other) = self.action.replace(action.to_owned()) {
                    return Err(format!("{other} and {action} cannot both be done to one answer"));
                }
                self.act(fault, action, value)?
            }
        };
        Ok(())
    }

    fn act(&mut self, fault: Fault, action: &str, value: &str) -> Result<Fault, String> {
        Ok(match action {
            "reply" => {
                self.status = Some(number(action, value)?);
                fault
            }
            "redirect" => fault.redirect_to(value),
            "expired" => fault.expired(),
            "request-timeout" => fault.request_timeout(),
            "empty" => fault.empty(),
            "html" => fault.html(),
            "close" => fault.close(),
            "truncate" => fault.truncate_after(number(action, value)?),
            "reset" => fault.reset_after(number(action, value)?),
            "stall" => fault.stall_after(number(action, value)?),
            "wrong-byte" => fault.wrong_byte_at(number(action, value)?),
            "length" => fault.announce_length(number(action, value)?),
            "gzip" => fault.gzip(),
            unknown => return Err(format!("there is no setting {unknown:?}")),
        })
    }

    fn end(self) -> Result<Fault, String> {
        if !self.has_effect {
            return Err("it does nothing".to_owned());
        }
        let other_answer = |action: &str| {
            matches!(
                action,
                "reply" | "redirect" | "expired" | "request-timeout" | "empty" | "html" | "close"
            )
        };
        if self.is_carried_out && !self.action.as_deref().is_some_and(other_answer) {
            return Err("carried-out stands beside another answer, or close".to_owned());
        }
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        match self.status {
            Some(status) => Ok(self.fault.reply(status, &headers, self.body)),
            None if !self.body.is_empty() => Err("a body needs reply=STATUS before it".to_owned()),
            None => Ok(headers
                .into_iter()
                .fold(self.fault, |fault, (name, value)| fault.with_header(name, value))),
        }
    }
}

fn number<T: FromStr>(key: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{key} wants a number, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_text_says_what_the_methods_say() {
        let always = u32::MAX;
        for (text, fault) in [
            (
                "storage:model.h5:times=2,after=1:truncate=100",
                Fault::on_storage("model.h5")
                    .times(2)
                    .after(1)
                    .truncate_after(100),
            ),
            (
                "graphql:RunFiles:reply=429,retry-after=1",
                Fault::on_graphql()
                    .operation("RunFiles")
                    .reply(429, &[("retry-after", "1")], ""),
            ),
            (
                "files::times=always:redirect=http://127.0.0.1:1/a?b=c",
                Fault::on_files("")
                    .times(always)
                    .redirect_to("http://127.0.0.1:1/a?b=c"),
            ),
            (
                "graphql::reply=200,header=Content-Type: text/plain,body={\"a\": [1,2]}",
                Fault::on_graphql().reply(200, &[("Content-Type", "text/plain")], "{\"a\": [1,2]}"),
            ),
            (
                "storage::method=PUT,delay=30ms,ignore-range,gzip",
                Fault::on_storage("")
                    .method("PUT")
                    .delay(Duration::from_millis(30))
                    .ignore_range()
                    .gzip(),
            ),
            (
                "storage:a:throttle=10,shift-range=1,swapped,header=ETag:\"x\",wrong-byte=4",
                Fault::on_storage("a")
                    .throttle(10)
                    .shift_range(1)
                    .swapped()
                    .wrong_byte_at(4)
                    .with_header("ETag", "\"x\""),
            ),
            ("storage::reset=1", Fault::on_storage("").reset_after(1)),
            ("storage::stall=1", Fault::on_storage("").stall_after(1)),
            ("storage::length=1", Fault::on_storage("").announce_length(1)),
            ("storage::expired", Fault::on_storage("").expired()),
            (
                "storage::request-timeout",
                Fault::on_storage("").request_timeout(),
            ),
            (
                "graphql:Delete:reply=504,carried-out",
                Fault::on_graphql()
                    .operation("Delete")
                    .carried_out()
                    .reply(504, &[], ""),
            ),
            ("storage::empty", Fault::on_storage("").empty()),
            ("storage::html", Fault::on_storage("").html()),
            ("storage::close", Fault::on_storage("").close()),
        ] {
            let read: Fault = text.parse().unwrap();
            assert_eq!(format!("{read:?}"), format!("{fault:?}"), "{text}");
        }
    }

    #[test]
    fn a_text_that_says_nothing_is_explained() {
        for (text, why) in [
            ("storage", "TARGET:WHERE:SETTING"),
            ("disk::close", "no target \"disk\""),
            ("storage::", "does nothing"),
            ("storage::times=2:", "does nothing"),
            ("storage::explode", "no setting \"explode\""),
            ("storage::truncate=x", "truncate wants a number, not \"x\""),
            ("storage::throttle=0", "throttle wants a number"),
            ("storage::delay=3", "30ms"),
            ("storage::gzip,close", "gzip and close cannot both"),
            ("storage::body=x", "reply=STATUS"),
            ("storage::carried-out,truncate=1", "another answer"),
            ("storage::header=x", "NAME:VALUE"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(text), "{error}");
        }
    }
}
