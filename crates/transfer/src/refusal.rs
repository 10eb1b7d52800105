//! What an answer without the bytes means.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use url::Url;
use wandb_http::{Redacted, redact_text, retry_after};

use crate::TransferErrorKind;
use crate::attempt::is_signed;
use crate::error::{Again, Blame, Failure};

/// No more of a refusal's body is read than this, nor for longer.
const BODY_LIMIT: usize = 4096;
const BODY_TIME: Duration = Duration::from_secs(5);
/// No more of it is shown than this.
const SHOWN: usize = 200;

/// Reads the refusal `response`, which came from `url`: `authorized` says whether a credential was sent, `redirected`
/// whether another server sent us there.
pub(crate) async fn refusal(response: Response, url: &Url, authorized: bool, redirected: bool) -> Failure {
    let Heard {
        status,
        asked,
        said,
        what,
    } = Heard::read(response, url).await;
    let failure = |kind| Failure::new(kind, &what);
    match status {
        _ if is_storage_refusal(status, &said, authorized, redirected || url.query().is_some()) => expired(
            failure(TransferErrorKind::Expired),
            redirected,
            "the address has expired or allows no reading: list the file again for a fresh one",
        ),
        StatusCode::UNAUTHORIZED => failure(TransferErrorKind::Authentication).next(unauthorized(authorized)),
        StatusCode::FORBIDDEN => failure(TransferErrorKind::Permission)
            .next("ask the owner of the project for access, or use another API key"),
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            let gone = failure(TransferErrorKind::NotFound)
                .next("the file is not there, or was deleted: list the run's files");
            match (is_signed(url), redirected) {
                (true, false) => gone.blame(Blame::Dead),
                (true, true) => gone.blame(Blame::Refused),
                (false, _) => gone,
            }
        }
        StatusCode::TOO_MANY_REQUESTS => limited(what, asked),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => server(what, asked),
        _ if status.is_server_error() => server(what, asked),
        _ => failure(TransferErrorKind::Server).next("this is not how a file is sent: check the address"),
    }
}

/// What storage does not take: `next` is what to do about an address that the server listed.
fn expired(failure: Failure, redirected: bool, next: &'static str) -> Failure {
    if redirected {
        failure
            .next("storage does not take the address that the server gave: check this machine's clock, or ask who runs the server")
            .again(Again::Renew)
            .blame(Blame::Refused)
    } else {
        failure.next(next).blame(Blame::Dead)
    }
}

/// Reads the refusal of an upload, as [`refusal`] does of a download.
///
/// What is tried again is what the SDK does (`sdk/internal/internal_api.py`, `upload_file`), and all of 5xx but 501.
pub(crate) async fn upload_refusal(
    response: Response,
    url: &Url,
    authorized: bool,
    redirected: bool,
) -> Failure {
    let Heard {
        status,
        asked,
        said,
        what,
    } = Heard::read(response, url).await;
    let failure = |kind| Failure::new(kind, &what);
    match status {
        _ if is_storage_refusal(status, &said, authorized, redirected || url.query().is_some()) => expired(
            failure(TransferErrorKind::Expired),
            redirected,
            "the address has expired, or does not allow this upload: ask for a fresh one, and check this machine's clock",
        ),
        StatusCode::UNAUTHORIZED => failure(TransferErrorKind::Authentication).next(unauthorized(authorized)),
        StatusCode::FORBIDDEN => failure(TransferErrorKind::Permission)
            .next("ask the owner of the project for the right to write, or use another API key"),
        StatusCode::NOT_FOUND | StatusCode::GONE => failure(TransferErrorKind::NotFound)
            .next("what the upload belongs to is not there, or was deleted: check the run"),
        StatusCode::TOO_MANY_REQUESTS => limited(what, asked),
        StatusCode::BAD_REQUEST if said.is_code("BadDigest") => failure(TransferErrorKind::Integrity)
            .next("the bytes were changed on the way, or are not those that the digest was given for")
            .again(Again::Refetch),
        StatusCode::BAD_REQUEST if said.is_code("RequestTimeout") || said.is_code("IncompleteBody") => {
            server(what, asked)
        }
        StatusCode::PERMANENT_REDIRECT
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::CONFLICT
        | StatusCode::TOO_EARLY => server(what, asked),
        StatusCode::PAYLOAD_TOO_LARGE => {
            failure(TransferErrorKind::Server).next("the server takes no file of this size")
        }
        StatusCode::NOT_IMPLEMENTED => {
            failure(TransferErrorKind::Server).next("the server takes no files this way: tell who runs it")
        }
        _ if status.is_server_error() => server(what, asked),
        _ => failure(TransferErrorKind::Server).next("this is not how a file is taken: check the address"),
    }
}

/// Reads what is left of an answer that needs no reading, so that its connection can be used again.
pub(crate) async fn drain(response: Response) {
    start_of(response).await;
}

/// A refusal, as it came.
struct Heard {
    status: StatusCode,
    /// The wait that was asked for.
    asked: Option<Duration>,
    said: Said,
    /// All of it, for a message.
    what: String,
}

impl Heard {
    async fn read(response: Response, url: &Url) -> Self {
        let status = response.status();
        let asked = retry_after(|name| response.headers().get(name)?.to_str().ok());
        let said = Said::new(&start_of(response).await);
        let wait = asked
            .filter(|wait| !wait.is_zero())
            .map_or(String::new(), |wait| {
                format!(" and asked to wait {:.0} s", wait.as_secs_f64())
            });
        let what = format!("{} answered {status}{}{wait}", Redacted(url), said.shown());
        Self {
            status,
            asked,
            said,
            what,
        }
    }
}

fn unauthorized(authorized: bool) -> &'static str {
    if authorized {
        "the API key was not taken: check that it is one for this server"
    } else {
        "no credential was sent there: set an API key for this server"
    }
}

fn limited(what: String, asked: Option<Duration>) -> Failure {
    Failure::new(TransferErrorKind::RateLimited, what)
        .next("wait, then run again with fewer transfers at once")
        .again(Again::Policy(asked))
}

fn server(what: String, asked: Option<Duration>) -> Failure {
    Failure::new(TransferErrorKind::Server, what)
        .next("the server has trouble: try again later")
        .again(Again::Policy(asked))
}

/// Storage refuses a signed address with 403 and, where it names a token that has expired, 400 or 401. A server that
/// was shown a credential refuses the credential.
fn is_storage_refusal(status: StatusCode, said: &Said, authorized: bool, signed: bool) -> bool {
    !authorized
        && match status {
            StatusCode::FORBIDDEN => signed || said.xml,
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => said.xml && said.text.contains("Expired"),
            _ => false,
        }
}

async fn start_of(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    // A refusal that cannot be read to its end is a refusal all the same.
    let _ = tokio::time::timeout(BODY_TIME, async {
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend_from_slice(&piece);
            if body.len() >= BODY_LIMIT {
                break;
            }
        }
    })
    .await;
    body.truncate(BODY_LIMIT);
    body
}

/// The words of a refusal's body, fit to be shown.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    /// Whether it is XML, as from object storage.
    xml: bool,
    text: String,
}

impl Said {
    fn new(body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let code = between(&body, "<Code>", "</Code>");
        let xml = code.is_some() || body.trim_start().starts_with("<?xml");
        // Of storage's XML only these two: the rest may repeat the signature and what was signed.
        let text = if xml {
            match (code, between(&body, "<Message>", "</Message>")) {
                (Some(code), Some(message)) => format!("{code}: {message}"),
                (code, message) => code.or(message).unwrap_or_default().to_owned(),
            }
        } else {
            body.into_owned()
        };
        Self {
            xml,
            text: presentable(&text),
        }
    }

    /// Whether storage's XML names its refusal so.
    fn is_code(&self, code: &str) -> bool {
        self.xml && self.text.starts_with(code)
    }

    fn shown(&self) -> String {
        if self.text.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.text)
        }
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

/// One short line without control characters and without the queries of addresses, absolute or not.
fn presentable(text: &str) -> String {
    let words: Vec<String> = redact_text(text)
        .split_whitespace()
        .map(|word| match word.split_once('?') {
            Some((path, query)) if query.contains('=') => format!("{path}?***"),
            _ => word.to_owned(),
        })
        .collect();
    let line = words.join(" ");
    let mut shown: String = line.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_xml_only_code_and_message_show() {
        let said = Said::new(
            b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message>\
              <CanonicalRequest>GET X-Amz-Signature=abc</CanonicalRequest></Error>",
        );
        assert_eq!(said.shown(), " (AccessDenied: Request has expired)");
        assert!(said.xml);
        assert_eq!(Said::new(b"<?xml version=\"1.0\"?><Odd/>").shown(), "");
    }

    #[test]
    fn other_bodies_show_their_first_words_without_signatures() {
        let html =
            "<html>\r\n\t<a href=\"/k?sig=abc\">no\x1b[31m</a> https://s/k?sig=abc and why? because</html>";
        let shown = Said::new(html.as_bytes()).shown();
        assert!(
            !shown.contains("abc") && !shown.contains('\x1b') && !shown.contains('\n'),
            "{shown}"
        );
        assert!(shown.contains("why? because"), "{shown}");
        let long = Said::new("é".repeat(5000).as_bytes()).shown();
        assert_eq!(long.chars().count(), SHOWN + " (…)".chars().count());
    }
}
