//! Where leads are posted: Dealwire, or a bare server beside it.

use std::net::SocketAddr;
use std::str;

use anyhow::{Context as _, ensure};
use hyper::{Method, StatusCode};
use rig::{Ask, Connection};
use serde_json::Value;

/// How an answer begins (WIRE 2).
const BEGIN: &[u8] = br#"{"data":{"id":"#;

/// A URL.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    path: String,
}

/// A connection to it.
#[derive(Debug)]
pub(crate) struct Sender {
    connection: Connection,
    path: String,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, path: &str) -> Self {
        Self {
            address,
            path: path.to_owned(),
        }
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<Sender> {
        Ok(Sender {
            connection: Connection::open(self.address, None).await?,
            path: self.path.clone(),
        })
    }
}

impl Sender {
    /// Posts a lead; its id.
    ///
    /// # Errors
    /// Anything but 201 is one.
    pub(crate) async fn post(&mut self, lead: &Value) -> anyhow::Result<u64> {
        let ask = Ask::json(Method::POST, &*self.path, lead);
        let answer = self.connection.send(ask).await?;
        ensure!(
            answer.status == StatusCode::CREATED,
            "a lead was answered with {}: {}",
            answer.status,
            answer.text()
        );
        id_of(&answer.body).with_context(|| format!("a lead has an id: {}", answer.text()))
    }
}

fn id_of(answer: &[u8]) -> Option<u64> {
    let digits = answer.strip_prefix(BEGIN)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_id_of_an_answer() {
        assert_eq!(id_of(br#"{"data":{"id":42,"firstId":null}}"#), Some(42));
        assert_eq!(id_of(br#"{"data":null}"#), None);
    }
}
