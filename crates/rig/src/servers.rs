//! Where a PostgreSQL and a RabbitMQ listen, and databases and vhosts on them.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::json;
use url::Url;

use crate::connection::{Answer, Ask, Connection};

/// Two servers by their URLs.
#[derive(Debug, Clone)]
pub struct Servers {
    database: Url,
    amqp: Url,
    management: Url,
}

impl Servers {
    /// From the URLs of a database that exists, of the broker, and of its management API.
    ///
    /// # Errors
    /// One is no URL.
    pub fn parse(database: &str, amqp: &str, management: &str) -> anyhow::Result<Self> {
        Ok(Self {
            database: Url::parse(database).context("the database's URL")?,
            amqp: Url::parse(amqp).context("the broker's URL")?,
            management: Url::parse(management).context("the management API's URL")?,
        })
    }

    /// The URL of a database on the server.
    pub fn database(&self, name: &str) -> String {
        let mut url = self.database.clone();
        url.set_path(name);
        url.into()
    }

    /// The URL of a virtual host of the broker.
    pub fn vhost(&self, name: &str) -> String {
        let mut url = self.amqp.clone();
        url.set_path(name);
        url.into()
    }

    /// Where database and broker listen.
    ///
    /// # Errors
    /// A URL names no address.
    pub fn addresses(&self) -> anyhow::Result<[SocketAddr; 2]> {
        let ports = [(&self.database, 5432), (&self.amqp, 5672)];
        let [database, amqp] = ports.map(|(url, port)| url.socket_addrs(|| Some(port)));
        let first = |addresses: Vec<SocketAddr>| addresses.first().copied();
        let database = first(database?).context("the database's address")?;
        Ok([database, first(amqp?).context("the broker's address")?])
    }

    /// The same servers as reached at other addresses, such as those of proxies.
    ///
    /// # Errors
    /// A URL has no host.
    pub fn through(&self, database: SocketAddr, amqp: SocketAddr) -> anyhow::Result<Self> {
        let mut through = self.clone();
        for (url, address) in [(&mut through.database, database), (&mut through.amqp, amqp)] {
            let moved = url.set_ip_host(address.ip()).is_ok();
            ensure!(
                moved && url.set_port(Some(address.port())).is_ok(),
                "no host in {url}"
            );
        }
        Ok(through)
    }

    /// The names of the queues of a virtual host.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub async fn queues(&self, vhost: &str) -> anyhow::Result<Vec<String>> {
        let ask = Ask::get(format!("/api/queues/{vhost}"));
        let answer = self.manage(ask, &[]).await?.json()?;
        let names = answer.as_array().into_iter().flatten();
        let mut names: Vec<String> = names
            .filter_map(|queue| queue["name"].as_str().map(str::to_owned))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Deletes a queue with all that it holds.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub async fn delete_queue(&self, vhost: &str, queue: &str) -> anyhow::Result<()> {
        let path = format!("/api/queues/{vhost}/{queue}");
        let ask = Ask::new(Method::DELETE, path);
        self.manage(ask, &[]).await.map(drop)
    }

    /// Makes an empty database; one of that name that is there is dropped.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub async fn create_database(&self, name: &str) -> anyhow::Result<()> {
        self.sql(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await?;
        self.sql(format!("CREATE DATABASE {name}")).await
    }

    /// Makes an empty virtual host; one of that name that is there is dropped.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub async fn create_vhost(&self, name: &str) -> anyhow::Result<()> {
        let path = format!("/api/vhosts/{name}");
        self.manage(Ask::new(Method::DELETE, &*path), &[404])
            .await?;
        self.manage(Ask::json(Method::PUT, path, &json!({})), &[])
            .await?;
        let user = self.management.username();
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        let path = format!("/api/permissions/{name}/{user}");
        self.manage(Ask::json(Method::PUT, path, &all), &[])
            .await
            .map(drop)
    }

    /// Gathers the planner's statistics of a database at once, which the server does by
    /// itself within a minute or so. Until then it plans for tables that are still empty.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub async fn analyze(&self, name: &str) -> anyhow::Result<()> {
        run(self.database(name), "ANALYZE".to_owned()).await
    }

    async fn sql(&self, statement: String) -> anyhow::Result<()> {
        run(self.database.to_string(), statement).await
    }

    async fn manage(&self, mut ask: Ask, also_fine: &[u16]) -> anyhow::Result<Answer> {
        let url = &self.management;
        let login = format!("{}:{}", url.username(), url.password().unwrap_or_default());
        let login = format!("Basic {}", STANDARD.encode(login));
        ask.headers
            .insert(AUTHORIZATION, HeaderValue::from_str(&login)?);
        let what = format!("{} {}", ask.method, ask.path);
        let addresses = url.socket_addrs(|| None)?;
        let address: SocketAddr = *addresses.first().context("the management API's address")?;
        let mut connection = Connection::open(address, None).await?;
        let answer = connection.send(ask).await?;
        let status = answer.status;
        ensure!(
            status.is_success() || also_fine.contains(&status.as_u16()),
            "RabbitMQ answers {what} with {status}: {}",
            answer.text()
        );
        Ok(answer)
    }
}

async fn run(url: String, statement: String) -> anyhow::Result<()> {
    let ran = tokio::task::spawn_blocking(move || {
        let mut connection = PgConnection::establish(&url)?;
        connection.batch_execute(&statement).context(statement)
    });
    ran.await?
}
