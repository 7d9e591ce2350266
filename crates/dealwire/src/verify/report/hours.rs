//! The table of hours and webhooks.

use std::collections::BTreeMap;
use std::fmt;

use delivery_worker::audit::{HourCounts, HourKey};
use events::Timestamp;

/// One line per hour and webhook.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    hours: &BTreeMap<HourKey, HourCounts>,
) -> fmt::Result {
    if hours.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\n{:<17} {:>10} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "hour (UTC)", "webhook", "deliveries", "waiting", "held", "skipped", "replays", "missing"
    )?;
    for (key, counts) in hours {
        let webhook = match key.webhook_id {
            Some(id) => id.to_string(),
            None => "any".to_owned(),
        };
        writeln!(
            f,
            "{:<17} {webhook:>10} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}",
            begin(*key).replace('T', " "),
            counts.rows,
            counts.waiting,
            counts.held,
            counts.skipped,
            counts.replays,
            counts.missing
        )?;
    }
    Ok(())
}

/// When the hour begins, to the minute.
pub(super) fn begin(key: HourKey) -> String {
    const HOUR_US: i64 = 60 * 60 * 1_000_000;
    let mut text = Timestamp(key.hour.saturating_mul(HOUR_US)).to_rfc3339();
    text.truncate("2026-01-02T03:04".len());
    text
}
