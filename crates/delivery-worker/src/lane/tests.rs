//! The lanes against a model that remembers everything and indexes nothing.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use events::AccountId;
use proptest::prelude::*;

use super::*;

const LIMITS: LaneLimits = LaneLimits {
    max_in_flight: 12,
    max_queued: 40,
    max_unrecorded: 20,
};

fn lanes_of(slots: &[(i64, usize)]) -> Lanes<u32> {
    let mut lanes = Lanes::new(LIMITS);
    for (number, &(account, slots)) in (0..).zip(slots) {
        lanes.set_lane(WebhookId(number), AccountId(account), slots, 0);
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

#[test]
fn a_lane_has_so_many_slots() {
    let mut lanes = lanes_of(&[(1, 2)]);
    claim(&mut lanes, 0, [1, 2]);
    assert!(!lanes.reserve(WebhookId(0), 0), "no third place");
    assert_eq!(lanes.start(), Some((WebhookId(0), 1)));
    assert_eq!(lanes.start(), Some((WebhookId(0), 2)));
    assert_eq!(lanes.start(), None);
    lanes.finish(WebhookId(0), order(1), None);
    assert!(lanes.reserve(WebhookId(0), 0));
}

/// The first of so many workers.
fn crew_of(count: usize) -> Crew {
    let ids: Vec<[u8; 16]> = (0..count)
        .map(|id| [u8::try_from(id).unwrap(); 16])
        .collect();
    Crew::new(&ids[0], ids[1..].iter().map(<[u8; 16]>::as_slice))
}

#[test]
fn workers_share_the_slots() {
    let mut lanes = lanes_of(&[(1, 4)]);
    assert!(lanes.set_crew(crew_of(2), 0).is_empty());
    claim(&mut lanes, 0, [1, 2]);
    assert!(!lanes.reserve(WebhookId(0), 0), "4 slots over 2 workers");
    assert!(lanes.set_crew(crew_of(1), 0).is_empty());
    claim(&mut lanes, 0, [4, 5]);
}

#[test]
fn what_a_lane_without_a_slot_had_queued_is_for_the_others() {
    // Among so many lanes of one slot some go to each worker.
    let mut lanes = lanes_of(&[(1, 1); 40]);
    (0..40).for_each(|lane| claim(&mut lanes, lane, [u32::try_from(lane).unwrap()]));
    let given_up = lanes.set_crew(crew_of(2), 7);
    assert!(!given_up.is_empty() && given_up.len() < 40, "{given_up:?}");
    assert_eq!(lanes.queued(), 40 - given_up.len());
    for job in given_up {
        let webhook = WebhookId(job.into());
        assert!(!lanes.reserve(webhook, 7), "another worker's");
        assert_eq!(lanes.fill_reservation(webhook, order(1), job, 7), Some(job));
    }
    // The other one is gone.
    lanes.set_crew(crew_of(1), 8);
    assert_eq!(lanes.ask(8, 100, 100).len(), 40 - lanes.queued());
}

#[test]
fn a_fast_lane_may_queue_ahead_and_a_slow_one_may_not() {
    let mut lanes = lanes_of(&[(1, 2), (1, 2)]);
    for (webhook, took_us) in [(0, 1_000), (1, 3_000_000)] {
        claim(&mut lanes, webhook, [1]);
        assert!(lanes.start().is_some());
        lanes.finish(WebhookId(webhook), order(1), Some(took_us));
    }
    claim(&mut lanes, 0, 10..40);
    claim(&mut lanes, 1, [50, 51]);
    assert!(!lanes.reserve(WebhookId(1), 0));
}

#[test]
fn one_record_is_under_way_once_and_in_order() {
    let mut lanes = lanes_of(&[(1, 4)]);
    for job in [1, 2, 3] {
        assert!(lanes.reserve(WebhookId(0), 0));
        lanes.fill_reservation(WebhookId(0), order(7), job, 0);
    }
    assert_eq!(lanes.start(), Some((WebhookId(0), 1)));
    assert_eq!(lanes.start(), None);
    lanes.finish(WebhookId(0), order(7), None);
    assert_eq!(lanes.start(), Some((WebhookId(0), 2)));
    lanes.finish(WebhookId(0), order(7), None);
    assert_eq!(lanes.start(), Some((WebhookId(0), 3)));
}

#[test]
fn accounts_take_turns_and_so_do_their_lanes() {
    let mut lanes = lanes_of(&[(1, 4), (1, 4), (2, 4)]);
    claim(&mut lanes, 0, [1, 2, 3]);
    claim(&mut lanes, 1, [11, 12]);
    claim(&mut lanes, 2, [21, 22]);
    let started: Vec<u32> = std::iter::from_fn(|| lanes.start())
        .map(|(_, job)| job)
        .collect();
    assert_eq!(started, [1, 21, 11, 22, 2, 12, 3]);
}

#[test]
fn claims_take_turns_by_account() {
    let slots: Vec<(i64, usize)> = (0..9).map(|lane| (i64::from(lane == 8), 2)).collect();
    let mut lanes = lanes_of(&slots);
    for webhook in 0..9 {
        lanes.note_due(WebhookId(webhook), webhook);
    }
    let asked: Vec<i64> = lanes
        .ask(100, 3, 100)
        .iter()
        .map(|ask| ask.webhook.0)
        .collect();
    assert_eq!(
        asked,
        [0, 8, 1],
        "the second account is not the ninth in line"
    );
}

#[test]
fn nobody_is_asked_for_more_than_there_is_room_for() {
    let mut lanes = lanes_of(&[(1, 3)]);
    claim(&mut lanes, 0, [1]);
    lanes.start();
    lanes.note_due(WebhookId(0), 10);
    assert_eq!(lanes.ask(9, 8, 8), [], "not due yet");
    let ask = Ask {
        webhook: WebhookId(0),
        limit: 2,
    };
    assert_eq!(lanes.ask(10, 8, 8), [ask]);
    assert_eq!(lanes.ask(10, 8, 8), [], "one ask at a time");
    let jobs = vec![(order(2), 2), (order(3), 3)];
    assert!(lanes.claimed(ask, jobs, None, 10).is_empty());
    assert_eq!(lanes.ask(11, 8, 8), [], "no room");
    lanes.start();
    lanes.start();
    lanes.finish(WebhookId(0), order(2), None);
    assert_eq!(
        lanes.ask(11, 8, 8).len(),
        1,
        "as many came as were asked for"
    );
}

#[test]
fn older_deliveries_go_before_new_ones() {
    let mut lanes = lanes_of(&[(1, 4)]);
    lanes.note_due(WebhookId(0), 10);
    assert!(
        lanes.reserve(WebhookId(0), 9),
        "what is due later is not in the way"
    );
    lanes.cancel_reservation(WebhookId(0));
    assert!(!lanes.reserve(WebhookId(0), 10));
    let ask = lanes.ask(10, 8, 8)[0];
    assert!(!lanes.reserve(WebhookId(0), 10), "they are on their way");
    lanes.claimed(ask, vec![(order(1), 1)], Some(500), 10);
    assert!(lanes.reserve(WebhookId(0), 11));
}

#[test]
fn a_lane_that_closes_gives_its_queue_back_and_opens_by_itself() {
    let mut lanes = lanes_of(&[(1, 3)]);
    claim(&mut lanes, 0, [1, 2, 3]);
    lanes.start();
    let given_up = lanes.set_gate(WebhookId(0), Gate::ClosedUntil(50), 10);
    assert_eq!(given_up, [2, 3]);
    assert_eq!(lanes.queued(), 0);
    assert_eq!(lanes.start(), None);
    assert_eq!(lanes.ask(49, 8, 8), []);
    assert_eq!(lanes.next_wake_us(), Some(50));
    lanes.tick(50);
    assert!(lanes.is_open(WebhookId(0)));
    assert_eq!(lanes.ask(50, 8, 8).len(), 1, "what was given up is due");
}

#[test]
fn what_was_reserved_or_asked_before_a_lane_closed_comes_back() {
    let mut lanes = lanes_of(&[(1, 3)]);
    assert!(lanes.reserve(WebhookId(0), 0));
    lanes.note_due(WebhookId(0), 0);
    let ask = lanes.ask(0, 8, 8)[0];
    lanes.set_gate(WebhookId(0), Gate::Closed, 1);
    assert_eq!(
        lanes.fill_reservation(WebhookId(0), order(1), 1, 1),
        Some(1)
    );
    let jobs = vec![(order(2), 2), (order(3), 3)];
    assert_eq!(lanes.claimed(ask, jobs, None, 1), [2, 3]);
    assert_eq!(lanes.start(), None);
}

#[test]
fn nothing_starts_while_any_reason_holds() {
    let mut lanes = lanes_of(&[(1, 3)]);
    claim(&mut lanes, 0, [1]);
    lanes.stop(Stop::Recording);
    lanes.stop(Stop::Lease);
    lanes.resume(Stop::Recording);
    assert_eq!(lanes.start(), None);
    assert!(!lanes.reserve(WebhookId(0), 0));
    lanes.resume(Stop::Lease);
    assert_eq!(lanes.start(), Some((WebhookId(0), 1)));
}

#[test]
fn unrecorded_outcomes_hold_up_what_is_next() {
    let mut lanes = lanes_of(&[(1, 12), (1, 12)]);
    for round in 0..20 {
        claim(&mut lanes, 0, [round]);
        assert!(lanes.start().is_some());
        lanes.finish(WebhookId(0), order(round.into()), None);
    }
    claim(&mut lanes, 1, [99]);
    assert_eq!(lanes.start(), None);
    assert!(!lanes.is_quiet());
    lanes.recorded(20);
    assert!(lanes.is_quiet());
    assert_eq!(lanes.start(), Some((WebhookId(1), 99)));
}

#[test]
fn a_deleted_lane_goes_once_nothing_of_it_is_under_way() {
    let mut lanes = lanes_of(&[(1, 3)]);
    claim(&mut lanes, 0, [1, 2]);
    lanes.start();
    assert_eq!(lanes.remove_lane(WebhookId(0), 5), [2]);
    lanes.finish(WebhookId(0), order(1), None);
    assert!(lanes.remove_lane(WebhookId(0), 6).is_empty());
    assert!(lanes.lanes.is_empty() && lanes.due.is_empty());
}

/// One thing that happens to the lanes.
#[derive(Debug, Clone)]
enum Step {
    Insert { lane: usize, record: i64 },
    Due { lane: usize },
    Answer { rows: usize, record: i64 },
    Start,
    Finish { which: usize, took_us: i64 },
    Record,
    Close { lane: usize, until_us: Option<i64> },
    Open { lane: usize },
    Workers { count: usize },
    Wait { us: i64 },
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lane = 0..SLOTS.len();
    let step = prop_oneof![
        6 => (lane.clone(), 0..6_i64).prop_map(|(lane, record)| Step::Insert { lane, record }),
        3 => lane.clone().prop_map(|lane| Step::Due { lane }),
        3 => (0..12_usize, 0..6_i64).prop_map(|(rows, record)| Step::Answer { rows, record }),
        8 => Just(Step::Start),
        6 => (0..40_usize, 0..4_000_000_i64)
            .prop_map(|(which, took_us)| Step::Finish { which, took_us }),
        3 => Just(Step::Record),
        1 => (lane.clone(), prop::option::of(0..5_000_i64))
            .prop_map(|(lane, until_us)| Step::Close { lane, until_us }),
        2 => lane.prop_map(|lane| Step::Open { lane }),
        1 => (1..4_usize).prop_map(|count| Step::Workers { count }),
        3 => (1..3_000_i64).prop_map(|us| Step::Wait { us }),
        1 => Just(Step::Forget),
    ];
    prop::collection::vec(step, 1..200)
}

const SLOTS: [(i64, usize); 4] = [(1, 1), (1, 3), (2, 5), (3, 16)];

/// Everything that is true of the lanes, remembered the slow way.
#[derive(Debug, Default)]
struct Model {
    now_us: i64,
    next_job: u32,
    records: HashMap<u32, (usize, RecordKey)>,
    /// Claimed and not started, in the order they came, by lane and record.
    queued: BTreeMap<(usize, RecordKey), VecDeque<u32>>,
    under_way: Vec<u32>,
    unrecorded: usize,
    live_workers: usize,
    asks: Vec<Ask>,
}

impl Model {
    fn new_job(&mut self, lane: usize, record: i64) -> (u32, Option<RecordKey>) {
        self.next_job += 1;
        let key = RecordKey {
            component: Component::Task,
            id: record,
        };
        self.records.insert(self.next_job, (lane, key));
        (self.next_job, Some(key))
    }

    fn enqueue(&mut self, job: u32) {
        let key = self.records[&job];
        self.queued.entry(key).or_default().push_back(job);
    }

    fn drop_queued(&mut self, jobs: &[u32]) {
        for job in jobs {
            let queue = self.queued.get_mut(&self.records[job]).unwrap();
            queue.retain(|queued| queued != job);
        }
        self.queued.retain(|_, queue| !queue.is_empty());
    }

    fn queued_count(&self) -> usize {
        self.queued.values().map(VecDeque::len).sum()
    }

    fn slots(&self, lane: usize) -> usize {
        crew_of(self.live_workers).slots(webhook(lane), SLOTS[lane].1)
    }

    fn started(&mut self, lane: usize, job: u32) {
        let key = self.records[&job];
        assert_eq!(key.0, lane);
        let queue = self.queued.get_mut(&key).unwrap();
        assert_eq!(
            queue.pop_front(),
            Some(job),
            "first come, first served by record"
        );
        self.queued.retain(|_, queue| !queue.is_empty());
        let busy: HashSet<_> = self.under_way.iter().map(|job| self.records[job]).collect();
        assert!(!busy.contains(&key), "two of one record under way");
        self.under_way.push(job);
        assert!(
            self.in_lane(lane) <= self.slots(lane),
            "more than the slots"
        );
        assert!(self.under_way.len() <= LIMITS.max_in_flight);
        assert!(self.unrecorded < LIMITS.max_unrecorded);
    }

    fn in_lane(&self, lane: usize) -> usize {
        self.under_way
            .iter()
            .filter(|job| self.records[job].0 == lane)
            .count()
    }

    /// Whether anything could start that has not.
    fn could_start(&self, lanes: &Lanes<u32>) -> bool {
        self.under_way.len() < LIMITS.max_in_flight
            && self.unrecorded < LIMITS.max_unrecorded
            && self.queued.keys().any(|&(lane, record)| {
                lanes.is_open(webhook(lane))
                    && self.in_lane(lane) < self.slots(lane)
                    && !self
                        .under_way
                        .iter()
                        .any(|job| self.records[job] == (lane, record))
            })
    }
}

fn webhook(lane: usize) -> WebhookId {
    WebhookId(i64::try_from(lane).unwrap())
}

fn apply(lanes: &mut Lanes<u32>, model: &mut Model, step: Step) {
    match step {
        Step::Insert { lane, record } => {
            if lanes.reserve(webhook(lane), model.now_us) {
                let (job, key) = model.new_job(lane, record);
                match lanes.fill_reservation(webhook(lane), key, job, model.now_us) {
                    None => model.enqueue(job),
                    Some(refused) => panic!("an open lane refused {refused}"),
                }
            } else {
                lanes.note_due(webhook(lane), model.now_us);
            }
        }
        Step::Due { lane } => lanes.note_due(webhook(lane), model.now_us),
        Step::Answer { rows, record } => {
            model.asks.extend(lanes.ask(model.now_us, 2, 16));
            let Some(ask) = model.asks.pop() else { return };
            let lane = usize::try_from(ask.webhook.0).unwrap();
            let jobs: Vec<_> = (0..rows.min(ask.limit))
                .map(|row| model.new_job(lane, record + i64::try_from(row).unwrap()))
                .collect();
            let given: Vec<_> = jobs.iter().map(|&(job, key)| (key, job)).collect();
            let refused = lanes.claimed(ask, given, None, model.now_us);
            assert_eq!(
                refused.is_empty(),
                jobs.is_empty() || (lanes.is_open(ask.webhook) && model.slots(lane) > 0)
            );
            if refused.is_empty() {
                jobs.iter().for_each(|&(job, _)| model.enqueue(job));
            }
        }
        Step::Start => match lanes.start() {
            Some((lane, job)) => model.started(usize::try_from(lane.0).unwrap(), job),
            None => assert!(!model.could_start(lanes), "something is left lying"),
        },
        Step::Finish { which, took_us } => {
            if model.under_way.is_empty() {
                return;
            }
            let job = model.under_way.remove(which % model.under_way.len());
            let (lane, record) = model.records[&job];
            lanes.finish(webhook(lane), Some(record), Some(took_us));
            model.unrecorded += 1;
        }
        Step::Record => {
            lanes.recorded(model.unrecorded);
            model.unrecorded = 0;
        }
        Step::Close { lane, until_us } => {
            let gate = until_us.map_or(Gate::Closed, |us| Gate::ClosedUntil(model.now_us + us));
            let given_up = lanes.set_gate(webhook(lane), gate, model.now_us);
            model.drop_queued(&given_up);
            if !lanes.is_open(webhook(lane)) {
                assert!(!model.queued.keys().any(|(queued, _)| *queued == lane));
            }
        }
        Step::Open { lane } => {
            let given_up = lanes.set_gate(webhook(lane), Gate::Open, model.now_us);
            assert!(given_up.is_empty());
        }
        Step::Workers { count } => {
            model.live_workers = count;
            let given_up = lanes.set_crew(crew_of(count), model.now_us);
            model.drop_queued(&given_up);
        }
        Step::Wait { us } => {
            model.now_us += us;
            lanes.tick(model.now_us);
        }
        Step::Forget => {
            lanes.forget_queued(model.now_us);
            model.queued.clear();
        }
    }
    assert_eq!(lanes.queued(), model.queued_count());
    assert_eq!(lanes.in_flight(), model.under_way.len());
}

proptest! {
    #[test]
    fn the_lanes_do_what_the_model_does(steps in steps()) {
        let mut lanes = lanes_of(&SLOTS);
        let mut model = Model { live_workers: 1, ..Model::default() };
        for step in steps {
            apply(&mut lanes, &mut model, step);
        }
        // Whatever happened, everything that was claimed starts in the end.
        apply(&mut lanes, &mut model, Step::Workers { count: 1 });
        for lane in 0..SLOTS.len() {
            lanes.set_gate(webhook(lane), Gate::Open, model.now_us);
        }
        loop {
            apply(&mut lanes, &mut model, Step::Record);
            apply(&mut lanes, &mut model, Step::Start);
            if model.under_way.is_empty() {
                break;
            }
            apply(&mut lanes, &mut model, Step::Finish { which: 0, took_us: 1_000 });
        }
        prop_assert_eq!(model.queued_count(), 0);
    }
}
