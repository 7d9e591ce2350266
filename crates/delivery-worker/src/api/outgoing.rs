//! Requests that the API makes itself, outside the pipeline: tests and previews.

use events::{AccountId, Timestamp};

use crate::address::{AddressPolicy, UrlError, WebhookUrl};
use crate::attempt::{Assembly, AssemblyError, Sender};
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook_record::parse_headers;
use crate::headers::{CustomHeaders, HeaderError};
use crate::render::{RenderError, RenderSettings, Rendered};
use crate::secret::{KeyRing, SecretOwner, UnsealError};
use crate::send::OutgoingRequest;
use crate::sign::Signers;
use crate::store::webhook_records::StoredWebhook;

/// Why a request cannot be made; sentences for the manager.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotMade {
    #[error(transparent)]
    Secret(#[from] UnsealError),
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error(transparent)]
    Header(HeaderError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
}

impl NotMade {
    /// Whether another event would do.
    pub(super) fn is_of_event(&self) -> bool {
        matches!(
            self,
            Self::Render(_) | Self::Assembly(AssemblyError::Query(_))
        )
    }
}

/// A webhook's current settings, ready to make requests with.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) render: RenderSettings,
    url: WebhookUrl,
    own: CustomHeaders,
    signers: Signers,
}

impl Outgoing {
    /// `policy` says which addresses a URL may name itself.
    pub(super) fn new(
        keys: &KeyRing,
        policy: &AddressPolicy,
        account_id: AccountId,
        stored: &StoredWebhook,
    ) -> Result<Self, NotMade> {
        let settings = &stored.webhook.config.settings;
        let owner = SecretOwner {
            account_id,
            webhook_id: stored.webhook.id.0,
        };
        let signers = Signers::open(keys, owner, &stored.keys, settings.ed25519)?;
        let url = WebhookUrl::parse(&settings.url, policy)?;
        let own = parse_headers(&settings.headers).map_err(|errors| {
            let first = errors.into_iter().next();
            NotMade::Header(first.unwrap_or(HeaderError::TooMany))
        })?;
        Ok(Self {
            render: RenderSettings::of(settings),
            url,
            own,
            signers,
        })
    }

    /// A first attempt at this moment.
    pub(super) fn request(
        &self,
        rendered: Rendered,
        delivery: DeliveryId,
        revision: Option<i64>,
        at: Timestamp,
    ) -> Result<OutgoingRequest, NotMade> {
        let assembly = Assembly {
            url: &self.url,
            own: &self.own,
            sender: Sender::Us(self.signers.at(at)),
            delivery,
            number: 1,
            next_attempt_at: None,
            revision,
            at,
        };
        Ok(assembly.request(rendered)?)
    }
}
