//! A writer: makes records, edits them, deletes some, one request at a time.
//!
//! Each record has one writer, so the writer knows the revision that every
//! change must get. A POST carries an `Idempotency-Key`, a PATCH and a DELETE
//! `If-Match` as well: whatever became of a try without an answer, the change
//! happens once.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use hyper::header::{HeaderValue, IF_MATCH};
use hyper::{Method, StatusCode};
use rig::Ask;
use serde_json::{Value, json};

use crate::insistent::{Insistent, Settled};
use crate::ledger::{Action, Key, Kind, Ledger, Record};
use crate::pacer::Pacer;

/// Never looked at by the service where it has no meaning.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The part of all records that is deleted at last.
const DELETED: f32 = 0.6;

#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) name: String,
    pub(crate) api: Insistent,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) pacer: Arc<Pacer>,
    /// Requests so far: makes marks and keys unique.
    pub(crate) requests: u64,
}

/// A record of this writer's own.
#[derive(Debug, Clone, Copy)]
struct Own {
    record: Record,
    revision: u64,
}

impl Writer {
    /// Writes until there is no more to do.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        while self.live().await.with_context(|| self.name.clone())? {}
        Ok(())
    }

    /// The life of one record; false when there is no more to do.
    async fn live(&mut self) -> anyhow::Result<bool> {
        let kind = fastrand::choice([Kind::Order, Kind::Task, Kind::Client]).unwrap_or(Kind::Order);
        let Some(mark) = self.next_mark().await else {
            return Ok(false);
        };
        let mut own = self.add(kind, None, mark).await?;
        for _ in 0..fastrand::u32(0..5) {
            let Some(mark) = self.next_mark().await else {
                return Ok(false);
            };
            self.edit(&mut own, mark).await?;
        }
        let has_task = kind == Kind::Order && fastrand::bool();
        if has_task {
            let Some(mark) = self.next_mark().await else {
                return Ok(false);
            };
            self.add(Kind::Task, Some(own.record.id), mark).await?;
        }
        if fastrand::f32() < DELETED {
            let Some(mark) = self.next_mark().await else {
                return Ok(false);
            };
            self.delete(own, has_task, &mark).await?;
        }
        Ok(true)
    }

    async fn add(&mut self, kind: Kind, order: Option<u64>, mark: String) -> anyhow::Result<Own> {
        let name = if kind == Kind::Client {
            "realname"
        } else {
            "name"
        };
        let mut body = json!({ name: format!("Запись {mark}"), "text": mark });
        if let Some(order) = order {
            body["id_order"] = order.into();
        }
        let path = format!("/api/v1/{}", kind.path());
        let ask = self.request(Method::POST, path, Some(&body), None, &mark)?;
        let Settled {
            answer, is_repeat, ..
        } = self.api.ask(&ask).await?;
        ensure!(
            answer.status == StatusCode::CREATED,
            "POST {} of {mark} (a repeat: {is_repeat}) was answered with {} {}",
            ask.path,
            answer.status,
            answer.text()
        );
        if is_repeat && answer.headers.contains_key("idempotency-replayed") {
            self.ledger.lock().had_happened += 1;
        }
        let body = answer.json()?;
        ensure!(
            body["text"] == *mark && body["revision"] == 1,
            "POST of {mark} made {body}"
        );
        let record = Record {
            kind,
            id: body["id"].as_u64().context("a record has an id")?,
        };
        let own = Own {
            record,
            revision: 1,
        };
        self.ledger.accept([(own.key(Action::Add), Some(mark))]);
        Ok(own)
    }

    async fn edit(&mut self, own: &mut Own, mark: String) -> anyhow::Result<()> {
        let body = json!({ "text": mark });
        let ask = self.request(
            Method::PATCH,
            own.path(),
            Some(&body),
            Some(own.revision),
            &mark,
        )?;
        let Settled {
            answer, is_repeat, ..
        } = self.api.ask(&ask).await?;
        let now = match answer.status {
            StatusCode::OK => answer.json()?,
            StatusCode::PRECONDITION_FAILED if is_repeat => {
                self.ledger.lock().had_happened += 1;
                self.read(own).await?
            }
            status => bail!(
                "PATCH {} (a repeat: {is_repeat}) was answered with {status} {}",
                ask.path,
                answer.text()
            ),
        };
        own.revision += 1;
        ensure!(
            now["text"] == *mark && now["revision"] == own.revision,
            "after PATCH of {mark}, revision {} expected, the record is {now}",
            own.revision
        );
        self.ledger.accept([(own.key(Action::Edit), Some(mark))]);
        Ok(())
    }

    async fn delete(&mut self, mut own: Own, has_tasks: bool, mark: &str) -> anyhow::Result<()> {
        let ask = self.request(Method::DELETE, own.path(), None, Some(own.revision), mark)?;
        let Settled {
            answer, is_repeat, ..
        } = self.api.ask(&ask).await?;
        match answer.status {
            StatusCode::NO_CONTENT => {}
            StatusCode::NOT_FOUND if is_repeat => self.ledger.lock().had_happened += 1,
            status => bail!(
                "DELETE {} (a repeat: {is_repeat}) was answered with {status} {}",
                ask.path,
                answer.text()
            ),
        }
        own.revision += 1;
        let tasks = has_tasks.then(|| {
            let record = Record {
                kind: Kind::TasksOfOrder,
                id: own.record.id,
            };
            Own {
                record,
                revision: 0,
            }
            .key(Action::Delete)
        });
        let keys = tasks.into_iter().chain([own.key(Action::Delete)]);
        self.ledger.accept(keys.map(|key| (key, None)));
        Ok(())
    }

    /// The record as it is now.
    async fn read(&mut self, own: &Own) -> anyhow::Result<Value> {
        let ask = Ask::get(own.path());
        let Settled { answer, .. } = self.api.ask(&ask).await?;
        ensure!(
            answer.status == StatusCode::OK,
            "GET {} was answered with {} {}",
            ask.path,
            answer.status,
            answer.text()
        );
        answer.json()
    }

    /// Waits for a turn; a text that no other request has.
    async fn next_mark(&mut self) -> Option<String> {
        self.pacer.turn(self.ledger.accepted()).await?;
        self.requests += 1;
        Some(format!("{}-{}-end", self.name, self.requests))
    }

    fn request(
        &self,
        method: Method,
        path: String,
        body: Option<&Value>,
        revision: Option<u64>,
        key: &str,
    ) -> anyhow::Result<Ask> {
        let mut ask = match body {
            Some(body) => Ask::json(method, path, body),
            None => Ask::new(method, path),
        };
        ask.headers
            .insert(IDEMPOTENCY_KEY, HeaderValue::from_str(key)?);
        if let Some(revision) = revision {
            let tag = format!("\"{revision}\"");
            ask.headers.insert(IF_MATCH, HeaderValue::from_str(&tag)?);
        }
        Ok(ask)
    }
}

impl Own {
    fn path(&self) -> String {
        format!("/api/v1/{}/{}", self.record.kind.path(), self.record.id)
    }

    fn key(&self, action: Action) -> Key {
        Key {
            record: self.record,
            revision: self.revision,
            action,
        }
    }
}
