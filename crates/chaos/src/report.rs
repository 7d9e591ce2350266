//! The table at the end.

use std::time::Duration;

use crate::faults::RECOVERY;
use crate::leads::{LeadVerdict, Posts};
use crate::ledger::Seen;
use crate::options::Form;
use crate::verdict::{AtOnce, Recovery, Verdict};

/// Findings shown of one kind; the rest is counted.
const SHOWN: usize = 5;

/// All that a run has found.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) form: Form,
    pub(crate) took: Duration,
    pub(crate) verdict: &'a Verdict,
    pub(crate) lead_verdict: &'a LeadVerdict,
    pub(crate) recoveries: &'a [Recovery],
    /// Whether `dealwire verify` agrees, and its words.
    pub(crate) verified: &'a (bool, String),
    pub(crate) log_summary: &'a [String],
    pub(crate) problems: &'a [String],
}

impl Report<'_> {
    /// Whether nothing is wrong that must not be.
    pub(crate) fn is_well(&self, seen: &Seen) -> bool {
        self.verified.0
            && self.verdict.is_clean()
            && self.lead_verdict.is_clean()
            && seen.wrong_answers.is_empty()
            && self.problems.is_empty()
    }

    pub(crate) fn print(&self, seen: &Seen, posts: &Posts, is_well: bool) {
        let form = self.form.as_str();
        println!("\nchaos: {form}, {:.0} s\n", self.took.as_secs_f64());
        print_requests(seen);
        print_leads(posts, self.lead_verdict);
        print_callbacks(self.verdict);
        row("wrong answers of the API", seen.wrong_answers.len());
        print_recoveries(self.recoveries);
        print_findings(seen, self.verdict, self.lead_verdict);
        println!("\n{}", self.log_summary.join("\n"));
        let (agrees, words) = self.verified;
        let agrees = if *agrees { "agrees" } else { "DISAGREES" };
        println!("\ndealwire verify ({agrees}):\n{words}");
        for problem in self.problems {
            println!("problem: {problem}");
        }
        let outcome = if is_well {
            "nothing was lost"
        } else {
            "NOT WELL"
        };
        println!("\nchaos: {form}: {outcome}");
    }
}

fn print_requests(seen: &Seen) {
    row("changes accepted (2xx)", seen.accepted);
    row("  events of these and of leads", seen.changes.len());
    row("  requests sent again", seen.retries);
    row("  tries without an answer", seen.unanswered);
    row(
        "  changes that had happened all the same",
        seen.had_happened,
    );
}

fn print_leads(posts: &Posts, verdict: &LeadVerdict) {
    row("leads accepted (2xx)", posts.promises.len());
    row("  that had been made all the same", posts.had_happened);
    row("  only kept (202)", posts.kept_only);
    row("  leads there", verdict.leads);
    row("    of tries without an answer", verdict.extra);
    row("  clients that they became", verdict.clients);
    for (what, found) in verdict.findings() {
        row(what, found.len());
    }
}

fn print_callbacks(verdict: &Verdict) {
    let rate = percent(verdict.repeats.len(), verdict.expected);
    row("callbacks expected", verdict.expected);
    row("callbacks received", verdict.received);
    row("  not taken by the receiver, on purpose", verdict.refused);
    row(
        "  repeats after a 2xx",
        format!("{} ({rate})", verdict.repeats.len()),
    );
    row(
        "  retries overtaken by later revisions",
        verdict.overtaken_retries,
    );
    row(
        "  out of order without a reason",
        verdict.out_of_order.len(),
    );
    row("  left out for a newer one", verdict.skipped);
    row("LOST", verdict.lost.len());
    row("without a change", verdict.unexpected.len());
    row("under two ids", verdict.doubled.len());
    row("wrong signatures", verdict.wrong_signatures.len());
    row("wrong bodies", verdict.wrong_bodies.len());
    row("two of one record at once", verdict.overlaps.len());
    row("out of a promised order", verdict.disordered.len());
}

fn print_recoveries(recoveries: &[Recovery]) {
    println!(
        "\n{:<24} {:>8} {:>8} {:>9} {:>9} {:>9} {:>10} {:>8} {:>13}",
        "fault", "at", "down", "2xx", "callback", "fresh", "caught up", "repeats", "out of order"
    );
    for recovery in recoveries {
        println!(
            "{:<24} {:>8} {:>8} {:>9} {:>9} {:>9} {:>10} {:>8} {:>13}",
            recovery.what,
            seconds(Some(recovery.at)),
            seconds(Some(recovery.down)),
            seconds(recovery.accepted),
            seconds(recovery.callback),
            seconds(recovery.fresh),
            seconds(recovery.caught_up),
            recovery.repeats,
            recovery.out_of_order
        );
    }
    println!(
        "seconds from its return to: the first change accepted, the first callback, the first\n\
         callback about a change of afterwards, the last first callback about one of before"
    );
}

fn print_findings(seen: &Seen, verdict: &Verdict, lead_verdict: &LeadVerdict) {
    let overlaps: Vec<String> = verdict.overlaps.iter().map(AtOnce::to_string).collect();
    let of_callbacks = [
        ("lost", &*verdict.lost),
        ("without a change", &verdict.unexpected),
        ("under two ids", &verdict.doubled),
        ("wrong signature", &verdict.wrong_signatures),
        ("wrong body", &verdict.wrong_bodies),
        ("at once", &overlaps),
        ("out of order", &verdict.disordered),
        ("wrong answer", &seen.wrong_answers),
    ];
    for (what, found) in of_callbacks.into_iter().chain(lead_verdict.findings()) {
        for finding in found.iter().take(SHOWN) {
            println!("{what}: {finding}");
        }
        if found.len() > SHOWN {
            println!("{what}: and {} more", found.len() - SHOWN);
        }
    }
}

/// Faults after which nothing new came through in time.
pub(crate) fn without_recovery(recoveries: &[Recovery]) -> Vec<String> {
    recoveries
        .iter()
        .filter(|recovery| recovery.fresh.is_none_or(|fresh| fresh > RECOVERY))
        .map(|recovery| format!("no recovery within {RECOVERY:?} after {}", recovery.what))
        .collect()
}

fn row(name: &str, value: impl std::fmt::Display) {
    println!("{name:<42} {value:>12}");
}

fn seconds(duration: Option<Duration>) -> String {
    duration.map_or("-".to_owned(), |duration| {
        format!("{:.2} s", duration.as_secs_f64())
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn percent(part: usize, whole: usize) -> String {
    format!("{:.2} %", 100.0 * part as f64 / whole.max(1) as f64)
}
