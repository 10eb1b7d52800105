//! A server that answers exactly as a test says, down to the moment in which it closes the connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    headers: HashMap<String, String>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The first byte that is asked for, and the one after the last.
    pub(crate) fn range(&self) -> Option<(usize, Option<usize>)> {
        let (from, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((
            from.parse().ok()?,
            last.parse::<usize>().ok().map(|last| last + 1),
        ))
    }
}

/// Something that a test does while the server holds a request.
type Deed = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// What `Content-Length` says; `None` leaves it out.
    length: Option<usize>,
    chunked: bool,
    stall: bool,
    /// How much of the request's body is read before the answer is sent; the rest never is.
    take: usize,
    /// Done once so much of it has been read.
    at: Option<(usize, Deed)>,
    /// The wait after every half a mebibyte of it.
    pause: Duration,
    reset: bool,
    slam: bool,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} after {} bytes", self.status, self.take)
    }
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self {
            status,
            headers: Vec::new(),
            length: Some(body.len()),
            body,
            chunked: false,
            stall: false,
            take: usize::MAX,
            at: None,
            pause: Duration::ZERO,
            reset: false,
            slam: false,
        }
    }

    /// Answers after so many bytes of the request's body, and reads no more.
    pub(crate) fn take(mut self, bytes: usize) -> Self {
        self.take = bytes;
        self
    }

    /// Does something once so many bytes of the request's body have been read.
    pub(crate) fn at(mut self, bytes: usize, deed: impl Fn() + Send + Sync + 'static) -> Self {
        self.at = Some((bytes, Arc::new(deed)));
        self
    }

    /// Reads the request's body slowly.
    pub(crate) fn slowly(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Closes the connection right after the answer, even while the client sends.
    pub(crate) fn slam(mut self) -> Self {
        self.slam = true;
        self
    }

    /// Closes the connection in place of an answer, even while the client sends.
    pub(crate) fn reset(mut self) -> Self {
        self.reset = true;
        self
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    /// What a server that knows ranges answers, with this entity tag if it is not empty.
    pub(crate) fn ranged(request: &Request, body: &[u8], etag: &str) -> Self {
        let tagged = |reply: Self| {
            if etag.is_empty() {
                reply
            } else {
                reply.header("ETag", etag)
            }
        };
        let changed = request.header("if-range").is_some_and(|known| known != etag);
        let Some((from, to)) = request.range().filter(|_| !changed) else {
            return tagged(Self::ok(body));
        };
        if from >= body.len() {
            return tagged(Self::new(416, "").header("Content-Range", format!("bytes */{}", body.len())));
        }
        let to = to.map_or(body.len(), |to| to.min(body.len()));
        let range = format!("bytes {from}-{}/{}", to - 1, body.len());
        tagged(Self::new(206, &body[from..to]).header("Content-Range", range))
    }

    pub(crate) fn redirect(to: impl Into<String>) -> Self {
        Self::new(302, "").header("Location", to)
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body_length(&self) -> usize {
        self.body.len()
    }

    /// Announces the whole body, and closes the connection after `bytes` of it.
    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    /// Says nothing of the length: the body ends with the connection.
    pub(crate) fn until_close(mut self) -> Self {
        self.length = None;
        self
    }

    /// Sends the body as one chunk of an encoding that ends by itself.
    pub(crate) fn chunked(mut self) -> Self {
        self.length = None;
        self.chunked = true;
        self
    }

    /// Is silent after the (maybe cut) body; or, where the request has one, after reading it, in place of an answer.
    pub(crate) fn stall(mut self) -> Self {
        self.stall = true;
        self
    }
}

/// Closes when it is dropped.
pub(crate) struct Server {
    url: Url,
    seen: Arc<Mutex<Vec<Request>>>,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers the n-th request, from 0, with `answer(n, request)`.
    pub(crate) async fn start(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let (requests, stored, answer) = (Arc::clone(&seen), Arc::clone(&bodies), Arc::new(answer));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (requests, stored, answer) =
                    (Arc::clone(&requests), Arc::clone(&stored), Arc::clone(&answer));
                connections.spawn(async move {
                    // The client may go away whenever it likes.
                    let _ = serve(socket, &requests, &stored, &*answer).await;
                });
            }
        });
        Self {
            url: url.parse().expect("an address"),
            seen,
            bodies,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.url.join(path).expect("an address")
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("no panic").clone()
    }

    /// The bodies that came whole, as far as the server read on to their end.
    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().expect("no panic").clone()
    }

    /// The first bytes that were asked for: 0 where no range was.
    pub(crate) fn froms(&self) -> Vec<usize> {
        let requests = self.requests();
        requests
            .iter()
            .map(|request| request.range().map_or(0, |(from, _)| from))
            .collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.requests().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    socket: TcpStream,
    seen: &Mutex<Vec<Request>>,
    bodies: &Mutex<Vec<Vec<u8>>>,
    answer: &(impl Fn(usize, &Request) -> Reply + ?Sized),
) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let request = Request {
        method: lines[0].split(' ').next().expect("a method").to_owned(),
        target: lines[0].split(' ').nth(1).expect("a target").to_owned(),
        headers: lines[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
    };
    let reply = {
        let mut seen = seen.lock().expect("no panic");
        seen.push(request.clone());
        let n = seen.len() - 1;
        drop(seen);
        answer(n, &request)
    };
    if let Some(length) = request.header("content-length") {
        let length: usize = length.parse().expect("a length");
        let mut body = vec![0; length.min(reply.take)];
        let deed_at = reply.at.as_ref().map_or(0, |(at, _)| (*at).min(body.len()));
        let (before, after) = body.split_at_mut(deed_at);
        socket.read_exact(before).await?;
        if let Some((_, deed)) = &reply.at {
            deed();
        }
        for part in after.chunks_mut(512 << 10) {
            socket.read_exact(part).await?;
            tokio::time::sleep(reply.pause).await;
        }
        if reply.reset {
            return Ok(());
        }
        if reply.stall {
            std::future::pending::<()>().await;
        }
        if body.len() == length {
            bodies.lock().expect("no panic").push(body);
        }
    }
    let mut head = vec![
        format!("HTTP/1.1 {} Status", reply.status),
        "Connection: close".to_owned(),
    ];
    head.extend(
        reply
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}")),
    );
    head.extend(reply.length.map(|length| format!("Content-Length: {length}")));
    let mut body = reply.body.clone();
    if reply.chunked {
        head.push("Transfer-Encoding: chunked".to_owned());
        body.splice(0..0, format!("{:x}\r\n", reply.body.len()).into_bytes());
        body.extend_from_slice(b"\r\n0\r\n\r\n");
    }
    let head = head.join("\r\n");
    socket.write_all(format!("{head}\r\n\r\n").as_bytes()).await?;
    socket.write_all(&body).await?;
    socket.flush().await?;
    if reply.slam {
        return Ok(());
    }
    if reply.stall {
        std::future::pending::<()>().await;
    }
    socket.shutdown().await?;
    // Until the client has closed too, so that nothing that was sent is lost to a reset.
    socket.read_to_end(&mut Vec::new()).await?;
    Ok(())
}
