//! What can go wrong, told so that a person can act on it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

type Cause = Box<dyn Error + Send + Sync>;

/// A transfer that failed for good.
///
/// `Display` says what was being done, to which file and address (signatures masked), what happened, after how many
/// tries, and what to do next; `source()` keeps the cause. [`kind`](Self::kind) is for programs.
pub struct TransferError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: TransferErrorKind,
    message: String,
    attempts: u32,
    elapsed: Duration,
    source: Option<Cause>,
}

/// The kinds of [`TransferError`]. Each says whether it is tried again before it is reported.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferErrorKind {
    /// HTTP 401, or a credential that could not be had. Not tried again.
    Authentication,
    /// HTTP 403 from a server that the credential went to, or that asks for none. Not tried again.
    Permission,
    /// Storage refused a signed address, most often because it has expired, and so did all others of the same source
    /// and those that its [`Renewal`](crate::Renewal), or the [`DestinationRenewal`](crate::DestinationRenewal) of an
    /// upload, gave. Where a redirect led there, it is followed anew, twice.
    Expired,
    /// HTTP 404 or 410. Not tried again, but for the source's other addresses, if the one that says so is signed.
    NotFound,
    /// HTTP 429. Tried again after the wait that the server asks for.
    RateLimited,
    /// HTTP 408, 425 and 5xx, which are tried again, or a status that makes no sense here, which is not. Of uploads, 308
    /// without an address, 409, and S3's `RequestTimeout` are tried again as well, and 501 is not.
    Server,
    /// No connection to any of the addresses, or one that broke. Tried again.
    Network,
    /// The server's certificate is not trusted. Not tried again.
    Certificate,
    /// A server that was silent for too long. Tried again.
    Timeout,
    /// The bytes have not the length or the digest that they must have, or storage says so of what it was sent. Tried
    /// once more; where they are too few, as often as after a broken connection.
    Integrity,
    /// The target exists, and neither replacing nor keeping it was asked for. No request was made, unless the target
    /// appeared meanwhile.
    Exists,
    /// The name cannot be a file below the root: it leads outside, names a folder, is too long, or something stands
    /// in its way. No request was made, unless what stands in the way appeared meanwhile.
    Name,
    /// What is to be uploaded cannot be read: it is not there, is no regular file, or the system refuses it. Not tried
    /// again, and mostly found before a request is sent.
    Unreadable,
    /// A file was written to while it was uploaded. The upload was broken off, so storage has kept nothing of it. Not
    /// tried again.
    Changed,
    /// The disk refused: full, read-only, no permission, or broken. Not tried again.
    Disk,
    /// An address that is not `http` or `https`. Not tried again.
    Address,
    /// A redirect that leads in circles, nowhere, to another scheme, or from `https` to `http`. Not tried again.
    Redirect,
}

impl TransferError {
    /// What went wrong, for programs.
    #[must_use]
    pub fn kind(&self) -> TransferErrorKind {
        self.0.kind
    }

    /// How many tries were made: 0 where no request was sent at all.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time from the first try to this error.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// `doing` is what was attempted, as in `download "a.txt"`.
    pub(crate) fn new(doing: &dyn fmt::Display, failure: Failure, attempts: u32, elapsed: Duration) -> Self {
        let tried = match attempts {
            0 | 1 => String::new(),
            n => format!(" (tried {n} times in {:.1} s)", elapsed.as_secs_f64()),
        };
        let next = match failure.next {
            "" => String::new(),
            next => format!("; {next}"),
        };
        Self(Box::new(Inner {
            kind: failure.kind,
            message: format!("cannot {doing}: {}{tried}{next}", failure.what),
            attempts,
            elapsed,
            source: failure.source,
        }))
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferError")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("attempts", &self.0.attempts)
            .field("elapsed", &self.0.elapsed)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for TransferError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// One try that failed: what happened, what a person can do, and whether another try may help.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: TransferErrorKind,
    what: String,
    next: &'static str,
    pub(crate) again: Again,
    /// What it says of the address that was asked.
    pub(crate) blame: Option<Blame>,
    source: Option<Cause>,
}

/// Why another address of the same object may do where this one did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// It will not work again.
    Dead,
    /// What it redirected to was refused: it may redirect to something better the next time.
    Refused,
    /// Its host could not be reached.
    Unreachable,
}

/// Whether another try may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    No,
    /// As often as the retry policy has it, after the wait that the server asked for.
    Policy(Option<Duration>),
    /// Once: a second answer that is wrong in the same way is the truth.
    Refetch,
    /// Twice: the redirect gives a fresh signed address each time.
    Renew,
}

impl Failure {
    pub(crate) fn new(kind: TransferErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            next: "",
            again: Again::No,
            blame: None,
            source: None,
        }
    }

    pub(crate) fn no_address() -> Self {
        Self::new(TransferErrorKind::Address, "there is no address")
            .next("list the file again for a fresh one")
    }

    /// Says that something else went wrong after it.
    pub(crate) fn and(mut self, what: &str) -> Self {
        self.what = format!("{}, and {what}", self.what);
        self
    }

    pub(crate) fn blame(mut self, blame: Blame) -> Self {
        self.blame = Some(blame);
        self
    }

    /// What to do about it.
    pub(crate) fn next(mut self, next: &'static str) -> Self {
        self.next = next;
        self
    }

    pub(crate) fn again(mut self, again: Again) -> Self {
        self.again = again;
        self
    }

    pub(crate) fn source(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The wait that the server asked for.
    pub(crate) fn asked(&self) -> Option<Duration> {
        match self.again {
            Again::Policy(asked) => asked,
            Again::No | Again::Refetch | Again::Renew => None,
        }
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }
}
