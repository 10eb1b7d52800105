//! Requests in the one form that needs no HTTP library: 1.0, where a body runs to the end of the connection.

use std::io::{Error, Read as _, Result, Write as _};
use std::net::TcpStream;

/// An answer, whatever its status.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The `Location` header.
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The body of a 200 as text; anything else is an error that shows the answer.
    pub(crate) fn text(self) -> Result<String> {
        let body = String::from_utf8(self.body).map_err(Error::other)?;
        if self.status == 200 {
            Ok(body)
        } else {
            Err(Error::other(format!("status {}: {body}", self.status)))
        }
    }
}

/// Sends one request to an address of the form `http://HOST:PORT/…`.
pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Reply> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| Error::other("not an http address"))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let headers: String = headers
        .iter()
        .flat_map(|(name, value)| [name, ": ", value, "\r\n"])
        .collect();
    let length = body.len();
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    read(&answer).ok_or_else(|| Error::other("the server closed the connection without a whole answer"))
}

fn read(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = answer[end + 4..].to_vec();
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let announced = header("content-length").and_then(|length| length.parse().ok());
    if announced.is_some_and(|length: usize| length != body.len()) {
        return None;
    }
    Some(Reply {
        status: head.split(' ').nth(1)?.parse().ok()?,
        location: header("location"),
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_broke_off_is_none() {
        let whole = b"HTTP/1.0 302 Found\r\nlocation: http://s/a\r\ncontent-length: 2\r\n\r\nab";
        let reply = read(whole).unwrap();
        assert_eq!(
            (reply.status, reply.location.as_deref(), &*reply.body),
            (302, Some("http://s/a"), &b"ab"[..])
        );
        assert!(read(&whole[..whole.len() - 1]).is_none());
        assert!(read(b"HTTP/1.0 200 OK\r\n").is_none());
    }
}
