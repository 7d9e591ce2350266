//! Carries the faults of a round out.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use fault_proxy::FaultProxy;

use super::fault::{Fault, Kind, Wire};
use super::{clock, disk};
use crate::faults;
use crate::leads::Book;
use crate::plan::{Harm, Victim};
use crate::site::Site;

/// What faults are done to.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) site: &'a mut Site,
    /// To the receiver of each webhook.
    pub(super) receivers: &'a [FaultProxy],
    /// The database's, where it is small.
    pub(super) disk: Option<&'a Path>,
    /// Before the first event of the round, for `relay rewind`.
    pub(super) first_seq: i64,
}

/// Does all that was drawn, each fault at its time; what happened.
pub(super) async fn strike(
    drawn: &[Fault],
    scene: &mut Scene<'_>,
    book: &Book,
) -> anyhow::Result<Vec<faults::Fault>> {
    let rewinds =
        |number: usize| matches!(drawn[number].kind, Kind::LostQueue(_) | Kind::LostBroker);
    let mut moments = Vec::new();
    let all_over = drawn.iter().map(|fault| fault.begins + fault.lasts).max();
    for (number, fault) in drawn.iter().enumerate() {
        moments.push((fault.begins, number, true));
        let over = fault.begins + fault.lasts;
        // Nobody rewinds on a database that is down.
        let ends = all_over.filter(|_| rewinds(number)).unwrap_or(over);
        moments.push((ends, number, false));
    }
    moments.sort_by_key(|(when, number, _)| (*when, rewinds(*number)));
    let start = tokio::time::Instant::now();
    let mut begun: Vec<Option<(Instant, u64)>> = vec![None; drawn.len()];
    let mut done = Vec::new();
    for (when, number, begins) in moments {
        tokio::time::sleep_until(start + when).await;
        let kind = drawn[number].kind;
        if begins {
            begun[number] = Some((Instant::now(), book.accepted()));
            let begun = scene.begin(kind).await;
            begun.with_context(|| format!("{kind} cannot be done"))?;
            continue;
        }
        let over = scene.end(kind).await;
        over.with_context(|| format!("{kind} cannot be ended"))?;
        let (hit, leads) = begun[number].context("what ends has begun")?;
        done.push(faults::Fault {
            what: kind.to_string(),
            serves: kind.serves(),
            leads,
            hit,
            back: Instant::now(),
        });
    }
    // What was started while the disk was full may not have come up.
    if drawn.iter().any(|fault| fault.kind == Kind::FullDisk) {
        scene.site.start_what_ended()?;
    }
    Ok(done)
}

impl Scene<'_> {
    async fn begin(&mut self, kind: Kind) -> anyhow::Result<()> {
        match kind {
            Kind::Harm(harm, victim) => self.site.harm(harm, victim).await?,
            Kind::Cut(wire) => self.wire(wire)?.refuse(),
            Kind::Stall(wire) => self.wire(wire)?.stall(),
            Kind::FullDisk => disk::fill(self.disk.context("there is no small disk")?)?,
            Kind::WrongClock(worker, seconds) => {
                self.restart_with_clock(worker, Some(seconds)).await?;
                let address = self.site.worker_address(worker)?;
                clock::check(address, seconds).await?;
            }
            Kind::LostQueue(number) => {
                let installation = self.site.installation()?;
                let queues = installation.queues().await?;
                if let Some(queue) = queues.get(number % queues.len().max(1)) {
                    eprintln!("chaos: the queue {queue} is deleted");
                    installation.delete_queue(queue).await?;
                }
            }
            Kind::LostBroker => self.site.installation()?.empty_broker().await?,
        }
        Ok(())
    }

    async fn end(&mut self, kind: Kind) -> anyhow::Result<()> {
        match kind {
            Kind::Harm(harm, victim) => {
                self.site.bring_back(harm, victim).await?;
            }
            Kind::Cut(wire) | Kind::Stall(wire) => self.wire(wire)?.pass().await?,
            Kind::FullDisk => {
                disk::relieve(self.disk.context("there is no small disk")?)?;
                self.site.revive_after_full_disk().await?;
            }
            Kind::WrongClock(worker, _) => self.restart_with_clock(worker, None).await?,
            Kind::LostQueue(_) | Kind::LostBroker => {
                let seq = self.first_seq.to_string();
                for rest in [
                    &["--to", &*seq][..],
                    &["--to", "0", "--service", "intake-service"],
                ] {
                    let words = [&["relay", "rewind"], rest].concat();
                    self.site.command(&words).await?;
                }
            }
        }
        Ok(())
    }

    fn wire(&self, wire: Wire) -> anyhow::Result<&FaultProxy> {
        let servers = |victim| {
            let wires = self.site.wires(victim)?.servers.as_ref();
            wires.with_context(|| format!("{victim} has no servers"))
        };
        match wire {
            Wire::Clients(victim) => Ok(&self.site.wires(victim)?.clients),
            Wire::Database(victim) => Ok(&servers(victim)?.database),
            Wire::Broker(victim) => Ok(&servers(victim)?.broker),
            Wire::Receiver(number) => {
                let receiver = self.receivers.get(number as usize);
                receiver.with_context(|| format!("there is no webhook {number}"))
            }
        }
    }

    async fn restart_with_clock(
        &mut self,
        worker: usize,
        seconds: Option<i32>,
    ) -> anyhow::Result<()> {
        let worker = Victim::Worker(worker);
        self.site.harm(Harm::Kill, worker).await?;
        clock::set(self.site.process(worker)?, seconds)?;
        self.site.bring_back(Harm::Kill, worker).await?;
        Ok(())
    }
}
