//! `dealwire healthcheck`: is a running Dealwire ready?

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use super::settings::SettingsArgs;
use crate::listen::text;
use crate::settings::{Settings, local_url};

/// The time for the whole check.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The most of the answer that is shown, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// Asks a running Dealwire whether it is ready.
///
/// Succeeds if /readyz answers 200; otherwise prints the reason and fails with
/// status 1. Made for container health checks: needs no curl.
#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// Where to ask; an address without a path is asked for /readyz
    /// [default: the address in the settings].
    #[arg(long, value_name = "URL", conflicts_with = "role")]
    url: Option<Url>,

    /// Whose address in the settings to ask.
    #[arg(long, value_enum, default_value_t = Role::Up)]
    role: Role,

    #[command(flatten)]
    settings: SettingsArgs,
}

/// What runs in the process that is asked.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    Up,
    EntityService,
    IntakeService,
    DeliveryWorker,
}

impl HealthcheckArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut url = match self.url {
            Some(url) => url,
            None => self.role.url(&self.settings.load()?)?,
        };
        if url.path() == "/" {
            url.set_path("/readyz");
        }
        super::runtime()?.block_on(async {
            tokio::time::timeout(TIMEOUT, check(&url))
                .await
                .map_err(|_elapsed| anyhow!("no answer within {} s", TIMEOUT.as_secs()))
                .flatten()
                .with_context(|| format!("{url} is not ready"))
        })
    }
}

impl Role {
    fn url(self, settings: &Settings) -> anyhow::Result<Url> {
        let listen = match self {
            Self::Up => settings.http.listen,
            Self::EntityService => settings.entity_service.listen,
            Self::IntakeService => settings.intake_service.listen,
            Self::DeliveryWorker => settings.delivery_worker.listen,
        };
        Ok(Url::parse(&local_url(listen))?)
    }
}

async fn check(url: &Url) -> anyhow::Result<()> {
    if url.scheme() != "http" {
        bail!("only http:// can be asked");
    }
    let host = url.host_str().context("the URL names no host")?;
    let port = url.port_or_known_default().context("the URL has no port")?;
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .context("cannot connect")?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its error reaches the request below as well.
    tokio::spawn(connection);
    let request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(
            HOST,
            &url[url::Position::BeforeHost..url::Position::AfterPort],
        )
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await.context("no answer")?;
    let status = answer.status();
    if status == 200 {
        return Ok(());
    }
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| anyhow!(error).context(format!("it answered {status}")))?
        .to_bytes();
    bail!(
        "it answered {status}\n{}",
        text::visible(&String::from_utf8_lossy(&body))
    )
}
