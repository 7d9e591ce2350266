//! The tables for people and the line for machines.

mod ratio;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

pub(crate) use ratio::Ratio;

/// One measured value with its name and unit.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    name: String,
    unit: &'static str,
    value: f64,
}

impl Measure {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn new(name: &str, unit: &'static str, value: f64) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            value,
        }
    }

    pub(crate) fn ms(name: &str, value: f64) -> Self {
        Self::new(name, "ms", value)
    }

    pub(crate) fn us(name: &str, value: f64) -> Self {
        Self::new(name, "µs", value)
    }

    pub(crate) fn per_second(name: &str, value: f64) -> Self {
        Self::new(name, "/s", value)
    }

    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
    pub(crate) fn mib(name: &str, kib: u64) -> Self {
        Self::new(name, "MiB", kib as f64 / 1024.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
    pub(crate) fn count(name: &str, count: u64) -> Self {
        Self::new(name, "", count as f64)
    }
}

/// The measures of all rounds, a column for each form.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rounds: u32,
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: String,
    unit: &'static str,
    /// The values of each column, a value per round.
    values: BTreeMap<&'static str, Vec<f64>>,
}

impl Report {
    /// Adds what one round measured for a column. Rows and columns come in the order of
    /// their first values.
    pub(crate) fn add(&mut self, column: &'static str, measures: Vec<Measure>) {
        if !self.columns.contains(&column) {
            self.columns.push(column);
        }
        for Measure { name, unit, value } in measures {
            let place = match self.rows.iter().position(|row| row.name == name) {
                Some(place) => place,
                None => self.new_row(name, unit),
            };
            let values = &mut self.rows[place].values;
            values.entry(column).or_default().push(value);
        }
    }

    /// Behind the rows of its kind: what their names begin with, up to a colon.
    fn new_row(&mut self, name: String, unit: &'static str) -> usize {
        let kind = name.split_once(": ").map(|(kind, _)| kind);
        let is_kin =
            |row: &Row| kind.is_some() && row.name.split_once(": ").map(|(k, _)| k) == kind;
        let kin = self.rows.iter().rposition(is_kin);
        let place = kin.map_or(self.rows.len(), |last| last + 1);
        let values = BTreeMap::new();
        self.rows.insert(place, Row { name, unit, values });
        place
    }

    pub(crate) fn end_round(&mut self) {
        self.rounds += 1;
    }

    /// Prints the medians, with lowest and highest where there are several rounds, then
    /// one line of JSON.
    pub(crate) fn print(&self, ratios: &[Ratio]) {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let rounds = self.rounds;
        println!("{rounds} rounds, {cores} cores shared by load, receiver, program and servers;");
        println!("medians, then lowest and highest");
        let mut medians: Map<String, Value> = Map::new();
        for column in &self.columns {
            medians.insert((*column).to_owned(), json!({}));
        }
        let mut shown_columns: Vec<&str> = Vec::new();
        for row in &self.rows {
            let columns: Vec<&str> = self
                .columns
                .iter()
                .copied()
                .filter(|column| self.is_beside(row, column))
                .collect();
            if columns != shown_columns {
                print!("\n{:<54}", "");
                for column in &columns {
                    print!(" {column:>24}");
                }
                println!();
                shown_columns = columns;
            }
            print!("{:<54}", row.name);
            for column in &shown_columns {
                let cell = row.values.get(column).map(|values| cell(values));
                print!(" {:>24}", cell.unwrap_or_default());
            }
            println!(" {}", row.unit);
            for (column, values) in &row.values {
                let rounded = (median(values) * 1_000.0).round() / 1_000.0;
                let name = format!("{} ({})", row.name, row.unit);
                medians[*column][name] = json!(rounded);
            }
        }
        ratio::print(ratios, self);
        println!(
            "\n{}",
            json!({ "rounds": rounds, "cores": cores, "medians": medians })
        );
    }

    /// Ceilings stand alone, forms beside each other.
    fn is_beside(&self, row: &Row, column: &str) -> bool {
        let alone = self
            .columns
            .last()
            .filter(|last| row.values.contains_key(*last));
        match alone {
            Some(last) if row.values.len() == 1 && self.is_ceiling(last) => *last == column,
            _ => !self.is_ceiling(column),
        }
    }

    fn is_ceiling(&self, column: &str) -> bool {
        column == CEILINGS
    }

    fn median_of(&self, row: &str, column: &str) -> Option<f64> {
        let row = self.rows.iter().find(|known| known.name == row)?;
        row.values.get(column).map(|values| median(values))
    }
}

/// The column of what the machine does without Dealwire.
pub(crate) const CEILINGS: &str = "ceiling";

fn cell(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = shown(median(values));
    match (sorted.first(), sorted.last()) {
        (Some(low), Some(high)) if sorted.len() > 1 && low < high => {
            format!("{median} ({}–{})", shown(*low), shown(*high))
        }
        _ => median,
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn shown(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
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

    #[test]
    fn a_row_keeps_its_columns_apart() {
        let mut report = Report::default();
        for value in [3.0, 1.0, 2.0] {
            report.add("a", vec![Measure::ms("x", value)]);
        }
        report.add("b", vec![Measure::ms("x", 8.0), Measure::ms("y", 9.0)]);
        report.add("b", vec![Measure::ms("CPU: c", 1.0), Measure::ms("z", 1.0)]);
        report.add("b", vec![Measure::ms("CPU: d", 1.0)]);
        let names: Vec<&str> = report.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["x", "y", "CPU: c", "CPU: d", "z"]);
        assert_eq!(report.median_of("x", "a"), Some(2.0));
        assert_eq!(report.median_of("x", "b"), Some(8.0));
        assert_eq!(report.median_of("y", "a"), None);
        assert_eq!(cell(&[3.0, 1.0, 2.0]), "2 (1–3)");
    }
}
