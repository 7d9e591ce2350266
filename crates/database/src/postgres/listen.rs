//! Being told by other processes on the same database that something changed.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;

use super::connect::Server;

/// How often to look. libpq's socket cannot be waited for without `unsafe`, and
/// looking costs one system call.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long to wait before connecting again.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Listens for as long as it is kept.
#[derive(Debug)]
#[must_use = "dropping it ends the listening"]
pub struct Listener {
    _stop: Option<mpsc::Sender<()>>,
}

impl Listener {
    /// One that hears nothing, where there is nobody else to be told by.
    pub(crate) fn deaf() -> Self {
        Self { _stop: None }
    }

    /// Calls `told` from a thread of its own after each notification, many at
    /// once counting as one, and after each connecting: some may have been missed.
    pub(crate) fn start(
        server: Arc<Server>,
        channel: &'static str,
        told: impl Fn() + Send + 'static,
    ) -> Self {
        let (stop, stopped) = mpsc::channel();
        let started = std::thread::Builder::new()
            .name("postgres-listen".to_owned())
            .spawn(move || {
                while !pause(&stopped, Duration::ZERO) {
                    if let Ok(conn) = server.connect()
                        && let Err(reason) = listen(conn, channel, &told, &stopped)
                    {
                        server.standing.lost(&reason);
                    }
                    if pause(&stopped, RECONNECT_AFTER) {
                        return;
                    }
                }
            });
        if let Err(error) = started {
            tracing::warn!(%error, "cannot start the thread that listens to the database");
        }
        Self { _stop: Some(stop) }
    }
}

/// Returns when it shall stop, or with the reason why the connection ended.
fn listen(
    mut conn: PgConnection,
    channel: &str,
    told: &impl Fn(),
    stopped: &Receiver<()>,
) -> Result<(), String> {
    conn.batch_execute(&format!("LISTEN {channel}"))
        .map_err(|error| error.to_string())?;
    told();
    while !pause(stopped, LOOK_EVERY) {
        let mut any = false;
        for notification in conn.notifications_iter() {
            notification.map_err(|error| error.to_string())?;
            any = true;
        }
        if any {
            told();
        }
    }
    Ok(())
}

/// Whether to stop.
fn pause(stopped: &Receiver<()>, length: Duration) -> bool {
    stopped.recv_timeout(length) != Err(RecvTimeoutError::Timeout)
}
