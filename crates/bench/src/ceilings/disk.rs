//! How long the disk takes to keep a write for good.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// A page of SQLite's log, which is what a small commit appends.
const PAGE: [u8; 4096] = [0x5A; 4096];

const WRITES: usize = 300;

/// The times of appending a page and waiting until it is on disk, in `folder`.
pub(crate) fn fsync_times(folder: &Path) -> anyhow::Result<Vec<Duration>> {
    let path = folder.join("fsync");
    let mut file = File::create(&path).context("cannot write to the data folder's disk")?;
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let started = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    std::fs::remove_file(&path)?;
    Ok(times)
}
