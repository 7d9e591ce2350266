//! Deliveries that wait until they are let go.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use rig::Product;

use crate::arrivals::Noting;
use crate::form::Home;
use crate::load;
use crate::options::Options;

/// Webhooks that share what waits: each has its own lane.
const WEBHOOKS: u32 = 10;

/// As long as the count of what waits may stay the same.
const STALLED: Duration = Duration::from_secs(60);

/// How often it is asked for; a count costs the product a little.
const INTERVAL: Duration = Duration::from_millis(250);

/// Paused webhooks that every new client fires.
#[derive(Debug)]
pub(crate) struct Waiting {
    webhooks: Vec<u64>,
}

impl Waiting {
    /// Creates the webhooks, paused, on a Dealwire without any.
    pub(crate) async fn create(product: &Product, receiver: &Noting) -> anyhow::Result<Self> {
        let mut api = load::webhooks(product).await?;
        let mut webhooks = Vec::new();
        for number in 0..WEBHOOKS {
            let url = receiver.receiver().url(number);
            webhooks.push(api.create_webhook(&url, "client.add").await?);
        }
        let waiting = Self { webhooks };
        waiting.pause(product).await?;
        Ok(waiting)
    }

    /// Makes so many deliveries wait, by changes as integrators make them.
    ///
    /// # Errors
    /// More or fewer wait then, or they cannot be shared evenly.
    pub(crate) async fn fill(
        &self,
        options: &Options,
        home: &Home,
        product: &Product,
        deliveries: u32,
    ) -> anyhow::Result<()> {
        ensure!(
            deliveries.is_multiple_of(WEBHOOKS),
            "{WEBHOOKS} webhooks share a backlog, so it has to be a multiple of that"
        );
        let each = deliveries / WEBHOOKS;
        load::flood(product, options.connections, each).await?;
        for webhook in &self.webhooks {
            wait(product, *webhook, u64::from(each)).await?;
        }
        home.analyze().await
    }

    pub(crate) async fn pause(&self, product: &Product) -> anyhow::Result<()> {
        let mut api = load::webhooks(product).await?;
        for webhook in &self.webhooks {
            api.pause_webhook(*webhook).await?;
        }
        Ok(())
    }

    pub(crate) async fn resume(&self, product: &Product) -> anyhow::Result<()> {
        let mut api = load::webhooks(product).await?;
        for webhook in &self.webhooks {
            api.resume_webhook(*webhook).await?;
        }
        Ok(())
    }

    /// Waits until every delivery is over and recorded.
    pub(crate) async fn wait_until_none(&self, product: &Product) -> anyhow::Result<()> {
        for webhook in &self.webhooks {
            wait(product, *webhook, 0).await?;
        }
        Ok(())
    }
}

/// Waits until so many deliveries wait for a webhook.
///
/// # Errors
/// Their count stays another one.
pub(crate) async fn wait(product: &Product, webhook: u64, count: u64) -> anyhow::Result<()> {
    let (mut before, mut since) = (None, Instant::now());
    loop {
        // Connects for each question: what comes between may take longer than an
        // idle connection is kept.
        let waits = load::webhooks(product).await?.waiting(webhook).await?;
        if waits == count {
            return Ok(());
        }
        if before != Some(waits) {
            (before, since) = (Some(waits), Instant::now());
        }
        if since.elapsed() >= STALLED {
            let why = load::webhooks(product).await?.why_waiting(webhook).await?;
            bail!("{waits} deliveries wait for webhook {webhook}, not {count}:\n{why}");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
