//! A receiver for callbacks that shows a person what arrives.
//!
//! `dealwire listen` runs it on its own, `dealwire up --demo` in the same
//! process. It judges signatures, marks repeats, answers what it was told to,
//! and takes whatever is sent without failing.

mod arrival;
mod body;
mod connection;
mod counts;
mod printer;
mod repeats;
mod signature;
pub(crate) mod text;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use events::Clock;
use hyper::StatusCode;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use arrival::{Paint, time_of_day};
use connection::Shared;
use counts::Counts;
use printer::Printer;
use repeats::Repeats;

pub(crate) use counts::Summary;
pub(crate) use signature::{Secret, Secrets};

/// How long open connections may finish what they are answering.
const DRAIN: Duration = Duration::from_secs(1);

/// The pause after the system refused a connection, such as for want of files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a [`Listener`] answers and what it shows.
#[derive(Debug, Clone)]
pub(crate) struct ListenOptions {
    /// The secrets that signatures are checked with.
    pub(crate) secrets: Secrets,
    /// The status of every answer, a final one (200 or above).
    pub(crate) status: StatusCode,
    /// The time from a request's arrival to its answer.
    pub(crate) delay: Duration,
    /// What is printed.
    pub(crate) show: Show,
    /// Whether what is printed is coloured.
    pub(crate) colour: bool,
}

/// What a [`Listener`] prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// Every request.
    Each,
    /// One line of counts for each second in which something arrived.
    PerSecond,
}

/// A bound receiver, not yet answering.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    options: ListenOptions,
}

impl Listener {
    /// Binds `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub(crate) async fn bind(address: SocketAddr, options: ListenOptions) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, options })
    }

    /// The address that callbacks reach it at.
    ///
    /// # Errors
    /// When the system no longer knows the socket.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers until `stop` is cancelled or nobody reads `out` any more; then
    /// finishes the open requests and tells what came in all.
    ///
    /// # Errors
    /// When the thread that prints cannot be started.
    pub(crate) async fn run(
        self,
        out: impl Write + Send + 'static,
        stop: CancellationToken,
    ) -> io::Result<Summary> {
        let stop = stop.child_token();
        let (printer, written) = Printer::start(out, stop.clone())?;
        let shared = Arc::new(Shared {
            secrets: self.options.secrets,
            status: self.options.status,
            delay: self.options.delay,
            printer: (self.options.show == Show::Each).then(|| printer.clone()),
            paint: Paint(self.options.colour),
            counts: Counts::default(),
            repeats: Mutex::new(Repeats::default()),
            clock: Clock::System,
        });
        let mut connections = JoinSet::new();
        tokio::select! {
            () = stop.cancelled() => {}
            () = accept(&self.socket, &shared, &mut connections, &stop) => {}
            () = tell_each_second(&shared, &printer), if shared.printer.is_none() => {}
        }
        drop(self.socket);
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            connections.shutdown().await;
        }
        let summary = shared.counts.summary();
        drop((shared, printer));
        // A reader that has stalled is not waited for.
        if tokio::time::timeout(DRAIN, written.wait()).await.is_err() {
            tracing::warn!("not everything that arrived could be printed");
        }
        Ok(summary)
    }
}

async fn accept(
    socket: &TcpListener,
    shared: &Arc<Shared>,
    connections: &mut JoinSet<()>,
    stop: &CancellationToken,
) {
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection::serve(stream, Arc::clone(shared), stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn tell_each_second(shared: &Shared, printer: &Printer) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.tick().await;
    let mut before = 0;
    loop {
        ticks.tick().await;
        let summary = shared.counts.summary();
        let fresh = summary.received - before;
        if fresh > 0 {
            let time = time_of_day(shared.clock.now());
            printer.print(format!("{time}  {fresh}/s  {summary}\n"));
        }
        before = summary.received;
    }
}
