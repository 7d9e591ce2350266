//! What the bench of matching measures: the pipeline's own question, put to
//! webhooks that are in memory as a worker has them.

use events::{AccountId, Event};
use serde_json::Value;

use super::known::Known;
use super::{UsualSettings, prepare};
use crate::secret::{CryptoError, KeyRing, MasterKey, SecretOwner, WebhookSecret};
use crate::store::config::ConfigRow;

/// The webhooks and triggers of one account, as a worker that took them from its
/// database has them in memory. It answers which of them an event fires, by the
/// code that the pipeline runs for each event.
#[derive(Debug)]
pub struct MatchingProbe {
    known: Known,
}

/// Why there is no probe.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A secret could not be made or sealed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A webhook's settings cannot be used, so that it would not be measured.
    #[error("webhook {id}: {reason}")]
    Settings {
        /// Its id: they count from 1.
        id: i64,
        /// What is wrong.
        reason: String,
    },
}

impl MatchingProbe {
    /// Takes in active webhooks of `account_id` with these settings, in the form in
    /// which the database has them; their ids count from 1.
    pub fn new(
        account_id: AccountId,
        settings: impl IntoIterator<Item = Value>,
    ) -> Result<Self, ProbeError> {
        let keys = KeyRing::new(&MasterKey::generate()?, &[])?;
        let usual = UsualSettings {
            concurrency: 16,
            schedule: Vec::new(),
        };
        let mut known = Known::default();
        for (id, settings) in (1..).zip(settings) {
            let owner = SecretOwner {
                account_id,
                webhook_id: id,
            };
            let row = ConfigRow {
                id,
                account_id: account_id.0,
                name: String::new(),
                active: true,
                settings_version: 1,
                settings,
                keys: keys.seal(&WebhookSecret::generate()?, owner)?.into(),
                config_version: id,
                deleted_at_us: None,
            };
            let webhook = prepare(&row, &keys, &usual);
            if let Err(unusable) = &webhook.plan {
                let reason = unusable.to_string();
                return Err(ProbeError::Settings { id, reason });
            }
            known.put(webhook.into());
        }
        Ok(Self { known })
    }

    /// The ids of the webhooks that an event fires, in order.
    pub fn fired(&self, event: &Event) -> Vec<i64> {
        self.known
            .snapshot([event.account_id])
            .fired(event)
            .into_iter()
            .map(|webhook| webhook.id.0)
            .collect()
    }
}
