//! A request as it was made before.

use events::{Event, Timestamp};

use super::{Assembly, Sender};
use crate::address::WebhookUrl;
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookSettings;
use crate::domain::webhook_record::parse_headers;
use crate::record::{FirstAttempt, checksum};
use crate::registry::any_address;
use crate::render::{RenderSettings, as_add, render};
use crate::send::OutgoingRequest;

/// Works out the request of a first attempt out of the event and the settings of that time, byte
/// for byte. `None` if that does not give what was sent: a later version writes it otherwise.
pub(crate) fn request_again(
    first: &FirstAttempt,
    delivery: DeliveryId,
    event: &Event,
    settings: &WebhookSettings,
) -> Option<OutgoingRequest> {
    let sent_as = first.as_add.then(|| as_add(event));
    let event = sent_as.as_ref().unwrap_or(event);
    let rendered = render(event, &RenderSettings::of(settings)).ok()?;
    let request = Assembly {
        url: &WebhookUrl::parse(&settings.url, &any_address()).ok()?,
        own: &parse_headers(&settings.headers).ok()?,
        sender: Sender::Then {
            user_agent: &first.user_agent,
            signature: &first.signature,
        },
        delivery,
        number: 1,
        next_attempt_at: first.next_attempt_at(),
        revision: event.change.revision(),
        at: Timestamp(first.started_at_us),
    }
    .request(rendered)
    .ok()?;
    (checksum(&request) == first.checksum).then_some(request)
}
