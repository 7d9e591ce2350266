//! What became of the leads of one source.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hyper::StatusCode;
use rig::{Ask, Connection, Product};
use serde_json::Value;

/// How often it is asked whether all are converted; each answer costs the product a little.
const INTERVAL: Duration = Duration::from_millis(25);

/// The longest page of a list (WIRE 5).
const PAGE: u32 = 200;

/// How long all may take, and each.
const DEADLINE: Duration = Duration::from_secs(60);
const DEADLINE_EACH: Duration = Duration::from_millis(20);

/// The management API of leads, for one source.
///
/// Connects for each question: what comes between takes longer than an idle connection
/// is kept.
#[derive(Debug)]
pub(crate) struct Conversions {
    leads: SocketAddr,
    records: SocketAddr,
    token: String,
    source: u64,
}

impl Conversions {
    pub(crate) fn of(product: &Product, source: u64) -> anyhow::Result<Self> {
        let leads = product.leads();
        let records = product.records();
        Ok(Self {
            leads: *leads.first().context("nobody takes leads")?,
            records: *records.first().context("nobody takes records")?,
            token: product.token().to_owned(),
            source,
        })
    }

    /// Waits until none of `count` leads is on its way; when that was. They are converted
    /// about in order, so `last` is asked for until it is: a list of all would cost the
    /// product more than their conversion.
    ///
    /// # Errors
    /// It takes too long.
    pub(crate) async fn wait(&self, last: u64, count: usize) -> anyhow::Result<Instant> {
        let each = DEADLINE_EACH * u32::try_from(count)?;
        let deadline = Instant::now() + DEADLINE + each;
        let source = self.source;
        let mut leads = Connection::open(self.leads, Some(&self.token)).await?;
        let one = format!("/api/v1/leads/{last}");
        let others = format!("/api/v1/leads?intakeSourceId={source}&state=converting&limit=1");
        loop {
            let lead = get(&mut leads, one.clone()).await?;
            let at = Instant::now();
            if !lead["orderId"].is_null()
                && items(&get(&mut leads, others.clone()).await?)?.is_empty()
            {
                return Ok(at);
            }
            ensure!(at < deadline, "leads are still not converted: {lead}");
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// The order of every lead, with the lead.
    ///
    /// # Errors
    /// There are more or fewer than `count`, one has no order, or two have the same one.
    pub(crate) async fn orders(&self, count: usize) -> anyhow::Result<HashMap<u64, u64>> {
        let mut leads = Connection::open(self.leads, Some(&self.token)).await?;
        let first = format!("/api/v1/leads?intakeSourceId={}&limit={PAGE}", self.source);
        let mut orders = HashMap::with_capacity(count);
        let mut path = first.clone();
        loop {
            let page = get(&mut leads, path).await?;
            for lead in items(&page)? {
                let id = lead["id"].as_u64().context("a lead has an id")?;
                let order = lead["orderId"].as_u64();
                let order = order.with_context(|| format!("a lead without an order: {lead}"))?;
                let other = orders.insert(order, id);
                ensure!(other.is_none(), "order {order} is of two leads");
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("{first}&cursor={cursor}"),
                None => break,
            }
        }
        let found = orders.len();
        ensure!(found == count, "{found} leads of {count} are listed");
        Ok(orders)
    }

    /// The id of the newest order; 0 where there is none.
    pub(crate) async fn highest_order(&self) -> anyhow::Result<u64> {
        let mut records = Connection::open(self.records, Some(&self.token)).await?;
        let page = get(&mut records, "/api/v1/orders?limit=1".to_owned()).await?;
        let newest = items(&page)?.first();
        Ok(newest.and_then(|order| order["id"].as_u64()).unwrap_or(0))
    }
}

async fn get(connection: &mut Connection, path: String) -> anyhow::Result<Value> {
    let answer = connection.send(Ask::get(path.clone())).await?;
    ensure!(
        answer.status == StatusCode::OK,
        "{path} answered {}: {}",
        answer.status,
        answer.text()
    );
    answer.json()
}

fn items(page: &Value) -> anyhow::Result<&Vec<Value>> {
    page["items"].as_array().context("a list has items")
}
