//! What the machine does without Dealwire, measured in the same run.

mod disk;
mod handler;
mod inserts;
mod posts;
mod publishing;
mod sqlite;

use std::time::Duration;

use bytes::Bytes;

use crate::backlog::{self, drained};
use crate::changes::{self, delivered};
use crate::form::{Backends, Form};
use crate::leads;
use crate::options::{Options, Part};
use crate::processor::{Parts, Used};
use crate::report::{Measure, Ratio, millis, per_second, percentile};

pub(crate) use disk::fsync_times;

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

/// Something that was done again and again.
#[derive(Debug, Clone, Copy)]
struct Done {
    count: usize,
    took: Duration,
}

impl Done {
    fn rate(self) -> f64 {
        per_second(self.count, self.took)
    }
}

/// Processor time that a ceiling takes.
#[derive(Debug)]
struct Effort {
    parts: Parts,
    before: Used,
}

impl Effort {
    /// Of this program, and of these servers.
    fn begin(servers: &[(String, u32)]) -> anyhow::Result<Self> {
        let parts = Parts::without_product(servers);
        let before = parts.used()?;
        Ok(Self { parts, before })
    }

    fn end(self, what: &str, done: Done) -> anyhow::Result<Vec<Measure>> {
        self.parts
            .measures(&self.before, what, done.count, done.took)
    }
}

/// Measures those that the run's parts have; `callback` is the body of one.
pub(crate) async fn measure(
    options: &Options,
    backends: Option<&Backends>,
    callback: Option<&Bytes>,
) -> anyhow::Result<Vec<Measure>> {
    let fsync = fsync_times(&options.dir)?;
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
        let effort = Effort::begin(&[])?;
        let done = posts::send(connections, options.changes, body).await?;
        measures.push(Measure::per_second(&posts(connections), done.rate()));
        measures.extend(effort.end(&format!("a bare POST, {connections} connections"), done)?);
    }
    let Some(backends) = backends else {
        return Ok(());
    };
    let processes = backends.processes().await?;
    for (name, clients) in [("PostgreSQL commits, 1 client", 1), (INSERTS, 8)] {
        let effort = Effort::begin(&processes)?;
        let done = inserts::commit(&backends.servers, clients, body).await?;
        measures.push(Measure::per_second(name, done.rate()));
        if name == INSERTS {
            measures.extend(effort.end("a PostgreSQL commit", done)?);
        }
    }
    let effort = Effort::begin(&processes)?;
    let done = publishing::publish(&backends.servers, body).await?;
    measures.push(Measure::per_second(PUBLISHED, done.rate()));
    measures.extend(effort.end("a RabbitMQ publish", done)?);
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
        let done = inserts::commit(&backends.servers, clients, &body).await?;
        measures.push(Measure::per_second(LEAD_INSERTS, done.rate()));
    }
    Ok(())
}

/// What is held against what.
pub(crate) fn ratios(backlog: u32) -> Vec<Ratio> {
    let mut ratios = vec![
        Ratio::new(changes::ACCEPTED, INSERTS),
        Ratio::new(changes::ACCEPTED, PUBLISHED),
    ];
    for (fan_out, connections) in [1, 10].into_iter().zip(CONNECTIONS) {
        ratios.push(Ratio::new(&delivered(fan_out), &posts(connections)));
    }
    for deliveries in [backlog::SMALL, backlog] {
        ratios.push(Ratio::new(&drained(deliveries), &posts(CONNECTIONS[1])));
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
