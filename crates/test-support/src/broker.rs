//! A broker per test.

use std::net::SocketAddr;

use ::broker::{Broker, InProcessLimits, RabbitMqConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Names a RabbitMQ server on which tests may make virtual hosts.
const SERVER_VARIABLE: &str = "TEST_AMQP_URL";
/// Names its management API, with user and password.
const MANAGEMENT_VARIABLE: &str = "TEST_AMQP_MANAGEMENT_URL";
const MANAGEMENT_PORT: u16 = 15_672;

/// A broker that only one test sees.
#[derive(Debug)]
pub struct TestBroker {
    broker: Broker,
    home: Home,
}

#[derive(Debug)]
enum Home {
    InProcess,
    RabbitMq {
        url: String,
        vhost: String,
        management: Management,
    },
}

/// The HTTP API of a RabbitMQ.
#[derive(Debug, Clone)]
struct Management {
    base: String,
    authorization: String,
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        let Home::RabbitMq {
            vhost, management, ..
        } = &self.home
        else {
            return;
        };
        // The test's own runtime cannot be waited for here.
        let (management, path) = (management.clone(), format!("/vhosts/{vhost}"));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime
                .block_on(management.call(Method::DELETE, &path, None))
                .map(drop)
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("the virtual host {vhost} could not be dropped");
        }
    }
}

impl TestBroker {
    /// A virtual host of its own where `TEST_AMQP_URL` names a server, else an in-process broker.
    pub async fn start() -> Self {
        match std::env::var(SERVER_VARIABLE) {
            Ok(server) => {
                let management = std::env::var(MANAGEMENT_VARIABLE).ok();
                Self::rabbitmq(&server, management.as_deref()).await
            }
            Err(_unset) => Self::in_process(InProcessLimits::default()),
        }
    }

    /// An in-process broker, whatever the environment says.
    pub fn in_process(limits: InProcessLimits) -> Self {
        Self {
            broker: Broker::in_process(limits),
            home: Home::InProcess,
        }
    }

    /// A virtual host of its own on this server. Without a URL, the management API is taken to be
    /// on the server's host, for the same user, on RabbitMQ's usual port.
    pub async fn rabbitmq(server: &str, management: Option<&str>) -> Self {
        let management = match management {
            Some(url) => Management::at(url),
            None => Management::beside(server),
        };
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let random = folder.path().file_name().unwrap_or_default();
        let random = random
            .to_string_lossy()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let vhost = format!("test-{}-{random}", std::process::id());
        management
            .call(Method::PUT, &format!("/vhosts/{vhost}"), None)
            .await
            .expect("the test server makes a virtual host");
        let url = with_path(server, &vhost);
        Self {
            broker: connect(&url),
            home: Home::RabbitMq {
                url,
                vhost,
                management,
            },
        }
    }

    /// The broker; the same one at each call.
    pub fn broker(&self) -> Broker {
        self.broker.clone()
    }

    /// The same queues over connections of their own, as another process sees them.
    pub fn connect(&self) -> Broker {
        match &self.home {
            Home::InProcess => self.broker.clone(),
            Home::RabbitMq { url, .. } => connect(url),
        }
    }

    /// Where it is, unless it is in this process.
    pub fn url(&self) -> Option<&str> {
        match &self.home {
            Home::InProcess => None,
            Home::RabbitMq { url, .. } => Some(url),
        }
    }

    /// The same virtual host behind something that listens at `address`, such as a
    /// [`FaultProxy`](crate::FaultProxy).
    ///
    /// # Panics
    ///
    /// If it is in this process.
    pub fn url_at(&self, address: SocketAddr) -> String {
        let url = self.url().expect("a broker with an address");
        let (front, behind) = parts(url);
        format!("{front}{address}{behind}")
    }

    /// Where the server listens.
    ///
    /// # Panics
    ///
    /// If it is in this process, or has a name instead of an address.
    pub fn address(&self) -> SocketAddr {
        let url = self.url().expect("a broker with an address");
        let (front, behind) = parts(url);
        let address = &url[front.len()..url.len() - behind.len()];
        address.parse().expect("an IP address and a port")
    }

    /// Asks RabbitMQ's management API; `{vhost}` in the path stands for this broker's.
    ///
    /// # Panics
    ///
    /// If it is in this process, or refuses.
    pub async fn manage(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let Home::RabbitMq {
            vhost, management, ..
        } = &self.home
        else {
            panic!("an in-process broker has no management API");
        };
        management
            .call(method, &path.replace("{vhost}", vhost), body)
            .await
            .expect("the management API answers")
    }
}

fn connect(url: &str) -> Broker {
    let config = RabbitMqConfig::parse(url, "test").expect("the test server's URL");
    Broker::rabbitmq(config)
}

impl Management {
    /// `url` is `http://user:password@host:port`.
    fn at(url: &str) -> Self {
        let uri: Uri = url.parse().expect("the management API's URL");
        let authority = uri.authority().expect("the management API's host").as_str();
        let (user, host) = authority
            .rsplit_once('@')
            .unwrap_or(("guest:guest", authority));
        Self {
            base: format!("http://{host}/api"),
            authorization: format!("Basic {}", STANDARD.encode(user)),
        }
    }

    fn beside(server: &str) -> Self {
        let uri: Uri = server.parse().expect("the test server's URL");
        let authority = uri.authority().expect("the test server's host");
        let user = authority
            .as_str()
            .rsplit_once('@')
            .map_or("guest:guest", |(user, _)| user);
        Self::at(&format!(
            "http://{user}@{}:{MANAGEMENT_PORT}",
            authority.host()
        ))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, std::io::Error> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::<Bytes>::from(
                body.map(|body| body.to_string()).unwrap_or_default(),
            ))
            .map_err(std::io::Error::other)?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client
            .request(request)
            .await
            .map_err(std::io::Error::other)?;
        let status = answer.status();
        let body = answer.into_body().collect().await;
        let body = body.map_err(std::io::Error::other)?.to_bytes();
        if !status.is_success() && status != StatusCode::NOT_FOUND {
            let body = String::from_utf8_lossy(&body).into_owned();
            return Err(std::io::Error::other(format!("{status}: {body}")));
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}

fn with_path(server: &str, vhost: &str) -> String {
    let (front, behind) = parts(server);
    let end = server.len() - behind.len();
    format!("{front}{}/{vhost}", &server[front.len()..end])
}

/// What stands before the host and what behind the port.
fn parts(url: &str) -> (&str, &str) {
    let scheme_end = url.find("://").map_or(0, |at| at + 3);
    let rest = &url[scheme_end..];
    let authority_end = scheme_end + rest.find('/').unwrap_or(rest.len());
    let host_start = url[..authority_end]
        .rfind('@')
        .map_or(scheme_end, |at| at + 1);
    (&url[..host_start], &url[authority_end..])
}
