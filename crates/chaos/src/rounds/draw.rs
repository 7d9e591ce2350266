//! Draws the faults of a round.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;
use rig::{Layout, Server};

use super::fault::{Fault, Kind, Wire};
use crate::options::Form;
use crate::plan::{Harm, Victim};

/// The processes of services apart.
pub(super) const LAYOUT: Layout = Layout {
    entity_services: 2,
    intake_services: 2,
    delivery_workers: 3,
};

/// How far a wrong clock is off.
const CLOCK_OFF_S: i32 = 15;

/// What the machine can do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Means {
    pub(super) small_disks: bool,
    pub(super) wrong_clocks: bool,
}

/// Kinds of fault, each as likely as the others.
#[derive(Debug, Clone, Copy)]
enum Sort {
    Process(Harm),
    Server(Harm),
    Cut,
    Stall,
    FullDisk,
    WrongClock,
    LostQueue,
    LostBroker,
}

/// One to three faults, none on the same thing, in the order in which they begin.
pub(super) fn draw(rng: &mut Rng, form: Form, means: Means, hooks: usize) -> Vec<Fault> {
    let sorts = sorts(form, means);
    let count = rng.u32(1..=3);
    let chosen = (0..count).map(|_| sorts[rng.usize(0..sorts.len())]);
    let chosen: Vec<Sort> = chosen.collect();
    of_sorts(rng, &chosen, form, hooks)
}

/// Of so many rounds that together have each kind of fault once, round `number`.
pub(super) fn deal(
    rng: &mut Rng,
    form: Form,
    means: Means,
    hooks: usize,
    (number, count): (usize, usize),
) -> Vec<Fault> {
    let sorts = sorts(form, means);
    let dealt = sorts.iter().skip(number).step_by(count);
    of_sorts(rng, &dealt.copied().collect::<Vec<_>>(), form, hooks)
}

fn of_sorts(rng: &mut Rng, sorts: &[Sort], form: Form, hooks: usize) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for sort in sorts {
        // What collides is drawn again; of some there is only one.
        for _ in 0..10 {
            let kind = kind(rng, *sort, form, hooks);
            if faults.iter().any(|other| collide(other.kind, kind)) {
                continue;
            }
            faults.push(Fault {
                kind,
                begins: millis(rng, 500..4_000),
                lasts: lasts(rng, kind),
            });
            break;
        }
    }
    faults.sort_by_key(|fault| fault.begins);
    faults
}

/// Whether two faults cannot be told apart, or the second could not happen.
fn collide(one: Kind, other: Kind) -> bool {
    one.subject() == other.subject()
}

fn sorts(form: Form, means: Means) -> Vec<Sort> {
    let mut sorts = vec![
        Sort::Process(Harm::Kill),
        Sort::Process(Harm::Stop),
        Sort::Process(Harm::Restart),
        Sort::Cut,
        Sort::Stall,
    ];
    if means.small_disks {
        sorts.push(Sort::FullDisk);
    }
    if !form.has_servers() {
        return sorts;
    }
    sorts.extend([
        // Its processes are more.
        Sort::Process(Harm::Kill),
        Sort::Cut,
        Sort::Stall,
        Sort::Server(Harm::Kill),
        Sort::Server(Harm::Stop),
        Sort::Server(Harm::Restart),
        Sort::LostQueue,
        Sort::LostBroker,
    ]);
    if means.wrong_clocks {
        sorts.push(Sort::WrongClock);
    }
    sorts
}

fn kind(rng: &mut Rng, sort: Sort, form: Form, hooks: usize) -> Kind {
    match sort {
        Sort::Process(harm) => Kind::Harm(harm, process(rng, form)),
        Sort::Server(harm) => {
            let servers = [Server::Postgres, Server::RabbitMq];
            Kind::Harm(harm, Victim::Server(servers[rng.usize(0..2)]))
        }
        Sort::Cut => Kind::Cut(wire(rng, form, hooks)),
        Sort::Stall => Kind::Stall(wire(rng, form, hooks)),
        Sort::FullDisk => Kind::FullDisk,
        Sort::WrongClock => {
            let worker = rng.usize(1..=LAYOUT.delivery_workers);
            let seconds = if rng.bool() {
                CLOCK_OFF_S
            } else {
                -CLOCK_OFF_S
            };
            Kind::WrongClock(worker, seconds)
        }
        Sort::LostQueue => Kind::LostQueue(rng.usize(0..100)),
        Sort::LostBroker => Kind::LostBroker,
    }
}

fn process(rng: &mut Rng, form: Form) -> Victim {
    if !form.has_servers() {
        return Victim::Everything;
    }
    match rng.u32(0..4) {
        0 => Victim::EntityService(rng.usize(1..=LAYOUT.entity_services)),
        1 => Victim::IntakeService(rng.usize(1..=LAYOUT.intake_services)),
        // What sends is what this is most about.
        _ => Victim::Worker(rng.usize(1..=LAYOUT.delivery_workers)),
    }
}

fn wire(rng: &mut Rng, form: Form, hooks: usize) -> Wire {
    let process = process(rng, form);
    match rng.u32(0..if form.has_servers() { 4 } else { 2 }) {
        // Not of the calm one, which tells when all is back.
        0 => Wire::Receiver(rng.u32(1..u32::try_from(hooks).unwrap_or(2))),
        1 => Wire::Clients(process),
        2 => Wire::Database(process),
        _ => Wire::Broker(process),
    }
}

fn lasts(rng: &mut Rng, kind: Kind) -> Duration {
    let range = match kind {
        Kind::Harm(Harm::Kill, _) => 100..2_500,
        Kind::Harm(Harm::Stop, Victim::Server(_)) => 1_000..8_000,
        Kind::Harm(Harm::Stop, _) => 1_000..12_000,
        Kind::Harm(Harm::Restart, _) => 0..1_000,
        Kind::Cut(_) => 50..4_000,
        Kind::Stall(_) => 500..9_000,
        Kind::FullDisk => 1_000..6_000,
        Kind::WrongClock(..) => 4_000..8_000,
        Kind::LostQueue(_) | Kind::LostBroker => 1_000..3_000,
    };
    millis(rng, range)
}

fn millis(rng: &mut Rng, range: Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ALL: Means = Means {
        small_disks: true,
        wrong_clocks: true,
    };

    #[test]
    fn a_seed_always_draws_the_same_and_no_two_strike_one_thing() {
        for seed in 0..500 {
            let faults = || draw(&mut Rng::with_seed(seed), Form::Split, ALL, 5);
            let drawn = faults();
            assert_eq!(drawn, faults());
            let subjects: BTreeSet<String> =
                drawn.iter().map(|fault| fault.kind.subject()).collect();
            assert_eq!(subjects.len(), drawn.len(), "{drawn:?}");
        }
    }

    #[test]
    fn two_hundred_rounds_have_every_family() {
        let mut rng = Rng::with_seed(1);
        let drawn = (0..200).flat_map(|_| draw(&mut rng, Form::Split, ALL, 5));
        let families: BTreeSet<String> = drawn.map(|fault| fault.kind.family()).collect();
        for family in [
            "kill -9 delivery-worker",
            "stop entity-service",
            "restart intake-service",
            "kill -9 postgres",
            "stop rabbitmq",
            "cut workers–receiver",
            "stall delivery-worker–postgres",
            "full disk",
            "wrong clock",
            "lost queue",
            "lost broker",
        ] {
            assert!(families.contains(family), "{family} not in {families:?}");
        }
    }

    #[test]
    fn quick_rounds_have_every_sort_once() {
        let mut rng = Rng::with_seed(1);
        let rounds = (0..5).map(|number| deal(&mut rng, Form::Split, ALL, 5, (number, 5)));
        let counts: Vec<usize> = rounds.map(|faults| faults.len()).collect();
        assert_eq!(counts, [3; 5]);
    }

    #[test]
    fn what_the_machine_cannot_do_is_not_drawn() {
        let none = Means {
            small_disks: false,
            wrong_clocks: false,
        };
        let mut rng = Rng::with_seed(1);
        let mut drawn = (0..500).flat_map(|_| draw(&mut rng, Form::Split, none, 5));
        assert!(!drawn.any(|fault| matches!(fault.kind, Kind::FullDisk | Kind::WrongClock(..))));
    }
}
