//! The table at the end.

use std::time::Duration;

use crate::faults::RECOVERY;
use crate::ledger::Seen;
use crate::verdict::{Recovery, Verdict};

/// Findings shown of one kind; the rest is counted.
const SHOWN: usize = 5;

/// Prints what was seen and what followed each fault.
pub(crate) fn print(took: Duration, seen: &Seen, verdict: &Verdict, recoveries: &[Recovery]) {
    let changes = seen.accepted;
    let rate = percent(verdict.repeats.len(), verdict.expected);
    println!("\nchaos: {:.0} s\n", took.as_secs_f64());
    row("changes accepted (2xx)", changes);
    row("  events of these", seen.changes.len());
    row("  requests sent again", seen.retries);
    row("  tries without an answer", seen.unanswered);
    row(
        "  changes that had happened all the same",
        seen.had_happened,
    );
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
    row("LOST", verdict.lost.len());
    row("without a change", verdict.unexpected.len());
    row("under two ids", verdict.doubled.len());
    row("wrong signatures", verdict.wrong_signatures.len());
    row("wrong bodies", verdict.wrong_bodies.len());
    row("two of one record at once", verdict.overlaps.len());
    row("wrong answers of the API", seen.wrong_answers.len());

    println!(
        "\n{:<24} {:>8} {:>9} {:>9} {:>9} {:>10} {:>8} {:>13}",
        "fault", "down", "2xx", "callback", "fresh", "caught up", "repeats", "out of order"
    );
    for recovery in recoveries {
        println!(
            "{:<24} {:>8} {:>9} {:>9} {:>9} {:>10} {:>8} {:>13}",
            recovery.what,
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
    for (what, found) in [
        ("lost", &verdict.lost),
        ("without a change", &verdict.unexpected),
        ("under two ids", &verdict.doubled),
        ("wrong signature", &verdict.wrong_signatures),
        ("wrong body", &verdict.wrong_bodies),
        ("at once", &verdict.overlaps),
        ("wrong answer", &seen.wrong_answers),
    ] {
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
