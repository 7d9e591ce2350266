//! How a source answers that all is well.

use crate::domain::request::RawRequest;
use crate::domain::source::{Answer as OwnAnswer, Source};

/// How a success is answered to the sender of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manner {
    /// 303: a browser shows this page next.
    Redirect(String),
    /// As the source, or its preset, says.
    Own(OwnAnswer),
    /// As S1 has it.
    Plain,
}

impl Manner {
    /// For what made a lead, or looks so. Only who would show the next page is sent there.
    pub(crate) fn of(source: &Source, request: &RawRequest) -> Self {
        match &source.settings.redirect_url {
            Some(url) if is_navigation(request) => Self::Redirect(url.clone()),
            _ => Self::of_probe(source),
        }
    }

    /// For a probe: nobody filled in a form.
    pub(crate) fn of_probe(source: &Source) -> Self {
        source.effective().answer.map_or(Self::Plain, Self::Own)
    }

    /// The status line's code, where S1 has `plain`.
    pub(crate) fn status(&self, plain: u16) -> u16 {
        match self {
            Self::Redirect(_) => 303,
            Self::Own(answer) => answer.status,
            Self::Plain => plain,
        }
    }
}

/// Whether a browser goes from one page to another by this, as with `<form>`. Browsers say it
/// (Fetch Metadata); of those that do not, forms and what asks for a page count.
fn is_navigation(request: &RawRequest) -> bool {
    let header = |name: &str| {
        let value = request.headers.get(name).and_then(|value| value.as_str());
        value.unwrap_or_default().to_ascii_lowercase()
    };
    let mode = header("sec-fetch-mode");
    if !mode.is_empty() {
        return mode == "navigate";
    }
    if header("x-requested-with") == "xmlhttprequest" {
        return false;
    }
    let content_type = request.content_type.as_deref().unwrap_or_default();
    let content_type = content_type.trim_start().to_ascii_lowercase();
    if ["application/x-www-form-urlencoded", "multipart/form-data"]
        .iter()
        .any(|form| content_type.starts_with(form))
    {
        return true;
    }
    header("accept").contains("text/html") && !content_type.contains("json")
}

#[cfg(test)]
mod tests {
    use events::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_browsers_on_their_way_are_sent_on() {
        let form = Some("application/x-www-form-urlencoded; charset=UTF-8");
        let page = "text/html,application/xhtml+xml,*/*;q=0.8";
        for (content_type, headers, expected) in [
            (form, json!({"sec-fetch-mode": "navigate"}), true),
            (
                Some("text/plain"),
                json!({"sec-fetch-mode": "navigate"}),
                true,
            ),
            (
                form,
                json!({"sec-fetch-mode": "cors", "accept": page}),
                false,
            ),
            (form, json!({"sec-fetch-mode": "no-cors"}), false),
            (form, json!({}), true),
            (Some("Multipart/Form-Data; boundary=x"), json!({}), true),
            (form, json!({"x-requested-with": "XMLHttpRequest"}), false),
            (None, json!({"accept": page}), true),
            (None, json!({"accept": "*/*"}), false),
            (Some("application/json"), json!({"accept": page}), false),
            (Some("application/json"), json!({}), false),
        ] {
            let request = RawRequest {
                received_at: Timestamp(0),
                method: "POST".to_owned(),
                remote_address: String::new(),
                content_type: content_type.map(str::to_owned),
                query: Vec::new(),
                headers: headers.clone(),
                body: Vec::new(),
                body_bytes: 0,
                correlation_id: String::new(),
                traceparent: String::new(),
            };
            assert_eq!(
                is_navigation(&request),
                expected,
                "{content_type:?} {headers}"
            );
        }
    }
}
