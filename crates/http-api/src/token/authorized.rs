//! The extractor that lets a request in: a handler that has an [`Authorized`] cannot forget to ask.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};

use super::{Caller, Scope, TokenVerifier, Unauthenticated};
use crate::problem::ApiError;

/// A scope as a type, so that a handler's signature says what it needs.
pub trait RequiredScope: fmt::Debug + 'static {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! required_scopes {
    ($($name:ident),+ $(,)?) => {$(
        #[doc = concat!("Needs [`Scope::", stringify!($name), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl RequiredScope for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}

required_scopes!(
    RecordsRead,
    RecordsWrite,
    LeadsRead,
    LeadsWrite,
    WebhooksRead,
    WebhooksWrite,
    AdminRead,
    AdminWrite,
);

/// The caller of a request, whose token permits `S`.
///
/// Takes the [`TokenVerifier`] from the application's data.
#[derive(Debug, Clone)]
pub struct Authorized<S: RequiredScope> {
    caller: Caller,
    scope: PhantomData<S>,
}

impl<S: RequiredScope> Authorized<S> {
    /// The caller, to be kept beyond the request.
    pub fn into_caller(self) -> Caller {
        self.caller
    }
}

impl<S: RequiredScope> Deref for Authorized<S> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<S: RequiredScope> FromRequest for Authorized<S> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorize(request, S::SCOPE).map(|caller| Self {
            caller,
            scope: PhantomData,
        }))
    }
}

fn authorize(request: &HttpRequest, needed: Scope) -> Result<Caller, ApiError> {
    let verifier = request
        .app_data::<TokenVerifier>()
        .ok_or_else(|| ApiError::internal("the application has no token verifier"))?;
    let caller = bearer(request)
        .and_then(|token| verifier.verify(token))
        .map_err(ApiError::Unauthenticated)?;
    if caller.scopes.permits(needed) {
        Ok(caller)
    } else {
        Err(ApiError::Forbidden { scope: needed })
    }
}

fn bearer(request: &HttpRequest) -> Result<&str, Unauthenticated> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next().ok_or(Unauthenticated::Missing)?;
    if values.next().is_some() {
        return Err(Unauthenticated::Malformed);
    }
    let text = value
        .to_str()
        .map_err(|_not_ascii| Unauthenticated::Malformed)?;
    match text.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Unauthenticated::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::test::TestRequest;

    use super::*;
    use crate::token::{Claims, TokenSigner, generate_keys};

    fn request(headers: &[(&str, &str)]) -> (TestRequest, TokenSigner) {
        let keys = generate_keys().unwrap();
        let verifier = TokenVerifier::new(&[&keys.public_pem], Arc::new(|| 0)).unwrap();
        let mut request = TestRequest::default().app_data(verifier);
        for header in headers {
            request = request.append_header(*header);
        }
        (request, TokenSigner::new(&keys.private_pem).unwrap())
    }

    async fn refusal(headers: &[(&str, &str)]) -> Unauthenticated {
        let (request, _) = request(headers);
        match Authorized::<RecordsRead>::extract(&request.to_http_request()).await {
            Err(ApiError::Unauthenticated(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[actix_web::test]
    async fn requests_without_a_token_are_refused() {
        assert_eq!(refusal(&[]).await, Unauthenticated::Missing);
        for bad in ["Bearer", "Basic dXNlcjpwYXNz", "abc", "Bearer  ", ""] {
            assert_eq!(
                refusal(&[("authorization", bad)]).await,
                Unauthenticated::Malformed,
                "{bad:?}"
            );
        }
        assert_eq!(
            refusal(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]).await,
            Unauthenticated::Malformed
        );
    }

    #[actix_web::test]
    async fn the_scope_decides() {
        let (request, signer) = request(&[]);
        let token = signer
            .sign(&Claims {
                account_id: 7,
                token_id: "t".to_owned(),
                scopes: [Scope::RecordsRead].into_iter().collect(),
                issued_at_seconds: 0,
                expires_at_seconds: None,
            })
            .unwrap();
        let request = request
            .insert_header(("authorization", format!("bearer {token}")))
            .to_http_request();
        let caller = Authorized::<RecordsRead>::extract(&request).await.unwrap();
        assert_eq!(caller.account_id, 7);
        assert!(matches!(
            Authorized::<RecordsWrite>::extract(&request).await,
            Err(ApiError::Forbidden {
                scope: Scope::RecordsWrite
            })
        ));
    }
}
