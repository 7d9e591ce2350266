//! The webhooks of a round, drawn by its seed.

use fastrand::Rng;

use super::{ALL, Hook, OF_ORDERS, Order, Temper};

/// A calm one that tells of recoveries, two others with all events, one of each further
/// kind.
pub(crate) fn draw(rng: &mut Rng) -> Vec<Hook> {
    let formats = ["form", "json", "envelope"];
    let mut hooks = vec![Hook::webhook("calm", "envelope", ALL, Temper::Calm, 0..2)];
    for name in ["first", "second"] {
        let format = formats[rng.usize(0..formats.len())];
        let takes_ms = if rng.u32(0..4) == 0 { 50..250 } else { 0..20 };
        hooks.push(Hook::webhook(name, format, ALL, temper(rng), takes_ms));
    }
    hooks.push(Hook {
        order: Order::Ordered,
        ..Hook::webhook("ordered", "form", ALL, temper(rng), 0..10)
    });
    hooks.push(Hook {
        order: Order::LatestOnly,
        ..Hook::webhook("latest", "json", OF_ORDERS, temper(rng), 5..50)
    });
    hooks.push(Hook::trigger(
        "created",
        "created_in",
        &["order.add"],
        temper(rng),
    ));
    hooks.push(Hook::trigger(
        "changed",
        "changed",
        &["order.edit"],
        temper(rng),
    ));
    hooks
}

fn temper(rng: &mut Rng) -> Temper {
    match rng.u32(0..7) {
        0 => Temper::Calm,
        1 => Temper::Moody,
        2 => Temper::Failing(rng.u32(2..30)),
        3 => Temper::Flapping(rng.u64(300..3_000)),
        4 => Temper::Resetting(rng.u32(2..20)),
        5 => Temper::Throttling,
        _ => Temper::Hanging,
    }
}
