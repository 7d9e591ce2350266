//! Whether the address behind a URL may be called now.

use crate::address::{UrlError, WebhookUrl};
use crate::state::AppState;

/// Why it may not, if so: what an attempt would find out as well. A name that
/// cannot be looked up now is no reason.
pub(in crate::api) async fn find_refusal(state: &AppState, url: &str) -> Option<String> {
    match WebhookUrl::parse(url, state.sender.policy()) {
        Ok(url) => {
            let refusal = state.sender.check(&url).await.err();
            refusal.map(|refusal| refusal.to_string())
        }
        Err(UrlError::Refused(refusal)) => Some(refusal.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

/// The same in a sentence.
pub(in crate::api) fn describe_refusal(url: &str, why: &str) -> String {
    format!("The address behind {url} may not be called: {why}.")
}
