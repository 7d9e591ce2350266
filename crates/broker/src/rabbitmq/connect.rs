//! One attempt to connect, with an end to it.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use lapin::tcp::{AsyncTcpStream, OwnedTLSConfig};
use lapin::uri::AMQPScheme;
use lapin::{Connection, ConnectionProperties, ErrorKind};

use super::config::RabbitMqConfig;
use super::declare::{NotDeclared, Refusal};
use crate::error::DeclareError;

/// Opening the socket and TLS; a host that drops packets would hold an attempt for minutes.
const SOCKET_TIMEOUT: Duration = Duration::from_secs(5);
/// The whole attempt. RabbitMQ itself gives a client 10 s for the handshake.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no connection, in words for an operator.
#[derive(Debug, Clone)]
pub(super) struct Reason {
    text: String,
    cause: Cause,
}

#[derive(Debug, Clone)]
enum Cause {
    Other,
    /// User or password are wrong.
    Login,
    /// A queue was deleted.
    QueueGone,
    /// The broker is there, but will not have what this process declares.
    Declaration(Refusal),
}

impl Reason {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            cause: Cause::Other,
        }
    }

    pub(super) fn queue_gone(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            cause: Cause::QueueGone,
        }
    }

    pub(super) fn is_queue_gone(&self) -> bool {
        matches!(self.cause, Cause::QueueGone)
    }

    pub(super) fn is_login_refused(&self) -> bool {
        matches!(self.cause, Cause::Login)
    }

    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match &self.cause {
            Cause::Declaration(refusal) => Some(refusal),
            Cause::Other | Cause::Login | Cause::QueueGone => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Reason {}

impl From<&lapin::Error> for Reason {
    fn from(error: &lapin::Error) -> Self {
        let text = match error.kind() {
            ErrorKind::IOError(error) => match error.kind() {
                io::ErrorKind::ConnectionAborted => "the broker closed the connection".to_owned(),
                io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
                _ => error.to_string(),
            },
            ErrorKind::ProtocolError(error) => error.get_message().to_string(),
            ErrorKind::MissingHeartbeatError => "the broker has gone silent".to_owned(),
            _ => error.to_string(),
        };
        // Reply code 403 also says what a user that is logged in may not do.
        let cause = if text.starts_with("ACCESS_REFUSED - Login was refused") {
            Cause::Login
        } else if text.starts_with("NOT_FOUND - no queue") {
            Cause::QueueGone
        } else {
            Cause::Other
        };
        Self { text, cause }
    }
}

impl From<NotDeclared> for Reason {
    fn from(error: NotDeclared) -> Self {
        match error {
            NotDeclared::Lost(reason) => reason,
            NotDeclared::Refused(refusal) => Self {
                text: DeclareError::from(refusal.clone()).to_string(),
                cause: Cause::Declaration(refusal),
            },
        }
    }
}

impl From<lapin::Error> for Reason {
    fn from(error: lapin::Error) -> Self {
        Self::from(&error)
    }
}

/// Connects and logs in.
///
/// lapin runs each connection on a thread of its own, which waits as long as the peer keeps the
/// socket open. So the socket is shut down when the attempt has taken too long: a broker that takes
/// connections and answers nothing would collect a thread per attempt.
pub(super) async fn connect(config: &RabbitMqConfig, purpose: &str) -> Result<Connection, Reason> {
    let name = format!("{} ({purpose})", config.connection_name);
    let properties = ConnectionProperties::default()
        .with_connection_name(name.into())
        .with_client_property("product".into(), "Dealwire".into())
        .with_client_property("version".into(), env!("CARGO_PKG_VERSION").into());
    let runtime = lapin::runtime::default_runtime()?;
    let socket = Socket::default();
    let opened = socket.clone();
    let connecting = Connection::connector(
        config.uri.clone(),
        runtime,
        async move |uri, runtime| {
            let open = async {
                let address = (uri.authority.host.clone(), uri.authority.port);
                let address = runtime.to_socket_addrs(address);
                let stream = AsyncTcpStream::connect(&runtime, address).await?;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    opened.keep(plain.get_ref())?;
                }
                match uri.scheme {
                    AMQPScheme::AMQP => Ok(stream),
                    AMQPScheme::AMQPS => {
                        let config = OwnedTLSConfig::default();
                        stream.into_tls(&uri.authority.host, config.as_ref()).await
                    }
                }
            };
            tokio::time::timeout(SOCKET_TIMEOUT, open)
                .await
                .unwrap_or_else(|_elapsed| Err(io::Error::from(io::ErrorKind::TimedOut)))
                .map_err(lapin::Error::from)
        },
        properties,
    );
    // Also when the attempt is given up from outside.
    let shut = ShutOnDrop(socket);
    let connection = tokio::time::timeout(TIMEOUT, connecting)
        .await
        .map_err(|_elapsed| Reason::new("the broker does not answer"))??;
    shut.release();
    Ok(connection)
}

/// A second handle of the socket that lapin's thread reads from.
#[derive(Debug, Clone, Default)]
struct Socket(Arc<Mutex<Option<TcpStream>>>);

impl Socket {
    fn keep(&self, stream: &impl AsFd) -> io::Result<()> {
        let second = stream.as_fd().try_clone_to_owned()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(second.into());
        Ok(())
    }

    fn take(&self) -> Option<TcpStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct ShutOnDrop(Socket);

impl ShutOnDrop {
    fn release(self) {
        drop(self.0.take());
    }
}

impl Drop for ShutOnDrop {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            // A socket that is gone already needs no end.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}
