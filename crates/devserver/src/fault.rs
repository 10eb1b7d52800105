use crate::Listener;
use crate::effect::{Action, Effect, Ending};
use bytes::Bytes;
use std::num::NonZeroU64;
use std::time::Duration;

/// Something that goes wrong on purpose, over a real socket.
///
/// A fault says which requests it is for, how many of them (one, if nothing else is said), and what becomes of
/// them. [`DevServer::inject`](crate::DevServer::inject) puts it at the end of a queue: each request meets the
/// first fault that is for it, is not used up and does not let it pass.
///
/// What is done to a body is done to the one that brings a file: of a PUT, the body that the client sends, else that of
/// the answer.
///
/// ```
/// use std::time::Duration;
/// use wandb_devserver::Fault;
///
/// // The second page of a listing is refused twice, with a wait to keep.
/// let busy = Fault::on_graphql()
///     .operation("RunFiles")
///     .after(1)
///     .times(2)
///     .reply(429, &[("Retry-After", "1")], "slow down");
/// // Every download of this file breaks off after 100 bytes.
/// let cut = Fault::on_storage("model.h5").times(u32::MAX).truncate_after(100);
/// # let _ = (busy, cut);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    target: Target,
    contains: String,
    method: Option<String>,
    operation: Option<String>,
    after: u32,
    times: u32,
    effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Graphql,
    Files,
    Storage,
}

/// What a fault looks at in a request.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) listener: Listener,
    pub(crate) method: &'a str,
    /// Without the server's prefix, as it was sent.
    pub(crate) path: &'a str,
    /// The same, with the percent-encoding undone.
    pub(crate) decoded: &'a str,
    pub(crate) operation: Option<&'a str>,
}

impl Fault {
    fn on(target: Target, contains: impl Into<String>) -> Self {
        Self {
            target,
            contains: contains.into(),
            method: None,
            operation: None,
            after: 0,
            times: 1,
            effect: Effect::default(),
        }
    }

    /// A fault for GraphQL requests.
    #[must_use]
    pub fn on_graphql() -> Self {
        Self::on(Target::Graphql, "")
    }

    /// A fault for requests to `/files/…` of the API whose path contains this text, as it stands in the address or
    /// with the percent-encoding undone. An empty text is in every path.
    #[must_use]
    pub fn on_files(path_contains: impl Into<String>) -> Self {
        Self::on(Target::Files, path_contains)
    }

    /// A fault for requests to the object storage whose path contains this text, as in [`Fault::on_files`].
    #[must_use]
    pub fn on_storage(path_contains: impl Into<String>) -> Self {
        Self::on(Target::Storage, path_contains)
    }

    /// Only for GraphQL operations of this name.
    #[must_use]
    pub fn operation(mut self, name: impl Into<String>) -> Self {
        self.operation = Some(name.into());
        self
    }

    /// Only for requests with this method, written in capitals.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// For so many requests; 1 if nothing is said.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = requests;
        self
    }

    /// Lets so many requests pass unharmed first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Waits before the request is looked at. May stand beside another action.
    #[must_use]
    pub fn delay(mut self, time: Duration) -> Self {
        self.effect.delay = time;
        self
    }

    /// Serves the whole file, with status 200, where a part was asked for, and announces no ranges. May stand beside
    /// another action.
    #[must_use]
    pub fn ignore_range(mut self) -> Self {
        self.effect.ignore_range = true;
        self
    }

    /// Serves a part that begins so many bytes after the one that was asked for, and says so in `Content-Range`. May
    /// stand beside another action.
    #[must_use]
    pub fn shift_range(mut self, bytes: u64) -> Self {
        self.effect.shift_range = bytes;
        self
    }

    /// Serves another object of the same length, with an entity tag of its own, which `If-Range` and `If-Match` are
    /// compared with: each byte has its bits flipped. May stand beside another action.
    #[must_use]
    pub fn swapped(mut self) -> Self {
        self.effect.swapped = true;
        self
    }

    /// Puts this header in the place of the answer's own, true or not. May stand beside another action.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.effect.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the body drop by drop, so many bytes a second, or takes it so from a PUT. Zero is no limit. May stand beside
    /// another action.
    #[must_use]
    pub fn throttle(mut self, bytes_per_second: u64) -> Self {
        self.effect.throttle = NonZeroU64::new(bytes_per_second);
        self
    }

    /// Lets a request that is answered with something else, or not at all, have its effect all the same. Beside
    /// [`Fault::reply`] and what is made of it, and [`Fault::close`].
    #[must_use]
    pub fn carried_out(mut self) -> Self {
        self.effect.carried_out = true;
        self
    }

    /// Answers with this instead; the request has no effect.
    #[must_use]
    pub fn reply(self, status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        self.does(Action::Reply {
            status,
            headers,
            body: Bytes::copy_from_slice(body.as_ref()),
        })
    }

    /// Answers 302 to this address; the request has no effect.
    #[must_use]
    pub fn redirect_to(self, url: &str) -> Self {
        self.reply(302, &[("Location", url)], "")
    }

    /// Refuses a signed address as expired, with the status and the body that S3 gives.
    #[must_use]
    pub fn expired(self) -> Self {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
        self.reply(403, &[("Content-Type", "application/xml")], body)
    }

    /// Refuses an upload as one that took too long, with the status 400 and the body that S3 gives.
    #[must_use]
    pub fn request_timeout(self) -> Self {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <Error><Code>RequestTimeout</Code><Message>Your socket connection to the server was not read from or \
            written to within the timeout period. Idle connections will be closed.</Message></Error>";
        self.reply(400, &[("Content-Type", "application/xml")], body)
    }

    /// Answers 200 with nothing in it.
    #[must_use]
    pub fn empty(self) -> Self {
        self.reply(200, &[], "")
    }

    /// Answers 200 with a page for people, as the login of a public network does.
    #[must_use]
    pub fn html(self) -> Self {
        let page = "<!doctype html><title>Welcome</title><p>Accept the terms to go online.</p>\n";
        self.reply(200, &[("Content-Type", "text/html")], page)
    }

    /// Closes the connection without an answer; the request has no effect.
    #[must_use]
    pub fn close(self) -> Self {
        self.does(Action::Drop)
    }

    /// Announces the whole length, sends so many bytes of the body, then closes the connection. Of a PUT, takes so many
    /// bytes of the body, then closes the connection without an answer; nothing is stored.
    #[must_use]
    pub fn truncate_after(self, bytes: u64) -> Self {
        self.does(Action::Cut {
            after: bytes,
            ending: Ending::Close,
        })
    }

    /// Announces the whole length, sends so many bytes of the body, then resets the connection. Of a PUT, as
    /// [`Fault::truncate_after`], with a reset.
    #[must_use]
    pub fn reset_after(self, bytes: u64) -> Self {
        self.does(Action::Cut {
            after: bytes,
            ending: Ending::Reset,
        })
    }

    /// Announces the whole length, sends so many bytes of the body, then nothing more, and keeps the connection. Of a
    /// PUT, takes so many bytes of the body, then does nothing more.
    #[must_use]
    pub fn stall_after(self, bytes: u64) -> Self {
        self.does(Action::Cut {
            after: bytes,
            ending: Ending::Stall,
        })
    }

    /// Announces this length, whatever the body has, and closes the connection at the end of the shorter of the two.
    #[must_use]
    pub fn announce_length(self, bytes: u64) -> Self {
        self.does(Action::Announce(bytes))
    }

    /// Flips the bits of the byte at this place of the body, counted from 0. The length stays right. Of a PUT, this is
    /// what is stored.
    #[must_use]
    pub fn wrong_byte_at(self, place: u64) -> Self {
        self.does(Action::WrongByte(place))
    }

    /// Sends the body compressed, as `Content-Encoding: gzip`, whether the client takes that or not.
    #[must_use]
    pub fn gzip(self) -> Self {
        self.does(Action::Gzip)
    }

    fn does(mut self, action: Action) -> Self {
        self.effect.action = action;
        self
    }

    fn is_for(&self, seen: &Seen<'_>) -> bool {
        let target = match (seen.listener, seen.path) {
            (Listener::Storage, _) => Some(Target::Storage),
            (Listener::Api, "/graphql") => Some(Target::Graphql),
            (Listener::Api, path) if path.starts_with("/files/") => Some(Target::Files),
            (Listener::Api, _) => None,
        };
        target == Some(self.target)
            && self.method.as_deref().is_none_or(|method| method == seen.method)
            && self
                .operation
                .as_deref()
                .is_none_or(|name| Some(name) == seen.operation)
            && (seen.path.contains(&self.contains) || seen.decoded.contains(&self.contains))
    }
}

/// What happens to this request: the effect of the first fault that is for it and does not let it pass. The faults
/// that do have it counted.
pub(crate) fn meet(faults: &mut Vec<Fault>, seen: &Seen<'_>) -> Option<Effect> {
    let place = faults.iter_mut().position(|fault| {
        let due = fault.times > 0 && fault.is_for(seen);
        let passes = due && fault.after > 0;
        fault.after -= u32::from(passes);
        due && !passes
    })?;
    let fault = &mut faults[place];
    fault.times -= 1;
    let effect = fault.effect.clone();
    if fault.times == 0 {
        faults.remove(place);
    }
    Some(effect)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str) -> Seen<'_> {
        Seen {
            listener: Listener::Api,
            method: "POST",
            path,
            decoded: path,
            operation: Some("RunFiles"),
        }
    }

    #[test]
    fn a_fault_lets_some_pass_then_hits_so_many() {
        let mut faults = vec![Fault::on_graphql().after(1).times(2).close()];
        let hits: Vec<bool> = (0..4)
            .map(|_| meet(&mut faults, &seen("/graphql")).is_some())
            .collect();
        assert_eq!(hits, [false, true, true, false]);
        assert!(faults.is_empty());
    }

    #[test]
    fn a_request_that_one_fault_lets_pass_meets_the_next() {
        let mut faults = vec![
            Fault::on_graphql().after(1).reply(500, &[], ""),
            Fault::on_graphql().close(),
        ];
        assert!(matches!(
            meet(&mut faults, &seen("/graphql")).unwrap().action,
            Action::Drop
        ));
        assert!(matches!(
            meet(&mut faults, &seen("/graphql")).unwrap().action,
            Action::Reply { .. }
        ));
    }

    #[test]
    fn faults_queue_up_and_leave_other_requests_alone() {
        let mut faults = vec![
            Fault::on_graphql().operation("Run").close(),
            Fault::on_storage("").close(),
            Fault::on_graphql().operation("RunFiles").reply(500, &[], "first"),
            Fault::on_graphql().reply(503, &[], "second"),
        ];
        for expected in [500, 503] {
            let effect = meet(&mut faults, &seen("/graphql")).unwrap();
            assert!(matches!(effect.action, Action::Reply { status, .. } if status == expected));
        }
        assert!(meet(&mut faults, &seen("/graphql")).is_none());
        assert_eq!(faults.len(), 2);
    }
}
