//! `dealwire parked redrive`: having what is parked tried again.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use database::{Database, DatabaseError};
use outbox::parked::{self, ParkedRow};
use outbox::redrive;
use tokio::time::Instant;

use super::{PAGE, databases, line};
use crate::cli::say;
use crate::cli::settings::PlaceArgs;

/// How often to look how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// After the last one is back in its queue, how long the service may take to park it anew.
const TAKEN_IN: Duration = Duration::from_secs(2);

/// Puts parked events back into their queues.
///
/// For use once the reason is gone: a service was upgraded, a database has room again. The
/// services that run do it, each for its own database; what they know already does nothing,
/// and what still cannot be taken in is parked anew and listed here. The exit status is 1 then,
/// and where nobody put them back in time: they stay marked and go when the service runs.
#[derive(Debug, Args)]
pub(in crate::cli) struct RedriveArgs {
    /// Only those of this service.
    #[arg(long, value_enum)]
    service: Option<Consumer>,

    /// Only the one with this number, as `dealwire parked list` shows it; may be repeated.
    #[arg(long, value_name = "NUMBER", requires = "service")]
    id: Vec<i64>,

    /// How long to wait until they are back in their queues.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,

    #[command(flatten)]
    place: PlaceArgs,
}

/// A service that parks what it cannot take in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Consumer {
    EntityService,
    IntakeService,
    DeliveryWorker,
}

/// What was marked in one database.
struct Marked {
    service: &'static str,
    database: Database,
    rows: Vec<ParkedRow>,
}

impl RedriveArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        super::super::runtime()?.block_on(async {
            let mut all = Vec::new();
            for (service, database) in databases(&self.place).await? {
                if self.service.is_none_or(|only| only.name() == service) {
                    all.push(self.mark(service, database).await?);
                }
            }
            let count: usize = all.iter().map(|marked| marked.rows.len()).sum();
            if count == 0 {
                say("nothing is parked");
                return Ok(());
            }
            let deadline = Instant::now() + Duration::from_secs(self.wait);
            let (mut waiting, mut again) = (0, 0);
            for marked in &all {
                waiting += marked.wait(deadline).await?;
                again += marked.list_parked_again().await?;
            }
            say(&format!(
                "{count} marked: {} back in their queues, {again} of them parked again, {waiting} \
                 not put back yet",
                count - waiting
            ));
            ensure!(again == 0, "{again} still cannot be taken in");
            if waiting > 0 {
                bail!(
                    "{waiting} wait for their service, which has to run and to reach the broker; \
                     they stay marked"
                );
            }
            Ok(())
        })
    }

    async fn mark(&self, service: &'static str, database: Database) -> anyhow::Result<Marked> {
        let ids = (!self.id.is_empty()).then(|| self.id.clone());
        let marked: HashSet<i64> = database
            .write(move |conn| redrive::request(conn, ids.as_deref()))
            .await?
            .into_iter()
            .collect();
        if let Some(unknown) = self.id.iter().find(|id| !marked.contains(id)) {
            bail!("{service} has nothing parked under the number {unknown}");
        }
        let mut rows = parked_after(&database, 0).await?;
        rows.retain(|row| marked.contains(&row.id));
        Ok(Marked {
            service,
            database,
            rows,
        })
    }
}

impl Consumer {
    fn name(self) -> &'static str {
        match self {
            Self::EntityService => "entity-service",
            Self::IntakeService => "intake-service",
            Self::DeliveryWorker => "delivery-worker",
        }
    }
}

impl Marked {
    /// Waits until all are back in their queues; how many are not by then.
    async fn wait(&self, deadline: Instant) -> Result<usize, DatabaseError> {
        let ids: Vec<i64> = self.rows.iter().map(|row| row.id).collect();
        loop {
            let ids = ids.clone();
            let left = self
                .database
                .read(move |conn| redrive::list_left(conn, &ids))
                .await?;
            if left.is_empty() || Instant::now() >= deadline {
                return Ok(left.len());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Lists those that were parked anew; how many they are.
    async fn list_parked_again(&self) -> Result<usize, DatabaseError> {
        let Some(last) = self.rows.last() else {
            return Ok(0);
        };
        tokio::time::sleep(TAKEN_IN).await;
        let tried: HashSet<&str> = self.rows.iter().map(|row| &*row.message_id).collect();
        let mut again = parked_after(&self.database, last.id).await?;
        again.retain(|row| tried.contains(&*row.message_id));
        for row in &again {
            say(&line(self.service, row));
        }
        Ok(again.len())
    }
}

async fn parked_after(database: &Database, id: i64) -> Result<Vec<ParkedRow>, DatabaseError> {
    let (mut after, mut all) = (id, Vec::new());
    loop {
        let rows = database
            .read(move |conn| parked::list(conn, after, PAGE))
            .await?;
        let Some(last) = rows.last() else {
            return Ok(all);
        };
        after = last.id;
        all.extend(rows);
    }
}
