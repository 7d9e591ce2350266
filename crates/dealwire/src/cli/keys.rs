//! `dealwire keys`: the keys that a data folder holds, and what is encrypted with them.

mod reseal;

use clap::{Args, Subcommand};

use super::settings::FolderArgs;
use crate::data_folder::DataFolder;
use crate::keys::{Keys, Origin};

/// The keys that tokens are signed with and webhook secrets encrypted with.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    Create(CreateKeysArgs),
    Reseal(reseal::ResealArgs),
}

/// Makes the keys of a data folder that does not have them yet.
///
/// `dealwire up` does the same at its first start. Services that run apart take
/// the files from here: token-key.pem and the entity service sign tokens,
/// token-key.pub.pem checks them, master.key encrypts webhook secrets. Keys that are there are
/// checked and kept; none is ever replaced, since tokens and stored webhook
/// secrets would be lost with it.
#[derive(Debug, Args)]
pub(super) struct CreateKeysArgs {
    #[command(flatten)]
    folder: FolderArgs,
}

impl KeysCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Create(args) => args.run(),
            Self::Reseal(args) => args.run(),
        }
    }
}

impl CreateKeysArgs {
    fn run(self) -> anyhow::Result<()> {
        let folder = DataFolder::open(&self.folder.load()?.data_dir)?;
        let (keys, made) = Keys::load_or_create(&folder)?;
        let public = keys.save_public(&folder)?;
        for (path, origin) in made.into_iter().chain([public]) {
            let what = match origin {
                Origin::Created => "created",
                Origin::Kept => "kept",
            };
            super::say(&format!("{what} {}", path.display()));
        }
        Ok(())
    }
}
