//! The table for people and the line for machines.

use std::time::Duration;

use serde_json::{Map, json};

/// One measured value with its name and unit.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    name: String,
    unit: &'static str,
    value: f64,
}

impl Measure {
    pub(crate) fn ms(name: &str, value: f64) -> Self {
        Self::new(name, "ms", value)
    }

    pub(crate) fn per_second(name: &str, value: f64) -> Self {
        Self::new(name, "/s", value)
    }

    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
    pub(crate) fn mib(name: &str, kib: u64) -> Self {
        Self::new(name, "MiB", kib as f64 / 1024.0)
    }

    fn new(name: &str, unit: &'static str, value: f64) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            value,
        }
    }
}

/// The measures of all rounds; every round has the same ones in the same order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rounds: Vec<Vec<Measure>>,
}

impl Report {
    pub(crate) fn add(&mut self, round: Vec<Measure>) {
        self.rounds.push(round);
    }

    /// Prints the medians with the lowest and highest, then one line of JSON.
    pub(crate) fn print(&self) {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!(
            "{} rounds, {cores} cores shared by load, receiver and program\n",
            self.rounds.len()
        );
        println!("{:<34} {:>10} {:>10} {:>10}", "", "median", "low", "high");
        let mut medians = Map::new();
        for (index, measure) in self.rounds.first().into_iter().flatten().enumerate() {
            let mut values: Vec<f64> = self.rounds.iter().map(|r| r[index].value).collect();
            values.sort_by(f64::total_cmp);
            let median = values[values.len() / 2];
            let (low, high) = (values[0], values[values.len() - 1]);
            let Measure { name, unit, .. } = measure;
            let [median_text, low, high] = [median, low, high].map(shown);
            println!("{name:<34} {median_text:>10} {low:>10} {high:>10} {unit}");
            let rounded = (median * 1_000.0).round() / 1_000.0;
            medians.insert(format!("{name} ({unit})"), json!(rounded));
        }
        let line = json!({ "rounds": self.rounds.len(), "cores": cores, "medians": medians });
        println!("\n{line}");
    }
}

fn shown(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The smallest value that `rank` per cent of the values do not exceed; zero of none.
pub(crate) fn percentile(values: &[Duration], rank: usize) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let position = (sorted.len() * rank).div_ceil(100);
    let value = sorted.get(position.saturating_sub(1));
    value.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&values, 50), Duration::from_millis(100));
        assert_eq!(percentile(&values, 99), Duration::from_millis(198));
        assert_eq!(percentile(&values[..1], 99), Duration::from_millis(200));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
