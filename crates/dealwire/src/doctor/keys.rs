//! Whether the keys are there and are keys.

use super::{Finding, Patient};
use crate::installation::Installation;
use crate::keys::{Keys, KeysError};

pub(super) fn examine(patient: &Patient) -> Vec<Finding> {
    let settings = &patient.settings;
    match &patient.installation {
        // `dealwire up` makes what is missing, and only in a folder that is new.
        Installation::Folder(folder) if !folder.is_dir() => Vec::new(),
        Installation::Folder(folder) => {
            vec![
                finding("signing key", Keys::signer_of_folder(folder)),
                finding("master key", Keys::ring_of_folder(folder, settings)),
            ]
        }
        Installation::Servers(_) => vec![
            finding("signing key", Keys::load_signer(settings)),
            finding("public key", Keys::load_public(settings)),
            finding("master key", Keys::load_ring(settings)),
        ],
    }
}

fn finding<K>(what: &str, loaded: Result<K, KeysError>) -> Finding {
    match loaded {
        Ok(_) => Finding::well(what, "can be read"),
        Err(error) => {
            let remedy = match what {
                "signing key" => "restore it from a backup; only the entity service needs it",
                "master key" => {
                    "restore it from a backup; only delivery workers need it, and without it no \
                     webhook secret opens"
                }
                _ => "copy it from where the others were made, or from a backup",
            };
            Finding::wrong(what, format!("{:#}", anyhow::Error::from(error)), remedy)
        }
    }
}
