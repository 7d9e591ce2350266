//! Files that only their owner may read: keys and the first token.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Rights of group and others; a secret grants none.
const FOREIGN_RIGHTS: u32 = 0o077;

/// Why a secret file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFileError {
    /// Others may read or change it, so it must be taken as known to them.
    #[error(
        "{file} is open to other users (mode {mode:03o}): \
         run `chmod 600 {file}`, or replace it if others may have read it"
    )]
    Exposed { file: PathBuf, mode: u32 },
    /// The system refuses it.
    #[error("cannot use {file}")]
    Refused { file: PathBuf, source: io::Error },
}

/// Reads `file`; `None` where it does not exist.
///
/// # Errors
/// [`SecretFileError::Exposed`] where group or others have any right to it.
pub(crate) fn read(file: &Path) -> Result<Option<Vec<u8>>, SecretFileError> {
    match open(file)? {
        Some((_, mode)) if mode & FOREIGN_RIGHTS != 0 => Err(SecretFileError::Exposed {
            file: file.to_owned(),
            mode,
        }),
        Some((text, _)) => Ok(Some(text)),
        None => Ok(None),
    }
}

/// Reads a `file` that another program put there, as Kubernetes and Docker do
/// with rights of their own; `None` where it does not exist.
///
/// # Errors
/// [`SecretFileError::Refused`].
pub(crate) fn read_given(file: &Path) -> Result<Option<String>, SecretFileError> {
    Ok(open(file)?.map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned()))
}

/// What a file holds, and its mode.
fn open(file: &Path) -> Result<Option<(Vec<u8>, u32)>, SecretFileError> {
    let refused = |source| SecretFileError::Refused {
        file: file.to_owned(),
        source,
    };
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error)),
    };
    // Asked of the open file, so that it cannot be another one than is read.
    let mode = opened.metadata().map_err(refused)?.permissions().mode() & 0o777;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut opened, &mut bytes).map_err(refused)?;
    Ok(Some((bytes, mode)))
}

/// Writes `file` with mode 600, replacing what was there; a crash leaves the old
/// content or the new one, and after the return the new one survives.
///
/// # Errors
/// [`SecretFileError::Refused`].
pub(crate) fn write(file: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
    replace(file, bytes).map_err(|source| SecretFileError::Refused {
        file: file.to_owned(),
        source,
    })
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let unfinished = file.with_file_name(name);
    // What an earlier crash left there may have other rights.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    written.write_all(bytes)?;
    written.sync_all()?;
    fs::rename(&unfinished, file)?;
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_for_the_owner_alone_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        assert!(read(&file).unwrap().is_none());
        fs::write(folder.path().join("secret.new"), "left by a crash").unwrap();
        for content in ["first", "second"] {
            write(&file, content.as_bytes()).unwrap();
            assert_eq!(read(&file).unwrap().unwrap(), content.as_bytes());
        }
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn refuses_a_file_that_others_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for mode in [0o640, 0o604, 0o620, 0o666] {
            write(&file, b"x").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let message = read(&file).unwrap_err().to_string();
            assert!(message.contains(&format!("mode {mode:03o}")), "{message}");
        }
    }
}
