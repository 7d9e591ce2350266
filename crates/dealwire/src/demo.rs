//! What `dealwire up --demo` adds: a receiver on loopback, a webhook and a stage trigger
//! to it, a source, and a lead from there whose callbacks can be watched. It calls the
//! API as any user would.

mod api;
mod texts;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use delivery_worker::WebhookSecret;
use events::Clock;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::api::Api;
use crate::listen::{ListenOptions, Listener, Secrets, Show};
use crate::secret_file;

/// Where the receiver listens if nobody else does.
const USUAL_PORT: u16 = 9000;

/// The webhook's name, by which a later start finds it again.
const WEBHOOK: &str = "demo";

/// The trigger's name, by which a later start finds it again.
const TRIGGER: &str = "demo: второй этап";

/// The source's name, by which a later start finds it again.
const SOURCE: &str = "Сайт (demo)";

/// How often the lead is looked at.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How long it may take to become an order.
const PATIENCE: Duration = Duration::from_secs(15);

/// Its signing secret, in the data folder.
const SECRET_FILE: &str = "demo.secret";

/// The demo's receiver, listening already.
pub(crate) struct Demo {
    listener: Listener,
    secrets: Secrets,
    receiver: SocketAddr,
}

impl Demo {
    /// Opens the receiver, on port 9000 or on any free one.
    pub(crate) async fn open(colour: bool) -> anyhow::Result<Self> {
        let secrets = Secrets::default();
        let bind = |port: u16| {
            let options = ListenOptions {
                secrets: secrets.clone(),
                status: StatusCode::OK,
                delay: Duration::ZERO,
                show: Show::Each,
                colour,
            };
            Listener::bind((Ipv4Addr::LOCALHOST, port).into(), options)
        };
        let listener = match bind(USUAL_PORT).await {
            Ok(listener) => listener,
            Err(_taken) => bind(0)
                .await
                .context("cannot open the demo's receiver on 127.0.0.1")?,
        };
        let receiver = listener.address()?;
        Ok(Self {
            listener,
            secrets,
            receiver,
        })
    }

    /// Shows callbacks until cancelled; meanwhile sets up webhook, trigger and source,
    /// and sends a lead.
    pub(crate) async fn run(
        self,
        address: SocketAddr,
        folder: &Path,
        token_file: &Path,
        cancel: CancellationToken,
    ) -> anyhow::Result<()> {
        let token = secret_file::read(token_file)?
            .with_context(|| format!("the demo needs the token in {}", token_file.display()))?;
        let token = String::from_utf8_lossy(&token);
        let api = Api::new(address, token.trim());
        let secret = load_or_create_secret(folder)?;
        self.secrets.add(secret.parse()?);
        let receiver = self.receiver;
        let showing = self.listener.run(std::io::stdout(), cancel.clone());
        let acting = async {
            let inbound = play(&api, &secret, receiver).await?;
            crate::cli::say(&texts::what_to_try(address, &inbound, token_file));
            anyhow::Ok(())
        };
        let (shown, acted) = tokio::join!(showing, acting);
        acted.context("the demo could not send its lead")?;
        shown.context("the demo's receiver failed")?;
        Ok(())
    }
}

/// A lead comes in and becomes a client and an order; a task is added to the order, and
/// the order enters the next stage. Returns what to call the source's URL.
async fn play(api: &Api, secret: &str, receiver: SocketAddr) -> anyhow::Result<String> {
    let stage = second_stage(api).await?;
    point(api, "webhooks", webhook(secret, receiver)).await?;
    point(api, "triggers", trigger(secret, receiver, stage)).await?;
    let inbound = load_or_create_source(api).await?;
    let lead = api.post_form(&inbound, lead_form()?).await?;
    let lead = lead["data"]["id"]
        .as_i64()
        .context("the lead was answered without an id")?;
    let order = order_of(api, lead).await?;
    let task = json!({"name": "Позвонить клиенту", "id_deal": order});
    api.created("/api/v1/tasks", task).await?;
    let path = format!("/api/v1/orders/{order}");
    api.call(Method::PATCH, &path, Some(json!({"id_status": stage})))
        .await?;
    Ok(inbound)
}

/// The stage behind the one that orders begin in.
async fn second_stage(api: &Api) -> anyhow::Result<i64> {
    let pipelines = api.call(Method::GET, "/api/v1/pipelines", None).await?;
    // Lists begin with the newest; the account's own pipeline is its oldest.
    let oldest = pipelines["items"].as_array().and_then(|items| items.last());
    oldest
        .and_then(|pipeline| pipeline["stages"][1]["id"].as_i64())
        .context("the account has no pipeline of two stages")
}

/// What the form of a site sends.
fn lead_form() -> anyhow::Result<String> {
    let form = [
        ("name", "Иван Петров"),
        ("phone", "8 (999) 888-88-88"),
        ("email", "ivan@example.com"),
        ("cost", "1500"),
        ("utm_source", "yandex"),
        ("Город", "Москва"),
        ("sent", &Clock::System.now().to_rfc3339()),
    ];
    Ok(url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish())
}

/// The order that the lead became.
async fn order_of(api: &Api, lead: i64) -> anyhow::Result<i64> {
    let path = format!("/api/v1/leads/{lead}");
    let asking = async {
        loop {
            let lead = api.call(Method::GET, &path, None).await?;
            if let Some(order) = lead["orderId"].as_i64() {
                return anyhow::Ok(order);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .with_context(|| format!("lead {lead} became no order within {PATIENCE:?}"))?
}

/// The path of the demo's inbound URL, the same at every start.
async fn load_or_create_source(api: &Api) -> anyhow::Result<String> {
    let known = api
        .call(Method::GET, "/api/v1/sources?limit=200", None)
        .await?;
    let known = known["items"]
        .as_array()
        .and_then(|items| items.iter().find(|item| item["name"] == SOURCE));
    let source = match known {
        Some(source) => source.clone(),
        None => {
            let source = json!({"type": "webhook", "name": SOURCE});
            api.call(Method::POST, "/api/v1/sources", Some(source))
                .await?
        }
    };
    let token = source["token"]
        .as_str()
        .context("the source was answered without a token")?;
    Ok(format!("/in/{token}"))
}

/// Makes a webhook or a trigger, or turns the one of an earlier start to this start's
/// receiver.
async fn point(api: &Api, resource: &str, wanted: Value) -> anyhow::Result<()> {
    let path = format!("/api/v1/{resource}");
    let known = api
        .call(Method::GET, &format!("{path}?limit=200"), None)
        .await?;
    let known = known["items"]
        .as_array()
        .and_then(|items| items.iter().find(|item| item["name"] == wanted["name"]));
    match known.and_then(|known| known["id"].as_i64()) {
        Some(id) => {
            let url = json!({"url": wanted["url"]});
            api.call(Method::PATCH, &format!("{path}/{id}"), Some(url))
                .await?
        }
        None => api.call(Method::POST, &path, Some(wanted)).await?,
    };
    Ok(())
}

/// A webhook that every change fires.
fn webhook(secret: &str, receiver: SocketAddr) -> Value {
    let events: Vec<String> = ["order", "task", "client"]
        .iter()
        .flat_map(|component| ["add", "edit", "delete"].map(|event| format!("{component}.{event}")))
        .collect();
    json!({
        "name": WEBHOOK, "url": format!("http://{receiver}/hook"), "format": "form",
        "events": events, "secret": secret,
    })
}

/// A trigger with two fields and a literal (S2).
fn trigger(secret: &str, receiver: SocketAddr, stage: i64) -> Value {
    json!({
        "name": TRIGGER, "url": format!("http://{receiver}/trigger"), "method": "GET",
        "id_status": stage, "event": "entered", "secret": secret,
        "parameters": [
            {"name": "deal_name", "kind": "field", "value": "name"},
            {"name": "client_phone", "kind": "field", "value": "client.phone"},
            {"name": "source", "kind": "value", "value": "crm"},
        ],
    })
}

/// The webhook's signing secret, the same at every start.
fn load_or_create_secret(folder: &Path) -> anyhow::Result<String> {
    let file = folder.join(SECRET_FILE);
    if let Some(kept) = secret_file::read(&file)? {
        return Ok(String::from_utf8_lossy(&kept).trim().to_owned());
    }
    let made = WebhookSecret::generate()?.expose();
    secret_file::write(&file, format!("{made}\n").as_bytes())?;
    Ok(made)
}
