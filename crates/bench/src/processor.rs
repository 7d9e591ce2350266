//! Where the processor's time goes: before and after a measurement.

use std::time::Duration;

use anyhow::Context as _;
use rig::{Product, cpu_of_family, cpu_of_self};

use crate::report::Measure;

/// This program, which makes the load and receives the callbacks.
const OURSELVES: &str = "load and receiver";

/// All processes that take part.
#[derive(Debug)]
pub(crate) struct Parts {
    processes: Vec<(String, u32)>,
}

/// What each had used at a moment.
#[derive(Debug)]
pub(crate) struct Used(Vec<(String, Duration)>);

impl Parts {
    /// The product's processes, and those of the servers that it works with.
    pub(crate) fn of(product: &Product, servers: &[(String, u32)]) -> anyhow::Result<Self> {
        let mut processes = Vec::new();
        for process in product.processes() {
            processes.push((process.name().to_owned(), process.pid()?));
        }
        processes.extend_from_slice(servers);
        Ok(Self { processes })
    }

    /// This program and servers alone.
    pub(crate) fn without_product(servers: &[(String, u32)]) -> Self {
        Self {
            processes: servers.to_vec(),
        }
    }

    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        let mut used = vec![(OURSELVES.to_owned(), cpu_of_self()?)];
        for (name, pid) in &self.processes {
            let time = cpu_of_family(*pid).with_context(|| name.clone())?;
            used.push((name.clone(), time));
        }
        Ok(Used(used))
    }

    /// What was used since `before`, for each of `count` things that were done in `took`.
    pub(crate) fn measures(
        &self,
        before: &Used,
        what: &str,
        count: usize,
        took: Duration,
    ) -> anyhow::Result<Vec<Measure>> {
        let after = self.used()?;
        let mut measures = Vec::new();
        let mut all = Duration::ZERO;
        for ((name, before), (_, after)) in before.0.iter().zip(&after.0) {
            let spent = after.saturating_sub(*before);
            all += spent;
            let each = spent.as_secs_f64() * 1e6 / per(count);
            measures.push(Measure::us(&format!("CPU, {what}: {name}"), each));
        }
        let cores = all.as_secs_f64() / took.as_secs_f64();
        measures.push(Measure::new(&format!("CPU, {what}: cores busy"), "", cores));
        Ok(measures)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn per(count: usize) -> f64 {
    count.max(1) as f64
}
