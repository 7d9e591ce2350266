//! What the machine does without Dealwire, measured in the same run.

mod disk;
mod inserts;
mod posts;
mod publishing;

use bytes::Bytes;

use crate::Options;
use crate::arrivals::Noting;
use crate::form::Backends;
use crate::report::{Measure, millis, percentile};

/// Connections of the bare client: as many as Dealwire opens to one webhook and to ten.
pub(crate) const CONNECTIONS: [u32; 2] = [16, 160];

/// The rows that ratios refer to.
pub(crate) const FSYNC: &str = "fsync p50";
pub(crate) const INSERTS: &str = "PostgreSQL commits, 8 clients";
pub(crate) const PUBLISHED: &str = "RabbitMQ publishes confirmed, window 500";

/// The row of the bare client with so many connections.
pub(crate) fn posts(connections: u32) -> String {
    format!("bare POSTs, {connections} connections")
}

/// Measures all of them; `body` is a callback's.
pub(crate) async fn measure(
    options: &Options,
    backends: Option<&Backends>,
    body: &Bytes,
) -> anyhow::Result<Vec<Measure>> {
    let fsync = disk::fsync_times(&options.dir)?;
    let mut measures = vec![Measure::ms(FSYNC, millis(percentile(&fsync, 50)))];
    for connections in CONNECTIONS {
        let receiver = Noting::start().await?;
        let rate = posts::rate(&receiver, connections, options.changes, body).await?;
        measures.push(Measure::per_second(&posts(connections), rate));
    }
    if let Some(backends) = backends {
        for (name, clients) in [("PostgreSQL commits, 1 client", 1), (INSERTS, 8)] {
            let rate = inserts::rate(&backends.servers, clients, body).await?;
            measures.push(Measure::per_second(name, rate));
        }
        let rate = publishing::rate(&backends.servers, body).await?;
        measures.push(Measure::per_second(PUBLISHED, rate));
    }
    Ok(measures)
}
