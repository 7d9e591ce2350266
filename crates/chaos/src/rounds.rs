//! Many rounds, each with faults, receivers and load of its own, all drawn by a seed.
//!
//! Dealwire is kept from round to round, so that it grows old under faults; each round
//! has an account of its own, whose promises are judged at its end.

mod bound;
mod clock;
mod disk;
mod draw;
mod fault;
mod field;
mod round;
mod strike;
mod summary;

use rig::Infra;

use crate::options::{Form, Options};
use field::Fields;
use round::{QUICK, Round};
use summary::Summary;

/// Runs the rounds; whether all is well with each.
pub(crate) async fn run(options: &Options, infra: &Infra) -> anyhow::Result<bool> {
    let rounds = options.rounds.unwrap_or(QUICK);
    let seed = options.seed();
    println!(
        "chaos: {rounds} rounds of seed {seed}, from round {}",
        options.first
    );
    let mut fields = Fields::new(options, infra);
    for missing in fields.missing() {
        println!("chaos: LEFT OUT: {missing}");
    }
    let mut summary = Summary::default();
    let forms = options.forms();
    for number in options.first..options.first.saturating_add(rounds) {
        let round = if options.quick {
            Round::quick(seed, number, &fields)
        } else {
            Round::draw(seed, number, &forms, &fields, options.only.as_deref())
        };
        println!("chaos: {round}");
        match fields.play(&round).await {
            Ok(outcome) => {
                println!("chaos: round {number}: {outcome}");
                if !outcome.is_well {
                    fields.give_up(round.form).await;
                }
                summary.add(&round, outcome);
            }
            Err(error) => {
                println!("chaos: round {number} broke off: {error:#}");
                fields.give_up(round.form).await;
                summary.broke_off(&round);
            }
        }
        if summary.failed().contains(&number) {
            let form = round.form.as_str();
            println!(
                "chaos: round {number} NOT WELL; again: scripts/chaos {} --rounds 1 --seed {seed} \
                 --first {number}{}",
                if options.quick { "--quick" } else { "" },
                options
                    .form
                    .map_or(String::new(), |_| format!(" --form {form}"))
            );
        }
    }
    fields.close().await;
    for missing in fields.missing() {
        println!("chaos: LEFT OUT: {missing}");
    }
    summary.print(seed);
    Ok(summary.failed().is_empty())
}

impl Form {
    /// Whether services run apart, on servers.
    fn has_servers(self) -> bool {
        self == Self::Split
    }
}
