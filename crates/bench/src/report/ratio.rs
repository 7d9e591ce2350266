//! How near a measure comes to what the machine does without Dealwire.

use super::{CEILINGS, Report};

/// A measure as a part of a ceiling, in every column that has it.
#[derive(Debug)]
pub(crate) struct Ratio {
    name: String,
    row: String,
    /// Of these the lowest counts.
    ceilings: Vec<String>,
    /// The columns that have this ceiling; all where empty.
    columns: Vec<&'static str>,
}

impl Ratio {
    /// In every column.
    pub(crate) fn new(row: &str, ceiling: &str) -> Self {
        Self {
            name: format!("{row} / {ceiling}"),
            row: row.to_owned(),
            ceilings: vec![ceiling.to_owned()],
            columns: Vec::new(),
        }
    }

    /// In one column only.
    pub(crate) fn only(self, column: &'static str) -> Self {
        Self {
            columns: vec![column],
            ..self
        }
    }

    /// To the lowest of several ceilings, in one column.
    pub(crate) fn lowest(row: &str, ceilings: &[&str], column: &'static str) -> Self {
        Self {
            name: format!("{row} / the lower of these two"),
            row: row.to_owned(),
            ceilings: ceilings.iter().map(|name| (*name).to_owned()).collect(),
            columns: vec![column],
        }
    }

    /// Nothing where the measure or a ceiling is missing.
    fn part(&self, report: &Report, column: &str) -> Option<f64> {
        if !self.columns.is_empty() && !self.columns.contains(&column) {
            return None;
        }
        let mut lowest = f64::INFINITY;
        for ceiling in &self.ceilings {
            lowest = lowest.min(report.median_of(ceiling, CEILINGS)?);
        }
        report
            .median_of(&self.row, column)
            .map(|value| value / lowest)
    }
}

/// Prints those that were measured.
pub(super) fn print(ratios: &[Ratio], report: &Report) {
    let columns: Vec<&str> = report
        .columns
        .iter()
        .copied()
        .filter(|column| !report.is_ceiling(column))
        .collect();
    let is_shown = |ratio: &&Ratio| {
        let mut columns = columns.iter();
        columns.any(|column| ratio.part(report, column).is_some())
    };
    let ratios: Vec<&Ratio> = ratios.iter().filter(is_shown).collect();
    if ratios.is_empty() {
        return;
    }
    print!("\n{:<66}", "parts of the ceilings");
    for column in &columns {
        print!(" {column:>16}");
    }
    println!();
    for ratio in ratios {
        print!("{:<66}", ratio.name);
        for column in &columns {
            let part = ratio.part(report, column);
            let text = part.map_or(String::new(), |part| format!("{:.1} %", part * 100.0));
            print!(" {text:>16}");
        }
        println!();
    }
}

#[cfg(test)]
mod tests {
    use super::super::Measure;
    use super::*;

    #[test]
    fn the_lowest_ceiling_counts_and_only_in_its_column() {
        let mut report = Report::default();
        report.add("a", vec![Measure::per_second("leads", 30.0)]);
        report.add("b", vec![Measure::per_second("leads", 60.0)]);
        let ceilings = [("high", 120.0), ("low", 60.0)];
        let ceilings = ceilings.map(|(name, value)| Measure::per_second(name, value));
        report.add(CEILINGS, ceilings.to_vec());
        let ratio = Ratio::lowest("leads", &["high", "low"], "a");
        assert_eq!(ratio.part(&report, "a"), Some(0.5));
        assert_eq!(ratio.part(&report, "b"), None);
        assert_eq!(Ratio::new("leads", "high").part(&report, "b"), Some(0.5));
        assert_eq!(Ratio::new("leads", "absent").part(&report, "b"), None);
    }
}
