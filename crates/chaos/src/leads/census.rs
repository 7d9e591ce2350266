//! What the product shows of leads at the end, over the APIs that everybody uses.

use anyhow::{Context as _, ensure};
use hyper::StatusCode;
use rig::Ask;
use serde_json::Value;

use crate::insistent::Insistent;

/// The longest page of a list (WIRE 5).
const PAGE: u32 = 200;

/// Every lead, order and client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Census {
    pub(crate) leads: Vec<Lead>,
    pub(crate) orders: Vec<Order>,
    pub(crate) clients: Vec<Client>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lead {
    pub(crate) id: u64,
    pub(crate) mark: String,
    pub(crate) phone: String,
    pub(crate) first: Option<u64>,
    pub(crate) others: u64,
    pub(crate) client: Option<u64>,
    pub(crate) order: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: u64,
    /// The lead's; none of an order that was made otherwise.
    pub(crate) mark: Option<String>,
    pub(crate) client: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: u64,
    /// Digits only; empty where there is none.
    pub(crate) phone: String,
}

/// Whether leads are still on their way.
pub(crate) async fn are_converting(leads: &mut Insistent) -> anyhow::Result<bool> {
    let page = page(leads, "/api/v1/leads?state=converting&limit=1").await?;
    Ok(!items(&page)?.is_empty())
}

impl Census {
    pub(crate) async fn take(
        leads: &mut Insistent,
        records: &mut Insistent,
    ) -> anyhow::Result<Self> {
        let mut census = Self::default();
        for lead in all(leads, "leads").await? {
            census.leads.push(Lead::read(&lead)?);
        }
        for order in all(records, "orders").await? {
            census.orders.push(Order {
                id: id(&order)?,
                mark: order["marks"]["utmTerm"].as_str().map(str::to_owned),
                client: order["id_client"].as_u64(),
            });
        }
        for client in all(records, "clients").await? {
            let phone = client["phone"].as_str().unwrap_or_default();
            census.clients.push(Client {
                id: id(&client)?,
                phone: phone.chars().filter(char::is_ascii_digit).collect(),
            });
        }
        Ok(census)
    }
}

impl Lead {
    fn read(lead: &Value) -> anyhow::Result<Self> {
        Ok(Self {
            id: id(lead)?,
            mark: lead["utmTerm"].as_str().unwrap_or_default().to_owned(),
            phone: lead["phone"].as_str().unwrap_or_default().to_owned(),
            first: lead["firstId"].as_u64(),
            others: lead["otherCount"].as_u64().context("otherCount")?,
            client: lead["clientId"].as_u64(),
            order: lead["orderId"].as_u64(),
        })
    }
}

/// Every item of a list.
async fn all(api: &mut Insistent, list: &str) -> anyhow::Result<Vec<Value>> {
    let first = format!("/api/v1/{list}?limit={PAGE}");
    let mut found = Vec::new();
    let mut path = first.clone();
    loop {
        let page = page(api, &path).await?;
        found.extend_from_slice(items(&page)?);
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return Ok(found),
        }
    }
}

async fn page(api: &mut Insistent, path: &str) -> anyhow::Result<Value> {
    let answer = api.ask(&Ask::get(path)).await?.answer;
    ensure!(
        answer.status == StatusCode::OK,
        "GET {path} was answered with {} {}",
        answer.status,
        answer.text()
    );
    answer.json()
}

fn items(page: &Value) -> anyhow::Result<&Vec<Value>> {
    page["items"].as_array().context("a list has items")
}

fn id(record: &Value) -> anyhow::Result<u64> {
    record["id"].as_u64().context("a record has an id")
}
