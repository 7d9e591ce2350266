//! A reaction, put on the wire: well-formed responses and all the bad ones.

use std::io;

use bytes::BytesMut;

use super::answer::{Body, Reaction};
use super::wire::Wire;

/// Returns the connection if it lives on.
pub(super) async fn react(
    mut wire: Wire,
    buffer: &mut BytesMut,
    reaction: Reaction,
) -> io::Result<Option<Wire>> {
    match reaction {
        Reaction::Respond {
            status,
            headers,
            body,
            close,
        } => {
            wire.write(head(status, &headers, &body, close).as_bytes())
                .await?;
            if matches!(body, Body::Stalled) {
                wire.end(buffer).await?;
                return Ok(None);
            }
            write_body(&mut wire, body).await?;
            Ok((!close).then_some(wire))
        }
        Reaction::Raw(bytes) => {
            wire.write(&bytes).await?;
            Ok(None)
        }
        Reaction::EndlessHeaders => {
            wire.write(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                wire.write(b"x-padding: 0123456789abcdef\r\n").await?;
            }
        }
        Reaction::ResetAfterStatus { status } => {
            let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: 1000\r\n\r\nhalf");
            wire.write(head.as_bytes()).await?;
            wire.reset()?;
            Ok(None)
        }
        Reaction::Reset => {
            wire.reset()?;
            Ok(None)
        }
        Reaction::HangUp => Ok(None),
        Reaction::Never => {
            wire.end(buffer).await?;
            Ok(None)
        }
    }
}

fn head(status: u16, headers: &[(String, String)], body: &Body, close: bool) -> String {
    use std::fmt::Write as _;

    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers {
        let _infallible = write!(head, "{name}: {value}\r\n");
    }
    let length = match body {
        Body::Full(bytes) => Some(bytes.len()),
        Body::Slow { piece, pieces, .. } => Some(piece.len() * pieces),
        Body::Stalled => Some(1000),
        Body::Endless => None,
    };
    let _infallible = match length {
        Some(length) => write!(head, "content-length: {length}\r\n"),
        None => write!(head, "transfer-encoding: chunked\r\n"),
    };
    if close {
        head.push_str("connection: close\r\n");
    }
    head.push_str("\r\n");
    head
}

async fn write_body(wire: &mut Wire, body: Body) -> io::Result<()> {
    match body {
        Body::Full(bytes) => wire.write(&bytes).await,
        Body::Slow {
            piece,
            pieces,
            pause,
        } => {
            for _ in 0..pieces {
                tokio::time::sleep(pause).await;
                wire.write(&piece).await?;
            }
            Ok(())
        }
        Body::Endless => {
            let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
            loop {
                wire.write(chunk.as_bytes()).await?;
            }
        }
        Body::Stalled => Ok(()),
    }
}
