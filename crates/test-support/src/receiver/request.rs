//! What a [`MockReceiver`](crate::MockReceiver) keeps.

use std::io;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};

use super::wire::Wire;

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// Such as `POST`.
    pub method: String,
    /// Path and query, as on the request line.
    pub target: String,
    /// In the order and spelling of the wire.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Bytes,
    /// When the last byte of it had come.
    pub arrived_at: Instant,
    /// Counts the connections of this receiver from 1; equal on two requests
    /// that shared one.
    pub connection: u64,
}

impl ReceivedRequest {
    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// If it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// Reads the next request; `None` at the end of the connection.
    pub(super) async fn read(
        wire: &mut Wire,
        buffer: &mut BytesMut,
        connection: u64,
    ) -> io::Result<Option<Self>> {
        let Some(head) = read_head(wire, buffer).await? else {
            return Ok(None);
        };
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().ok_or_else(malformed)?.to_owned();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(':').ok_or_else(malformed)?;
                Ok((name.to_owned(), value.trim().to_owned()))
            })
            .collect::<io::Result<Vec<_>>>()?;
        let mut request = Self {
            method,
            target,
            headers,
            body: Bytes::new(),
            arrived_at: Instant::now(),
            connection,
        };
        request.body = request.read_body(wire, buffer).await?;
        request.arrived_at = Instant::now();
        Ok(Some(request))
    }

    async fn read_body(&self, wire: &mut Wire, buffer: &mut BytesMut) -> io::Result<Bytes> {
        let chunked = self
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        if chunked {
            return read_chunks(wire, buffer).await;
        }
        let length = match self.header("content-length") {
            Some(text) => text.parse().map_err(|_not_a_length| malformed())?,
            None => 0,
        };
        take(wire, buffer, length).await
    }
}

/// Everything up to the blank line, without it.
async fn read_head(wire: &mut Wire, buffer: &mut BytesMut) -> io::Result<Option<String>> {
    loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            let head = buffer.split_to(end);
            buffer.advance(4);
            let head = String::from_utf8(head.to_vec()).map_err(|_not_text| malformed())?;
            return Ok(Some(head));
        }
        if !wire.read_more(buffer).await? {
            return if buffer.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
}

async fn read_chunks(wire: &mut Wire, buffer: &mut BytesMut) -> io::Result<Bytes> {
    let mut body = BytesMut::new();
    loop {
        let line_end = loop {
            if let Some(end) = find(buffer, b"\r\n") {
                break end;
            }
            if !wire.read_more(buffer).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let line = take(wire, buffer, line_end).await?;
        take(wire, buffer, 2).await?;
        let size = std::str::from_utf8(&line)
            .ok()
            .and_then(|text| usize::from_str_radix(text, 16).ok())
            .ok_or_else(malformed)?;
        body.extend_from_slice(&take(wire, buffer, size).await?);
        take(wire, buffer, 2).await?;
        if size == 0 {
            return Ok(body.freeze());
        }
    }
}

async fn take(wire: &mut Wire, buffer: &mut BytesMut, length: usize) -> io::Result<Bytes> {
    while buffer.len() < length {
        if !wire.read_more(buffer).await? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.split_to(length).freeze())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an HTTP request")
}
