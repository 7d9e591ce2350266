//! What the machine does without Dealwire, measured in the same run.

mod disk;
mod handler;
mod inserts;
mod posts;
mod publishing;
mod sqlite;

use bytes::Bytes;

use crate::changes::{self, delivered};
use crate::form::{Backends, Form};
use crate::leads;
use crate::options::{Options, Part};
use crate::report::{Measure, Ratio, millis, per_second, percentile};

/// Connections of the bare client: as many as Dealwire opens to one webhook and to ten.
const CONNECTIONS: [u32; 2] = [16, 160];

/// The rows that ratios refer to.
const FSYNC: &str = "fsync p50";
const INSERTS: &str = "PostgreSQL commits, 8 clients";
const PUBLISHED: &str = "RabbitMQ publishes confirmed, window 500";
const HANDLER: &str = "bare JSON handler";
const LEAD_INSERTS: &str = "PostgreSQL, a lead a commit";
/// What "one committed insert for each request" is on SQLite: it has one writer at a time.
const LEAD_SQLITE: &str = "SQLite, a lead a commit";
/// What sharing commits could reach at best, with one insert for each lead.
const LEAD_SQLITE_SHARED: &str = "SQLite, leads in shared commits";

/// The row of the bare client with so many connections.
fn posts(connections: u32) -> String {
    format!("bare POSTs, {connections} connections")
}

/// Measures those that the run's parts have; `callback` is the body of one.
pub(crate) async fn measure(
    options: &Options,
    backends: Option<&Backends>,
    callback: Option<&Bytes>,
) -> anyhow::Result<Vec<Measure>> {
    let fsync = disk::fsync_times(&options.dir)?;
    let mut measures = vec![Measure::ms(FSYNC, millis(percentile(&fsync, 50)))];
    if let Some(body) = callback {
        of_changes(options, backends, body, &mut measures).await?;
    }
    if options.measures(Part::Leads) {
        of_leads(options, backends, &mut measures).await?;
    }
    Ok(measures)
}

async fn of_changes(
    options: &Options,
    backends: Option<&Backends>,
    body: &Bytes,
    measures: &mut Vec<Measure>,
) -> anyhow::Result<()> {
    for connections in CONNECTIONS {
        let rate = posts::rate(connections, options.changes, body).await?;
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
    Ok(())
}

/// With as many connections as leads are posted over.
async fn of_leads(
    options: &Options,
    backends: Option<&Backends>,
    measures: &mut Vec<Measure>,
) -> anyhow::Result<()> {
    let clients = options.connections;
    let flood = handler::measure(clients, options.leads).await?;
    let rate = per_second(options.leads as usize, flood.took);
    measures.push(Measure::per_second(HANDLER, rate));
    for rank in [50, 99] {
        let name = format!("answer: {HANDLER}, p{rank}");
        let value = millis(percentile(&flood.answers, rank));
        measures.push(Measure::ms(&name, value));
    }
    let body = Bytes::from(leads::lead(0, leads::Phones::Own).to_string());
    for (name, clients) in [(LEAD_SQLITE, 1), (LEAD_SQLITE_SHARED, clients)] {
        let rate = sqlite::rate(&options.dir, clients, &body).await?;
        measures.push(Measure::per_second(name, rate));
    }
    if let Some(backends) = backends {
        let rate = inserts::rate(&backends.servers, clients, &body).await?;
        measures.push(Measure::per_second(LEAD_INSERTS, rate));
    }
    Ok(())
}

/// What is held against what.
pub(crate) fn ratios() -> Vec<Ratio> {
    let mut ratios = vec![
        Ratio::new(changes::ACCEPTED, INSERTS),
        Ratio::new(changes::ACCEPTED, PUBLISHED),
    ];
    for (fan_out, connections) in [1, 10].into_iter().zip(CONNECTIONS) {
        ratios.push(Ratio::new(&delivered(fan_out), &posts(connections)));
    }
    let up = Form::Up.title();
    let split = Form::Split { workers: 1 }.title();
    for row in [leads::ACCEPTED, leads::ACCEPTED_INBOX] {
        ratios.extend([
            Ratio::new(row, HANDLER),
            Ratio::new(row, LEAD_SQLITE).only(up),
            Ratio::lowest(row, &[HANDLER, LEAD_SQLITE], up),
            Ratio::new(row, LEAD_SQLITE_SHARED).only(up),
            Ratio::new(row, LEAD_INSERTS).only(split),
            Ratio::lowest(row, &[HANDLER, LEAD_INSERTS], split),
        ]);
    }
    ratios
}
