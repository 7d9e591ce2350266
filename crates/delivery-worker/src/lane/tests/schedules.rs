//! Random schedules against a model that remembers everything the slow way.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use proptest::prelude::*;

use super::*;

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
    /// Lanes of outcomes, and when they came.
    unrecorded: Vec<(usize, i64)>,
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
        assert!(self.may_have_open(lane, self.open(lane), LIMITS.open.usual_wait_us));
        assert!(self.under_way.len() <= LIMITS.max_in_flight);
        assert!(self.unrecorded.len() < LIMITS.max_unrecorded);
    }

    /// Whether a lane may have so many open, if an outcome may wait for so long.
    fn may_have_open(&self, lane: usize, open: usize, usual_wait_us: i64) -> bool {
        let mut unrecorded = self.unrecorded.iter().filter(|(of, _)| *of == lane);
        let are_in_time = unrecorded.all(|(_, us)| self.now_us - us <= usual_wait_us);
        let most = LIMITS.open.least.max(2 * self.slots(lane));
        open <= most || (are_in_time && open <= 4 * most)
    }

    /// What a crash would repeat.
    fn open(&self, lane: usize) -> usize {
        let unrecorded = self.unrecorded.iter().filter(|(of, _)| *of == lane);
        self.in_lane(lane) + unrecorded.count()
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
            && self.unrecorded.len() < LIMITS.max_unrecorded
            && self.queued.keys().any(|&(lane, record)| {
                lanes.is_open(webhook(lane))
                    && self.in_lane(lane) < self.slots(lane)
                    // Outcomes within a millisecond count as of one time.
                    && self.may_have_open(
                        lane,
                        self.open(lane) + 1,
                        LIMITS.open.usual_wait_us - 1_000,
                    )
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
        Step::Start => match lanes.start(model.now_us) {
            Some((lane, job)) => model.started(usize::try_from(lane.0).unwrap(), job),
            None => assert!(!model.could_start(lanes), "something is left lying"),
        },
        Step::Finish { which, took_us } => {
            if model.under_way.is_empty() {
                return;
            }
            let job = model.under_way.remove(which % model.under_way.len());
            let (lane, record) = model.records[&job];
            lanes.finish(webhook(lane), Some(record), Some(took_us), model.now_us);
            model.unrecorded.push((lane, model.now_us));
        }
        Step::Record => {
            for (lane, _) in std::mem::take(&mut model.unrecorded) {
                lanes.recorded(webhook(lane), 1);
            }
        }
        Step::Close { lane, until_us } => {
            let gate = until_us.map_or(Gate::Closed, |us| closed_until(model.now_us + us));
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
