//! The storage listener: objects under signed addresses, as S3 serves them.

use crate::artifact_home;
use crate::effect::drain;
use crate::file_path::FilePath;
use crate::objects::Unstored;
use crate::range::{self, Part};
use crate::signing::Refusal;
use crate::state::{Arrival, BUCKET, State};
use crate::store::{FileRow, RunRow};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use std::io::SeekFrom;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

const CHUNK: usize = 64 << 10;

pub(crate) fn router(state: Arc<State>) -> Router {
    Router::new().fallback(serve).with_state(state)
}

/// An answer that is an error, with the body that S3 gives.
struct Xml(StatusCode, &'static str, String);

impl IntoResponse for Xml {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}

fn refuse(status: StatusCode, code: &'static str, message: impl Into<String>) -> Xml {
    Xml(status, code, message.into())
}

fn failed(error: &crate::Error) -> Xml {
    refuse(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalError",
        error.to_string(),
    )
}

async fn serve(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let path = match open(&state, &request) {
        Ok(path) => path,
        Err(refusal) => {
            drain(request.into_body()).await;
            return refusal.into_response();
        }
    };
    let served = match *request.method() {
        Method::GET => get(&state, &path, request.headers(), true).await,
        Method::HEAD => get(&state, &path, request.headers(), false).await,
        Method::PUT => return take(&state, &path, request).await,
        _ => Err(refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "The method is not allowed here",
        )),
    };
    served.unwrap_or_else(IntoResponse::into_response)
}

/// Checks the signature; the file that the address is for.
fn open(state: &State, request: &Request) -> Result<FilePath, Xml> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return Err(refuse(
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
            "Only one auth mechanism allowed: a signed address and an Authorization header were both sent",
        ));
    }
    let denied = |code, message: &str| Err(refuse(StatusCode::FORBIDDEN, code, message));
    let path = request
        .uri()
        .path()
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(BUCKET));
    let Some(path) = path
        .and_then(|path| path.strip_prefix('/'))
        .and_then(FilePath::decode)
    else {
        return denied("AccessDenied", "Access Denied");
    };
    let query = request.uri().query().unwrap_or_default();
    match state.signer.check(request.method().as_str(), &path, query) {
        Ok(()) => Ok(path),
        Err(Refusal::Expired) => denied("AccessDenied", "Request has expired"),
        Err(Refusal::Unsigned) => denied("AccessDenied", "Access Denied"),
        Err(Refusal::Wrong) => denied(
            "SignatureDoesNotMatch",
            "The signature does not match the method, the path and the expiry",
        ),
    }
}

async fn get(state: &State, path: &FilePath, headers: &HeaderMap, with_body: bool) -> Result<Response, Xml> {
    let row = state.store.file(path).await.map_err(|error| failed(&error))?;
    let missing = || {
        refuse(
            StatusCode::NOT_FOUND,
            "NoSuchKey",
            "The specified key does not exist.",
        )
    };
    let row = row.ok_or_else(missing)?;
    let object = row.object.as_deref().ok_or_else(missing)?;
    let whole = u64::try_from(row.size).unwrap_or_default();
    // A small one is read at once: a file that is open goes to and fro between threads with each of its steps.
    let content = if whole <= CHUNK as u64 {
        state.objects.read_bytes(object).await.map(Content::Bytes)
    } else {
        state.objects.read(object).await.map(Content::File)
    };
    let content = content.map_err(|_| missing())?;
    let etag = etag(&row);
    let modified = modified(&row);
    if header_text(headers, header::IF_MATCH.as_str()).is_some_and(|wanted| wanted != "*" && wanted != etag) {
        return Err(refuse(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
        ));
    }
    let unchanged = header_text(headers, header::IF_RANGE.as_str())
        .is_none_or(|known| known == etag || known == modified);
    let asked = header_text(headers, header::RANGE.as_str()).filter(|_| unchanged);
    let part = asked.map_or(Part::Whole, |asked| range::read(asked, whole));
    let mut response = Response::builder()
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, etag)
        .header(header::LAST_MODIFIED, modified)
        .header(
            header::CONTENT_TYPE,
            row.mimetype.as_deref().unwrap_or("application/octet-stream"),
        );
    let (start, length) = match part {
        Part::Whole => (0, whole),
        Part::Slice { start, length } => {
            let last = start + length - 1;
            response = response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, format!("bytes {start}-{last}/{whole}"));
            (start, length)
        }
        Part::Outside => {
            let refusal = refuse(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The requested range is not satisfiable",
            );
            let mut response = refusal.into_response();
            if let Ok(value) = HeaderValue::try_from(format!("bytes */{whole}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            return Ok(response);
        }
    };
    let body = if with_body {
        content.body(start, length).await.ok_or_else(|| {
            refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "The object is unreadable",
            )
        })?
    } else {
        Body::empty()
    };
    response
        .header(header::CONTENT_LENGTH, length)
        .body(body)
        .map_err(|error| {
            refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                error.to_string(),
            )
        })
}

/// What an object holds.
enum Content {
    Bytes(Bytes),
    File(File),
}

impl Content {
    /// So many bytes from `start` on; none where they cannot be read.
    async fn body(self, start: u64, length: u64) -> Option<Body> {
        match self {
            Self::Bytes(bytes) => {
                let range = usize::try_from(start).ok()?..usize::try_from(start + length).ok()?;
                bytes.get(range.clone())?;
                Some(Body::from(bytes.slice(range)))
            }
            Self::File(mut file) => {
                file.seek(SeekFrom::Start(start)).await.ok()?;
                Some(Body::from_stream(ReaderStream::with_capacity(
                    file.take(length),
                    CHUNK,
                )))
            }
        }
    }
}

/// Takes an upload that is allowed to come, as far as the storage itself has no objection.
pub(crate) async fn take(state: &State, path: &FilePath, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let taken = match admit(state, path, &parts.headers).await {
        Ok(run) => put(state, &run, path, &parts.headers, body).await,
        Err(refusal) => {
            drain(body).await;
            Err(refusal)
        }
    };
    taken.unwrap_or_else(IntoResponse::into_response)
}

/// Checks what can be known of an upload before its body comes; the run that it goes to.
async fn admit(state: &State, path: &FilePath, headers: &HeaderMap) -> Result<RunRow, Xml> {
    if !headers.contains_key(header::CONTENT_LENGTH) {
        return Err(refuse(
            StatusCode::LENGTH_REQUIRED,
            "MissingContentLength",
            "You must provide the Content-Length HTTP header",
        ));
    }
    let (name, value) = state.upload_header();
    let sent = header_text(headers, name);
    if sent != Some(value) {
        let message = format!("The upload header {name} is missing or wrong");
        return Err(match (state.behaviour.azure, sent) {
            (false, _) => refuse(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message),
            (true, None) => refuse(StatusCode::BAD_REQUEST, "MissingRequiredHeader", message),
            (true, Some(_)) => refuse(StatusCode::BAD_REQUEST, "InvalidHeaderValue", message),
        });
    }
    let project = state.store.project(&path.entity, &path.project).await;
    let run = match project.map_err(|error| failed(&error))? {
        Some(project) => state.store.run(project.id, &path.run).await,
        None => Ok(None),
    };
    run.map_err(|error| failed(&error))?.ok_or_else(|| {
        refuse(
            StatusCode::NOT_FOUND,
            "NoSuchBucket",
            "The run that the address is for does not exist",
        )
    })
}

async fn put(
    state: &State,
    run: &RunRow,
    path: &FilePath,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Xml> {
    let content_type = header_text(headers, header::CONTENT_TYPE.as_str()).map(ToOwned::to_owned);
    let promised = header_text(headers, "content-md5");
    let bytes = body.into_data_stream();
    // The files of an artifact are listed once it is committed, whatever becomes of those of runs.
    let arrival = match artifact_home::read(path) {
        Some(_) => Arrival::Given,
        None => Arrival::Uploaded,
    };
    let stored = state
        .put(run.id, &path.name, content_type, promised, bytes, arrival)
        .await;
    match stored {
        Ok(stored) => {
            let etag = quoted_hex(&stored.md5);
            let status = match state.behaviour.azure {
                true => StatusCode::CREATED,
                false => StatusCode::OK,
            };
            Ok((status, [(header::ETAG, etag)]).into_response())
        }
        Err(Unstored::Body) => Err(refuse(
            StatusCode::BAD_REQUEST,
            "IncompleteBody",
            "The request body ended before its announced length",
        )),
        Err(Unstored::Digest) => Err(refuse(
            StatusCode::BAD_REQUEST,
            "BadDigest",
            "The Content-MD5 you specified did not match what we received",
        )),
        Err(Unstored::Disk(error)) => Err(failed(&error)),
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn etag(row: &FileRow) -> String {
    quoted_hex(row.md5.as_deref().unwrap_or_default())
}

/// S3 names an object by the hexadecimal md5 of its bytes; the API has it in base64.
fn quoted_hex(md5: &str) -> String {
    format!(
        "\"{}\"",
        crate::signing::hex(&STANDARD.decode(md5).unwrap_or_default())
    )
}

fn modified(row: &FileRow) -> String {
    let time = Timestamp::from_second(row.updated_at.unwrap_or_default()).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
