//! What the lanes decide, case by case and against models.

mod crowd;
mod owing;
mod pace;
mod schedules;
mod slots;
mod stopping;
mod turns;

use events::AccountId;

use super::*;

const LIMITS: LaneLimits = LaneLimits {
    max_in_flight: 12,
    kept_for_quick: 0,
    max_queued: 40,
    max_unrecorded: 20,
    open: OpenLimits {
        least: 4,
        usual_wait_us: 2_000,
    },
};

/// Terms of a lane that all workers share.
fn shared(max_concurrency: usize) -> LaneTerms {
    LaneTerms {
        max_concurrency,
        ..LaneTerms::default()
    }
}

fn closed_until(until_us: i64) -> Gate {
    Gate::ClosedUntil {
        until_us,
        half_open: false,
    }
}

fn lanes_of(slots: &[(i64, usize)]) -> Lanes<u32> {
    let mut lanes = Lanes::new(LIMITS);
    for (number, &(account, slots)) in (0..).zip(slots) {
        lanes.set_lane(WebhookId(number), AccountId(account), shared(slots), 0);
        lanes.set_gate(WebhookId(number), Gate::Open, 0);
    }
    lanes
}

fn order(id: i64) -> Option<RecordKey> {
    Some(RecordKey {
        component: Component::Order,
        id,
    })
}

/// Claims `count` deliveries of records of their own.
fn claim(lanes: &mut Lanes<u32>, webhook: i64, jobs: impl IntoIterator<Item = u32>) {
    for job in jobs {
        assert!(lanes.reserve(WebhookId(webhook), 0));
        let refused = lanes.fill_reservation(WebhookId(webhook), order(job.into()), job, 0);
        assert_eq!(refused, None);
    }
}

/// The first of so many workers.
fn crew_of(count: usize) -> Crew {
    let ids: Vec<[u8; 16]> = (0..count)
        .map(|id| [u8::try_from(id).unwrap(); 16])
        .collect();
    Crew::new(&ids[0], ids[1..].iter().map(<[u8; 16]>::as_slice))
}
