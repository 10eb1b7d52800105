//! One try: the request, its redirects, and the body that comes back.

use bytes::Bytes;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_RANGE, LOCATION, RANGE,
};
use reqwest::{Response, StatusCode};
use url::Url;
use wandb_http::{CERTIFICATE_HELP, Redacted, innermost, is_untrusted_certificate, retry_after};

use crate::content::Encoding;
use crate::error::{Again, Blame, Failure};
use crate::refusal::refusal;
use crate::{Transfer, TransferErrorKind};

pub(crate) const MAX_REDIRECTS: usize = 10;

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: u64,
    /// The first byte that is not asked for; `None` for all to the end.
    pub(crate) to: Option<u64>,
    /// A strong entity tag: a body that has another one comes whole.
    pub(crate) etag: Option<String>,
}

impl Transfer {
    /// Sends the request for what is at `url`, or for a `range` of it, until a server answers with bytes, or says that
    /// it has none in that range.
    pub(crate) async fn open(&self, url: &Url, range: Option<&Range>) -> Result<Body, Failure> {
        let mut url = fetchable(url)?;
        for hop in 0..=MAX_REDIRECTS {
            let (response, authorized) = self.send(&url, range).await?;
            match response.status() {
                StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION | StatusCode::NO_CONTENT => {
                    return Ok(Body::new(response, url));
                }
                StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if range.is_some() => {
                    return Ok(Body::new(response, url));
                }
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => url = next_hop(&url, response.headers())?,
                status => {
                    let asked = retry_after(|name| response.headers().get(name)?.to_str().ok());
                    self.inner
                        .pace
                        .heard(&url, status.as_u16(), asked, &self.inner.retry);
                    return Err(refusal(response, &url, authorized, hop > 0).await);
                }
            }
        }
        Err(circles(&url))
    }

    /// Sends one request; the flag says whether a credential went with it.
    async fn send(&self, url: &Url, range: Option<&Range>) -> Result<(Response, bool), Failure> {
        self.inner.pace.ready(url).await;
        let mut request = self
            .inner
            .http
            .get(url.clone())
            .header(ACCEPT_ENCODING, "identity");
        let authorization = self.authorization(url).await?;
        let authorized = authorization.is_some();
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(Range { from, to, etag }) = range {
            let last = to.map_or(String::new(), |to| (to - 1).to_string());
            request = request.header(RANGE, format!("bytes={from}-{last}"));
            if let Some(etag) = etag {
                request = request.header(IF_RANGE, etag);
            }
        }
        let response = request.send().await.map_err(|error| unanswered(url, error))?;
        Ok((response, authorized))
    }

    /// The credential for a request to `url`, if that may see one.
    pub(crate) async fn authorization(&self, url: &Url) -> Result<Option<HeaderValue>, Failure> {
        if is_signed(url) {
            return Ok(None);
        }
        let failure = |what: String| Failure::new(TransferErrorKind::Authentication, what);
        let credential = self.inner.credentials.current().await.map_err(|error| {
            failure(format!("no credential could be had: {error}"))
                .next("see that the API key or the identity token is right")
                .source(error)
        })?;
        let Some(header) = credential
            .as_ref()
            .and_then(|credential| credential.header_for(url))
        else {
            return Ok(None);
        };
        let mut value = HeaderValue::from_str(header).map_err(|_| {
            failure("the credential holds characters that no HTTP header may hold".to_owned())
                .next("see that the key was copied without line breaks")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// The bytes of an answer, and what its header says of them.
#[derive(Debug)]
pub(crate) struct Body {
    response: Response,
    /// Where it came from in the end.
    pub(crate) url: Url,
    /// The length that the header announces, encoded as the body is.
    pub(crate) length: Option<u64>,
    pub(crate) encoding: Encoding,
    /// The entity tag, where it is a strong one.
    pub(crate) etag: Option<String>,
    /// The first byte of a partial answer (none, where there are no bytes in the range), and the length of the whole
    /// where it is told; `None` for a whole answer.
    pub(crate) part: Option<Part>,
    received: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) from: Option<u64>,
    pub(crate) whole: Option<u64>,
}

impl Body {
    fn new(response: Response, url: Url) -> Self {
        let headers = response.headers();
        let partial = matches!(
            response.status(),
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE
        );
        let part = partial.then(|| part(text(headers, &CONTENT_RANGE)));
        Self {
            url,
            length: response.content_length(),
            encoding: Encoding::named(text(headers, &CONTENT_ENCODING)),
            etag: Some(text(headers, &ETAG))
                .filter(|tag| tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"'))
                .map(str::to_owned),
            part,
            received: 0,
            response,
        }
    }

    /// Whether it is the part of `size` bytes that `range` asks for.
    pub(crate) fn fits(&self, range: &Range, size: Option<u64>) -> bool {
        let same_tag = self.etag.is_none() || range.etag.is_none() || self.etag == range.etag;
        self.part.is_some_and(|part| {
            part.from == Some(range.from) && (part.whole.is_none() || size.is_none() || part.whole == size)
        }) && same_tag
            && self.encoding == Encoding::Identity
    }

    /// Whether there is nothing in the range that was asked for.
    pub(crate) fn is_out_of_range(&self) -> bool {
        self.response.status() == StatusCode::RANGE_NOT_SATISFIABLE
    }

    /// The next piece, or `None` once all that was announced has come.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match self.response.chunk().await {
            Ok(Some(piece)) => {
                self.received += piece.len() as u64;
                Ok(Some(piece))
            }
            Ok(None) if self.length.is_none_or(|length| length == self.received) => Ok(None),
            Ok(None) => Err(self.broken(None)),
            Err(error) => Err(self.broken(Some(error))),
        }
    }

    /// The bytes that have come, encoded as the body is.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    fn broken(&self, error: Option<reqwest::Error>) -> Failure {
        let came = match self.length {
            Some(length) => format!("{} of {length} bytes", self.received),
            None => format!("{} bytes", self.received),
        };
        let Some(error) = error else {
            return network(format!("the connection was closed after {came}"));
        };
        let error = error.without_url();
        if error.is_timeout() {
            silent(format!("the server went silent after {came}")).source(error)
        } else {
            network(format!(
                "the connection broke off after {came}: {}",
                innermost(&error)
            ))
            .source(error)
        }
    }
}

/// `url` as it is requested: `http` or `https`, without a user name and password, which would be sent as a
/// credential, and without a fragment.
pub(crate) fn fetchable(url: &Url) -> Result<Url, Failure> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Failure::new(
            TransferErrorKind::Address,
            format!(
                "it is a {}: address, and only http and https can be asked",
                url.scheme()
            ),
        )
        .next("fetch a reference with the tools of the storage that it points to"));
    }
    Ok(bare(url))
}

fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for addresses that can hold neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url
}

/// Whether the address carries its own permission, in the forms of S3, GCS, Azure and their older ones.
pub(crate) fn is_signed(url: &Url) -> bool {
    url.query_pairs().any(|(key, _)| {
        ["x-amz-signature", "x-goog-signature", "signature", "sig"]
            .iter()
            .any(|name| key.eq_ignore_ascii_case(name))
    })
}

pub(crate) fn next_hop(from: &Url, headers: &HeaderMap) -> Result<Url, Failure> {
    let location = headers
        .get(LOCATION)
        .and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let Some(location) = location else {
        return Err(redirect(format!(
            "{} redirects without saying where",
            Redacted(from)
        )));
    };
    let to = from
        .join(location)
        .map_err(|error| redirect(format!("{} redirects to no address: {error}", Redacted(from))))?;
    match (from.scheme(), to.scheme()) {
        ("https", "http") => Err(redirect(format!(
            "{} redirects to {}, from https down to http, where anyone on the way could read and change the bytes",
            Redacted(from),
            Redacted(&to)
        ))),
        (_, "http" | "https") => Ok(bare(&to)),
        (_, scheme) => Err(redirect(format!(
            "{} redirects to a {scheme}: address, and only http and https are followed",
            Redacted(from)
        ))),
    }
}

/// All redirects that are followed have led to another one, last to `url`.
pub(crate) fn circles(url: &Url) -> Failure {
    redirect(format!(
        "it was redirected {MAX_REDIRECTS} times and then again, last to {}: the servers send it in circles",
        Redacted(url)
    ))
}

pub(crate) fn redirect(what: String) -> Failure {
    Failure::new(TransferErrorKind::Redirect, what).next("tell who runs the server")
}

pub(crate) fn unanswered(url: &Url, error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let host = Redacted(url);
    if error.is_builder() {
        return Failure::new(
            TransferErrorKind::Address,
            format!("{host} cannot be requested: {}", innermost(&error)),
        )
        .source(error);
    }
    if is_untrusted_certificate(&error) {
        let what = format!("the certificate of {host} is not trusted: {}", innermost(&error));
        return Failure::new(TransferErrorKind::Certificate, what)
            .next(CERTIFICATE_HELP)
            .blame(Blame::Unreachable)
            .source(error);
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => silent(format!("no connection to {host} was made in the time allowed")),
        (false, true) => silent(format!("{host} did not answer in the time allowed")),
        (true, false) => network(format!("no connection to {host}: {}", innermost(&error))),
        (false, false) => network(format!("no answer from {host}: {}", innermost(&error))),
    }
    .blame(Blame::Unreachable)
    .source(error)
}

pub(crate) fn network(what: String) -> Failure {
    Failure::new(TransferErrorKind::Network, what)
        .next("check the network and the proxy settings, then run again")
        .again(Again::Policy(None))
}

pub(crate) fn silent(what: String) -> Failure {
    Failure::new(TransferErrorKind::Timeout, what)
        .next("check the network, then run again")
        .again(Again::Policy(None))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
        .trim()
}

/// Reads `bytes FROM-TO/WHOLE`, where the whole may be `*`.
fn part(content_range: &str) -> Part {
    let range = content_range.strip_prefix("bytes ").unwrap_or("");
    let (span, whole) = range.split_once('/').unwrap_or((range, ""));
    Part {
        from: span
            .split_once('-')
            .and_then(|(from, _)| from.trim().parse().ok()),
        whole: whole.trim().parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        let read = |text| {
            let part = part(text);
            (part.from, part.whole)
        };
        assert_eq!(read("bytes 5-9/10"), (Some(5), Some(10)));
        assert_eq!(read("bytes 5-9/*"), (Some(5), None));
        assert_eq!(read("bytes */10"), (None, Some(10)));
        assert_eq!(read("nonsense"), (None, None));
    }

    fn hop(from: &str, location: &str) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_str(location).expect("a header"));
        next_hop(&Url::parse(from).expect("an address"), &headers)
            .map(|url| url.to_string())
            .map_err(|failure| failure.what().to_owned())
    }

    #[test]
    fn where_a_redirect_may_lead() {
        assert_eq!(hop("http://a/b/c", "../d?x=1"), Ok("http://a/d?x=1".to_owned()));
        assert_eq!(hop("http://a/", "https://b/"), Ok("https://b/".to_owned()));
        assert_eq!(hop("http://a/", "//u:p@b/x#y"), Ok("http://b/x".to_owned()));
        let down = hop("https://a/", "http://b/?sig=abc").expect_err("a downgrade");
        assert!(
            down.contains("from https down to http") && !down.contains("abc"),
            "{down}"
        );
        for location in ["file:///etc/passwd", "data:,x", "ftp://a/b"] {
            let other = hop("http://a/", location).expect_err(location);
            assert!(other.contains("only http and https"), "{other}");
        }
        hop("http://a/", "http://").expect_err("no address");
    }

    #[test]
    fn signed_addresses() {
        for (address, signed) in [
            ("https://s/k?X-Amz-Date=1&X-Amz-Signature=2", true),
            ("https://s/k?X-Goog-Signature=2", true),
            ("https://s/k?Expires=1&Signature=2", true),
            ("https://s/k?se=1&sig=2", true),
            ("https://s/k?design=1", false),
            ("https://s/sig", false),
        ] {
            assert_eq!(
                is_signed(&Url::parse(address).expect("an address")),
                signed,
                "{address}"
            );
        }
    }
}
