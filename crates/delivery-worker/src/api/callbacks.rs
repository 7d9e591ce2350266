//! What `/webhooks` and `/triggers` have in common: a trigger is a webhook bound to a stage. The two
//! differ in what they read and show, and in nothing else.

mod create;
mod delete;
mod hurrying;
mod judge;
mod list;
mod pause;
mod read;
mod secret;
mod settings;
mod show;
mod size;
mod stages;
mod update;

pub(crate) use create::create;
pub(crate) use delete::{Deleted, delete};
pub(crate) use list::list;
pub(crate) use pause::{pause, resume};
pub(crate) use read::read;
pub(crate) use secret::{
    PublicKeyResponse, RotateSecretRequest, RotatedSecret, public_key, rotate,
};
pub(crate) use settings::{KindPatch, KindSettings, or_default};
use show::{CHANGING_KEYS, read_only_keys};
pub(crate) use show::{CommonResponse, Created, ShowTerms, Shown, TestResponse, Updated};
pub(crate) use update::update;
