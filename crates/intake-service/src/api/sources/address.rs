//! Where inbound URLs begin.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use http_api::ApiError;

use crate::state::AppState;

/// What inbound URLs begin with, for the caller of this request: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InboundBase(String);

impl InboundBase {
    /// The URL that ends with `token`.
    pub(super) fn url_of(&self, token: &str) -> String {
        format!("{}/in/{token}", self.0)
    }
}

impl FromRequest for InboundBase {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request
            .app_data::<Data<AppState>>()
            .ok_or_else(|| ApiError::internal("the application has no state of intake"));
        ready(state.map(|state| Self(base_of(request, state))))
    }
}

/// What the operator set, else as this request calls the service. What a proxy says of scheme and
/// host counts only if it is one of the operator's.
fn base_of(request: &HttpRequest, state: &AppState) -> String {
    if let Some(public_url) = &state.config.public_url {
        return public_url.trim_end_matches('/').to_owned();
    }
    let peer = request.peer_addr().map(|peer| peer.ip());
    let trusted = &state.config.trusted_proxies;
    if peer.is_some_and(|peer| trusted.iter().any(|network| network.contains(&peer))) {
        let told = request.connection_info();
        let scheme = if told.scheme() == "https" {
            "https"
        } else {
            "http"
        };
        return format!("{scheme}://{}", plain_host(told.host()));
    }
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("http://{}", plain_host(host))
}

/// A host that can stand in a URL, in a shell's quotes and in HTML as it is.
fn plain_host(host: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if !host.is_empty() && host.bytes().all(is_plain) {
        host
    } else {
        "localhost"
    }
}
