//! A small disk that can be filled.
//!
//! `scripts/chaos` mounts it in a mount namespace of its own, as root or in a user
//! namespace, so that it goes with the tool and fills nobody else's disk.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

const LARGE: usize = 1024 * 1024;
const SMALL: usize = 4096;

/// Takes the room that a disk has left.
pub(super) fn fill(disk: &Path) -> anyhow::Result<()> {
    let path = ballast(disk);
    let mut file = File::create(&path).with_context(|| format!("no {}", path.display()))?;
    for size in [LARGE, SMALL] {
        let zeros = vec![0; size];
        loop {
            match file.write_all(&zeros) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error).context("a small disk does not fill"),
            }
        }
    }
    Ok(())
}

/// Gives the room back.
pub(super) fn relieve(disk: &Path) -> anyhow::Result<()> {
    let path = ballast(disk);
    std::fs::remove_file(&path).with_context(|| format!("no {}", path.display()))
}

fn ballast(disk: &Path) -> PathBuf {
    disk.join("ballast")
}
