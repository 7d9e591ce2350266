//! A sender: posts leads, one request at a time, each until it is answered.
//!
//! Three of four leads carry a `remoteId`, so a post whose answer was lost finds the
//! lead that it had made. One of four does not; posted again, it may make a second one.
//! Three leads in a row, of different senders and mostly at the same instant, have one
//! phone in different spellings: they become one client.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use hyper::StatusCode;
use rig::Source;
use serde_json::{Value, json};

use super::{Book, Promise};
use crate::insistent::{Insistent, Settled};
use crate::pacer::Pacer;

/// Leads with one phone.
const OF_ONE_PHONE: u64 = 3;

/// One of so many leads has no `remoteId`; no multiple of the above, so that each place
/// among those of one phone is without one now and then.
const WITHOUT_REMOTE_ID: u64 = 4;

#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) api: Insistent,
    pub(crate) source: Source,
    pub(crate) book: Arc<Book>,
    pub(crate) pacer: Arc<Pacer>,
}

impl Sender {
    /// Posts until there is no more to do.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        while let Some(turn) = self.pacer.turn(self.book.accepted()).await {
            let mark = mark(turn);
            self.post(turn, &mark).await.context(mark)?;
        }
        Ok(())
    }

    async fn post(&mut self, turn: u64, mark: &str) -> anyhow::Result<()> {
        let has_remote_id = !turn.is_multiple_of(WITHOUT_REMOTE_ID);
        let mut body = json!({
            "name": format!("Лид {mark}"),
            "phone": spelling(turn),
            "utmTerm": mark,
        });
        if has_remote_id {
            body["remoteId"] = turn.into();
        }
        let ask = self.source.post(&body);
        let Settled {
            answer,
            is_repeat,
            earlier_tries,
        } = self.api.ask(&ask).await?;
        let at = Instant::now();
        let is_known = answer.headers.contains_key("idempotency-replayed");
        let lead = match answer.status {
            StatusCode::CREATED => Some(id_of(&answer.json()?, turn, mark)?),
            StatusCode::OK if has_remote_id && is_repeat && is_known => {
                self.book.lock().had_happened += 1;
                Some(id_of(&answer.json()?, turn, mark)?)
            }
            StatusCode::ACCEPTED => {
                self.book.lock().kept_only += 1;
                None
            }
            status => bail!(
                "a post (a repeat: {is_repeat}) was answered with {status} {}",
                answer.text()
            ),
        };
        self.book.lock().promises.push(Promise {
            mark: mark.to_owned(),
            phone: digits(turn),
            has_remote_id,
            lead,
            earlier_tries,
            at,
        });
        Ok(())
    }
}

/// The lead's id, if the answer is about the lead that was posted.
fn id_of(answer: &Value, turn: u64, mark: &str) -> anyhow::Result<u64> {
    let lead = &answer["data"];
    ensure!(
        lead["utmTerm"] == *mark && lead["phone"] == *digits(turn),
        "the answer is about another lead: {answer}"
    );
    lead["id"].as_u64().context("a lead has an id")
}

/// What no other lead has.
fn mark(turn: u64) -> String {
    format!("lead-{turn}-end")
}

/// A lead's phone, as it is answered.
fn digits(turn: u64) -> String {
    format!("7999{:07}", turn / OF_ONE_PHONE % 10_000_000)
}

/// The same phone as it is sent.
fn spelling(turn: u64) -> Value {
    let digits = digits(turn);
    let national = &digits[1..];
    match turn % 4 {
        0 => json!(digits),
        1 => json!(format!(
            "8 ({}) {}-{}",
            &national[..3],
            &national[3..6],
            &national[6..]
        )),
        2 => json!(format!("+{digits}")),
        _ => digits.parse::<u64>().map_or(Value::Null, Value::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_phone_is_spelled_differently() {
        assert_eq!(digits(7), digits(8));
        assert_ne!(digits(8), digits(9));
        let spellings: Vec<Value> = (3..6).map(spelling).collect();
        assert_eq!(
            spellings,
            [
                json!(79990000001_u64),
                json!("79990000001"),
                json!("8 (999) 000-0001")
            ]
        );
        assert_eq!(spelling(6), json!("+79990000002"));
    }
}
