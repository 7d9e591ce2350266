//! Who makes the load of a run.

use std::sync::Arc;
use std::time::Duration;

use rig::Source;
use tokio::task::JoinSet;

use crate::leads::{Book, Sender};
use crate::ledger::Ledger;
use crate::options::Options;
use crate::pacer::Pacer;
use crate::site::Site;
use crate::writer::Writer;

/// Changes for each lead, where there are both.
const CHANGES_PER_LEAD: u64 = 5;

/// The load while it goes on.
#[derive(Debug)]
pub(crate) struct Load {
    pacers: Vec<Arc<Pacer>>,
    working: JoinSet<anyhow::Result<()>>,
}

impl Load {
    /// Starts it: changes and leads, or a burst of leads alone.
    pub(crate) fn start(
        options: &Options,
        time: Duration,
        site: &Site,
        source: &Source,
        ledger: &Arc<Ledger>,
        book: &Arc<Book>,
    ) -> Self {
        let mut load = Self {
            pacers: Vec::new(),
            working: JoinSet::new(),
        };
        let of_leads = match options.leads {
            Some(leads) => Pacer::burst(leads),
            None => {
                let of_changes = load.pacer(Pacer::spread(options.changes(), time));
                for number in 1..=options.writers {
                    let writer = Writer {
                        name: format!("w{number}"),
                        api: site.records_api(usize::from(number), ledger),
                        ledger: Arc::clone(ledger),
                        pacer: Arc::clone(&of_changes),
                        requests: 0,
                    };
                    load.working.spawn(writer.run());
                }
                Pacer::spread(options.changes() / CHANGES_PER_LEAD, time)
            }
        };
        let of_leads = load.pacer(of_leads);
        for number in 0..options.senders() {
            let sender = Sender {
                api: site.leads_api(usize::from(number), ledger),
                source: source.clone(),
                book: Arc::clone(book),
                pacer: Arc::clone(&of_leads),
            };
            load.working.spawn(sender.run());
        }
        load
    }

    /// Waits until all is done, now that the last fault is over; what went wrong.
    pub(crate) async fn end(mut self) -> anyhow::Result<Vec<String>> {
        for pacer in &self.pacers {
            pacer.end_of_faults();
        }
        let mut problems = Vec::new();
        while let Some(ended) = self.working.join_next().await {
            if let Err(error) = ended? {
                problems.push(format!("a writer or sender gave up: {error:#}"));
            }
        }
        Ok(problems)
    }

    fn pacer(&mut self, pacer: Pacer) -> Arc<Pacer> {
        let pacer = Arc::new(pacer);
        self.pacers.push(Arc::clone(&pacer));
        pacer
    }
}
