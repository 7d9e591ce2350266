//! Reads where callbacks go.

use http_api::{Fields, Invalid, Presence, code};

use super::own_code;
use crate::address::{Refusal, UrlError, WebhookUrl};
use crate::api::sentence::sentence;
use crate::send::Sender;

/// Reads the URL and looks its name up: a name that leads to an address that may
/// not be called is refused now rather than at the first delivery.
pub(super) async fn read_url(fields: &mut Fields, sender: &Sender) -> Presence<String> {
    let url = fields.custom("url", |value| {
        let text = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        WebhookUrl::parse(text, sender.policy()).map_err(|error| url_refused(&error))
    });
    if let Presence::Value(url) = &url
        && let Err(refusal) = sender.check(url).await
    {
        fields.error("url", own_code::URL_REFUSED, address_refused(refusal));
        return Presence::Absent;
    }
    url.map(|url| url.as_str().to_owned())
}

fn url_refused(error: &UrlError) -> Invalid {
    let code = match error {
        UrlError::TooLong => code::TOO_LONG,
        UrlError::Malformed(_) => code::INVALID,
        UrlError::Scheme => own_code::URL_SCHEME,
        UrlError::HttpsOnly => own_code::URL_HTTPS_ONLY,
        UrlError::Credentials => own_code::URL_CREDENTIALS,
        UrlError::Fragment => own_code::URL_FRAGMENT,
        UrlError::Refused(_) => own_code::URL_REFUSED,
    };
    Invalid::new(code, sentence(&error.to_string()))
}

/// The same words for an address in the URL and for one behind its name.
fn address_refused(refusal: Refusal) -> String {
    sentence(&UrlError::Refused(refusal).to_string())
}
