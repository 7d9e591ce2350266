//! The command line: one file per subcommand.

mod account;
mod backup;
mod doctor;
mod healthcheck;
mod keys;
mod listen;
mod migrate;
mod parked;
mod recover;
mod relay;
mod role;
mod settings;
mod token;
mod up;
mod verify;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// The event backbone of a CRM: leads in over one URL per source; orders, tasks and
/// clients; and a callback to everyone who asked for it when one of them changes.
#[derive(Debug, Parser)]
#[command(name = "dealwire", version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::UpArgs),
    EntityService(role::EntityServiceArgs),
    IntakeService(role::IntakeServiceArgs),
    DeliveryWorker(role::DeliveryWorkerArgs),
    Migrate(migrate::MigrateArgs),
    #[command(subcommand)]
    Account(account::AccountCommand),
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    #[command(subcommand)]
    Token(token::TokenCommand),
    Healthcheck(healthcheck::HealthcheckArgs),
    Listen(listen::ListenArgs),
    #[command(subcommand)]
    Parked(parked::ParkedCommand),
    #[command(subcommand)]
    Relay(relay::RelayCommand),
    Verify(verify::VerifyArgs),
    Backup(backup::BackupArgs),
    Recover(recover::RecoverArgs),
    Doctor(doctor::DoctorArgs),
    Settings(settings::PrintSettingsArgs),
}

/// Runs what the command line asks for.
///
/// The exit status is 0 on success, 1 on failure with the reason on standard
/// error, and 2 where the command line itself is wrong.
pub fn run() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Up(args) => args.run(),
        Command::EntityService(args) => args.run(),
        Command::IntakeService(args) => args.run(),
        Command::DeliveryWorker(args) => args.run(),
        Command::Migrate(args) => args.run(),
        Command::Account(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::Healthcheck(args) => args.run(),
        Command::Listen(args) => args.run(),
        Command::Parked(command) => command.run(),
        Command::Relay(command) => command.run(),
        Command::Verify(args) => args.run(),
        Command::Backup(args) => args.run(),
        Command::Recover(args) => args.run(),
        Command::Doctor(args) => args.run(),
        Command::Settings(args) => args.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dealwire: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The runtime of a subcommand that waits on the network.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Prints one line; a reader that is gone is no reason to fail.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nothing is left to report to when standard output is closed.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn describes_itself_without_contradiction() {
        super::CommandLine::command().debug_assert();
    }
}
