//! What `dealwire up --demo` adds: a receiver on loopback, a webhook to it, and
//! records whose callbacks can be watched. It calls the API as any user would.

mod api;
mod texts;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::api::Api;
use crate::listen::{ListenOptions, Listener, Secret, Secrets, Show};
use crate::secret_file;

/// Where the receiver listens if nobody else does.
const USUAL_PORT: u16 = 9000;

/// The webhook's name, by which a later start finds it again.
const WEBHOOK: &str = "demo";

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

    /// Shows callbacks until cancelled; meanwhile sets up the webhook and makes
    /// a few changes.
    pub(crate) async fn run(
        self,
        address: SocketAddr,
        token_file: &Path,
        cancel: CancellationToken,
    ) -> anyhow::Result<()> {
        let token = secret_file::read(token_file)?
            .with_context(|| format!("the demo needs the token in {}", token_file.display()))?;
        let token = String::from_utf8_lossy(&token);
        let api = Api::new(address, token.trim());
        let (secrets, receiver) = (self.secrets, self.receiver);
        let showing = self.listener.run(std::io::stdout(), cancel.clone());
        let acting = async {
            play(&api, &secrets, receiver).await?;
            crate::cli::say(&texts::what_to_try(address, token_file));
            anyhow::Ok(())
        };
        let (shown, acted) = tokio::join!(showing, acting);
        acted.context("the demo could not make its sample records")?;
        shown.context("the demo's receiver failed")?;
        Ok(())
    }
}

async fn play(api: &Api, secrets: &Secrets, receiver: SocketAddr) -> anyhow::Result<()> {
    point_webhook(api, secrets, receiver).await?;
    let client = api
        .created(
            "/api/v1/clients",
            json!({
                "realname": "Иван Петров", "phone": "79998888888", "email": "ivan@example.com",
                "fields": {"Город": "Москва"},
            }),
        )
        .await?;
    let order = api
        .created(
            "/api/v1/orders",
            json!({"name": "Заказ с сайта", "price": 1500.5, "id_client": client,
                   "tags": "vip, сайт", "color": "AD3939"}),
        )
        .await?;
    api.created(
        "/api/v1/tasks",
        json!({"name": "Позвонить клиенту", "id_deal": order}),
    )
    .await?;
    api.call(
        Method::PATCH,
        &format!("/api/v1/orders/{order}"),
        Some(json!({"price": 1700})),
    )
    .await?;
    Ok(())
}

/// Makes the demo's webhook, or turns the one of an earlier start to this
/// start's receiver.
async fn point_webhook(api: &Api, secrets: &Secrets, receiver: SocketAddr) -> anyhow::Result<()> {
    let url = format!("http://{receiver}/hook");
    let known = api
        .call(Method::GET, "/api/v1/webhooks?limit=200", None)
        .await?;
    let known = known["items"]
        .as_array()
        .and_then(|items| items.iter().find(|item| item["name"] == WEBHOOK));
    if let Some(id) = known.and_then(|webhook| webhook["id"].as_i64()) {
        api.call(
            Method::PATCH,
            &format!("/api/v1/webhooks/{id}"),
            Some(json!({"url": url})),
        )
        .await?;
        return Ok(());
    }
    let events: Vec<String> = ["order", "task", "client"]
        .iter()
        .flat_map(|component| ["add", "edit", "delete"].map(|event| format!("{component}.{event}")))
        .collect();
    let made: Value = api
        .call(
            Method::POST,
            "/api/v1/webhooks",
            Some(json!({"name": WEBHOOK, "url": url, "format": "form", "events": events})),
        )
        .await?;
    let secret: Secret = made["secret"]
        .as_str()
        .context("the new webhook came without a secret")?
        .parse()?;
    secrets.add(secret);
    Ok(())
}
