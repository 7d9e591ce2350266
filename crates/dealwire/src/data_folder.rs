//! The folder that one Dealwire process keeps everything in.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const LOCK_FILE: &str = "dealwire.lock";

/// A data folder that belongs to this process for as long as the value lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    // Holds the lock; the system lets go of it even after kill -9.
    _lock: File,
}

/// Why a data folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataFolderError {
    /// Another process has it; only one may.
    #[error(
        "the data folder {folder} is in use by another dealwire process{}; \
         stop that one, or choose another folder with --data-dir",
        owner.as_ref().map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    InUse {
        folder: PathBuf,
        owner: Option<String>,
    },
    /// The system refuses it: rights, a full disk, a file in its place.
    #[error("cannot use the data folder {folder}")]
    Refused { folder: PathBuf, source: io::Error },
}

impl DataFolder {
    /// Takes the folder for this process; makes it, for the owner alone
    /// (mode 700), where it is missing.
    ///
    /// # Errors
    /// [`DataFolderError`].
    pub(crate) fn open(path: &Path) -> Result<Self, DataFolderError> {
        let refused = |source| DataFolderError::Refused {
            folder: path.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(refused)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK_FILE))
            .map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DataFolderError::InUse {
                    folder: path.to_owned(),
                    owner: owner(&mut lock),
                });
            }
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(refused)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// The process id that the lock's holder wrote; unknown while it is starting.
fn owner(lock: &mut File) -> Option<String> {
    let mut text = String::new();
    lock.take(20).read_to_string(&mut text).ok()?;
    let pid = text.trim();
    (!pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit())).then(|| pid.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn makes_a_private_folder_and_keeps_others_out() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let held = DataFolder::open(&path).unwrap();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);

        // A lock belongs to an open file, so a second opening stands for a second process.
        let error = DataFolder::open(&path).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        let pid = format!("(pid {})", std::process::id());
        assert!(message.contains(&pid), "{message}");

        drop(held);
        DataFolder::open(&path).unwrap();
    }

    #[test]
    fn refuses_a_file_in_the_folders_place() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        std::fs::write(&path, "").unwrap();
        let error = DataFolder::open(&path).unwrap_err();
        assert!(matches!(error, DataFolderError::Refused { .. }), "{error}");
    }
}
