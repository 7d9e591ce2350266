//! What a run sets up over the API: a source of leads, webhooks and triggers.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use hyper::{Method, StatusCode};
use rig::{Ask, Source};

use super::Site;
use crate::arrivals::Arrivals;
use crate::insistent::Insistent;
use crate::ledger::Ledger;

impl Site {
    /// Makes a source of leads.
    pub(crate) async fn make_source(&self) -> anyhow::Result<Source> {
        let addresses = self.product.leads();
        let address = *addresses.first().context("nobody takes leads")?;
        Source::create(address, &self.token, "chaos").await
    }

    /// Makes the webhooks and triggers of a run.
    pub(crate) async fn make_webhooks(
        &self,
        url: impl Fn(u32) -> String,
        arrivals: &Arrivals,
        ledger: &Arc<Ledger>,
    ) -> anyhow::Result<Vec<String>> {
        let pipelines = self.records_api(0, ledger);
        let stage = first_stage(pipelines).await?;
        let mut api = self.webhooks_api(ledger);
        let mut paths = Vec::new();
        for (number, hook) in (0..).zip(arrivals.hooks()) {
            let body = hook.request(&url(number), stage);
            let ask = Ask::json(Method::POST, hook.path(), &body);
            let answer = api.ask(&ask).await?.answer;
            ensure!(
                answer.status == StatusCode::CREATED,
                "{} was answered with {} {}",
                hook.name,
                answer.status,
                answer.text()
            );
            let body = answer.json()?;
            let secret = body["secret"].as_str().context("there is a secret")?;
            arrivals.expect(number, secret)?;
            paths.push(format!("{}/{}", hook.path(), body["id"]));
        }
        Ok(paths)
    }
}

/// The stage that orders are in which ask for none: the account's only pipeline begins
/// with it.
async fn first_stage(mut records: Insistent) -> anyhow::Result<u64> {
    let answer = records.ask(&Ask::get("/api/v1/pipelines")).await?.answer;
    let page = answer.json()?;
    let stage = page["items"][0]["stages"][0]["id"].as_u64();
    stage.with_context(|| format!("no pipeline with a stage: {page}"))
}
