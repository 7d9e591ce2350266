//! A wrong wall clock for one process: Debian's package `faketime`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use hyper::header::DATE;
use rig::{Ask, Connection, Process};

/// Where Debian keeps the library, by architecture.
const LIBRARIES: &str = "/usr/lib";
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// Between two looks at a process that starts.
const INTERVAL: Duration = Duration::from_millis(50);
/// How long one of them takes at most: another fault may hold up its connection.
const TRY: Duration = Duration::from_secs(2);
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The library that changes what a program takes for the time.
pub(super) fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir(LIBRARIES).ok()?;
    let mut found = folders.flatten().map(|folder| folder.path().join(LIBRARY));
    found.find(|path| path.is_file())
}

/// From its next start on, the process's wall clock is off by so many seconds; right
/// again with none. What it measures times with stays right.
pub(super) fn set(process: &mut Process, seconds: Option<i32>) -> anyhow::Result<()> {
    let library = library().context("faketime is not installed")?;
    let library = library.to_string_lossy();
    let offset = seconds.map(|seconds| format!("{seconds:+}s"));
    let of_fake = |value| offset.as_ref().map(|_| value);
    process.set("LD_PRELOAD", of_fake(&*library));
    process.set("FAKETIME", offset.as_deref());
    process.set("FAKETIME_DONT_FAKE_MONOTONIC", of_fake("1"));
    process.set("DONT_FAKE_MONOTONIC", of_fake("1"));
    Ok(())
}

/// Makes sure that a service that has just started has that time, by the `Date` that it
/// answers with.
pub(super) async fn check(address: std::net::SocketAddr, seconds: i32) -> anyhow::Result<()> {
    let asked = async {
        loop {
            let answer = async {
                let mut connection = Connection::open(address, None).await?;
                connection.send(Ask::get("/healthz")).await
            };
            match tokio::time::timeout(TRY, answer).await {
                Ok(Ok(answer)) => break answer,
                Ok(Err(_not_yet)) => tokio::time::sleep(INTERVAL).await,
                Err(_stalled) => {}
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await?;
    let date = answer.headers.get(DATE).context("an answer has a Date")?;
    let theirs = httpdate::parse_http_date(date.to_str()?)?;
    let apart = match theirs.duration_since(now()) {
        Ok(ahead) => ahead.as_secs_f64(),
        Err(behind) => -behind.duration().as_secs_f64(),
    };
    ensure!(
        (apart - f64::from(seconds)).abs() < 5.0,
        "the clock is {apart:.1} s off instead of {seconds} s"
    );
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time that everybody has is what a wrong clock is held against"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
