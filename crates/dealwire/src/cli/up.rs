//! `dealwire up`: everything in one process.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use ipnet::IpNet;

use super::listen::wants_colour;
use super::settings::FolderArgs;
use crate::data_folder::DataFolder;
use crate::demo::Demo;
use crate::installation::Installation;
use crate::keys::Keys;
use crate::settings::{Settings, network};
use crate::wiring::{self, AllDatabases, AllInOne};
use crate::{first_start, signals};

/// Runs all of Dealwire in one process, with its data in one folder.
///
/// The first start makes the folder, the keys, account 1 and a token with all
/// rights in DIR/admin.token. SIGTERM or Ctrl-C finishes what is in flight.
#[derive(Debug, Args)]
pub(super) struct UpArgs {
    #[command(flatten)]
    folder: FolderArgs,

    /// The address of the API [default: the one in the settings, 127.0.0.1:8080];
    /// port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,

    /// A network whose addresses may be called back, although they are not
    /// public; give it again for further ones.
    #[arg(long = "allow-network", value_name = "CIDR", value_parser = network)]
    allow_networks: Vec<IpNet>,

    /// Adds a receiver on loopback, a webhook to it and sample records.
    #[arg(long)]
    demo: bool,
}

impl UpArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut settings = self.folder.load()?;
        if let Some(listen) = self.http {
            settings.http.listen = listen;
        }
        settings.delivery.allow_networks.extend(self.allow_networks);
        if self.demo {
            let loopback = ["127.0.0.0/8"].map(network).into_iter();
            for range in loopback {
                settings.delivery.allow_networks.extend(range.ok());
            }
        }
        let _telemetry = settings.init_telemetry("dealwire")?;
        super::runtime()?.block_on(up(settings, self.demo))
    }
}

async fn up(settings: Settings, demo: bool) -> anyhow::Result<()> {
    let stop = signals::stop_requested()?;
    // First, so that a port that is taken leaves no trace.
    let listener = TcpListener::bind(settings.http.listen)
        .with_context(|| format!("cannot listen on {}", settings.http.listen))?;
    let address = listener.local_addr()?;
    let folder = DataFolder::open(&settings.data_dir)?;
    let (keys, _) = Keys::load_or_create(&folder)?;
    let place = Installation::Folder(folder.path().to_owned());
    let (entity, intake, delivery) = tokio::try_join!(
        wiring::open_entity_database(&place),
        wiring::open_intake_database(&place),
        wiring::open_delivery_database(&place),
    )?;
    let token_file = first_start::prepare(&entity, &folder, &keys).await?;
    let databases = AllDatabases {
        entity,
        intake,
        delivery,
    };
    let all = AllInOne::build(databases, &keys, &settings).await?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        stopping.cancelled().await;
        tracing::info!("stopping: what is in flight is finished first");
    });
    announce(address, folder.path(), &token_file);
    if !demo {
        return all.run(listener, stop).await;
    }
    let demo = Demo::open(wants_colour()).await?;
    let showing = async {
        let played = demo
            .run(address, folder.path(), &token_file, stop.clone())
            .await;
        // A demo that cannot be shown leaves the program of use all the same.
        if let Err(error) = played {
            tracing::error!("{error:#}");
        }
        anyhow::Ok(())
    };
    tokio::try_join!(all.run(listener, stop.clone()), showing)?;
    Ok(())
}

fn announce(address: SocketAddr, folder: &Path, token_file: &Path) {
    super::say(&format!(
        "dealwire {} listens on http://{address}\n  \
         data   {}\n  \
         token  {}\n  \
         API    http://{address}/api/v1/openapi.json",
        env!("CARGO_PKG_VERSION"),
        folder.display(),
        token_file.display(),
    ));
}
