//! `dealwire backup`: a copy of a data folder.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use database::{DatabaseConfig, back_up_sqlite};

use super::settings::FolderArgs;
use crate::first_start::TOKEN_FILE;
use crate::keys::{KEY_FILES, NEEDED_KEYS};
use crate::wiring;

/// Copies a data folder, keys included, beside a `dealwire up` that runs or not.
///
/// To go on from the copy: stop `dealwire up`, run `dealwire recover --from DIR`, and start again.
/// The settings file and keys that it names elsewhere are not copied. Databases of services that
/// run apart are backed up with PostgreSQL's own programs.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The folder to make; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,

    #[command(flatten)]
    folder: FolderArgs,
}

impl BackupArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let from = self.folder.load()?.data_dir;
        ensure!(
            from.is_dir(),
            "there is no data folder {}; --data-dir names another",
            from.display()
        );
        let files = wiring::existing_files(&from).map_err(anyhow::Error::msg)?;
        for name in NEEDED_KEYS {
            ensure!(
                from.join(name).is_file(),
                "there is no {}, and a backup without it is worth nothing",
                from.join(name).display()
            );
        }
        DirBuilder::new()
            .mode(0o700)
            .create(&self.to)
            .with_context(|| format!("cannot make the folder {}", self.to.display()))?;
        if let Err(error) = copy_all(&from, files, &self.to) {
            // Half a backup must not pass for one.
            if let Err(left) = std::fs::remove_dir_all(&self.to) {
                super::say(&format!("{} is incomplete: {left}", self.to.display()));
            }
            return Err(error);
        }
        super::say(&format!(
            "{} is copied to {}",
            from.display(),
            self.to.display()
        ));
        Ok(())
    }
}

fn copy_all(from: &Path, files: [DatabaseConfig; 3], to: &Path) -> anyhow::Result<()> {
    for config in files {
        let DatabaseConfig::Sqlite { path, .. } = config else {
            bail!("{} is no data folder", from.display());
        };
        let copy = in_folder(to, &path)?;
        back_up_sqlite(&path, &copy).with_context(|| format!("cannot copy {}", path.display()))?;
        std::fs::set_permissions(&copy, Permissions::from_mode(0o600))?;
    }
    for name in KEY_FILES.into_iter().chain([TOKEN_FILE]) {
        let file = from.join(name);
        if file.exists() {
            copy_secret(&file, &in_folder(to, &file)?)
                .with_context(|| format!("cannot copy {}", file.display()))?;
        }
    }
    Ok(())
}

/// The file of the same name in another folder.
fn in_folder(folder: &Path, file: &Path) -> anyhow::Result<PathBuf> {
    let name = file.file_name().context("a file has a name")?;
    Ok(folder.join(name))
}

fn copy_secret(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    std::io::copy(&mut std::fs::File::open(from)?, &mut copy)?;
    copy.sync_all()
}
