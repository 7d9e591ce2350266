//! An API with one small service, as a real one would be put together.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{HttpResponse, web};
use http_api::{
    ApiError, Authorized, Claims, CorrelationId, Created, HttpApi, HttpApiParts, IfNoneMatch,
    JsonBody, Page, QueryParams, Readiness, Record, RecordsRead, RecordsWrite, Scope, TextLimit,
    TokenSigner, TokenVerifier, generate_keys, merge_documents,
};
use serde_json::{Value, json};
use telemetry::Metrics;

pub(crate) const NOW_SECONDS: i64 = 1_767_225_600;

/// What a test asks of the application.
pub(crate) struct TestApi {
    pub(crate) api: HttpApi,
    pub(crate) signer: TokenSigner,
    pub(crate) verifier: TokenVerifier,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The stable code, having checked that the answer is a problem in every respect.
    pub(crate) fn problem_code(&self) -> &str {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text
        );
        assert_eq!(self.body["status"], self.status);
        let code = self.body["code"].as_str().unwrap();
        assert_eq!(self.body["type"], format!("urn:dealwire:problem:{code}"));
        assert!(self.body["title"].is_string() && self.body["detail"].is_string());
        code
    }
}

impl TestApi {
    pub(crate) fn new() -> Self {
        Self::with_readiness(Vec::new())
    }

    pub(crate) fn with_readiness(readiness: Vec<Readiness>) -> Self {
        let keys = generate_keys().unwrap();
        let verifier =
            TokenVerifier::new(&[&keys.public_pem], Arc::new(|| NOW_SECONDS * 1_000_000)).unwrap();
        let api = HttpApi::new(HttpApiParts {
            verifier: verifier.clone(),
            routes: vec![Arc::new(routes), Arc::new(other_routes)],
            root_routes: vec![],
            openapi: || merge_documents("Test", "1", []),
            readiness,
            metrics: Metrics::new(),
        })
        .unwrap();
        Self {
            api,
            signer: TokenSigner::new(&keys.private_pem).unwrap(),
            verifier,
        }
    }

    pub(crate) fn token(&self, scopes: &[Scope]) -> String {
        self.token_until(scopes, None)
    }

    pub(crate) fn token_until(&self, scopes: &[Scope], expires_at_seconds: Option<i64>) -> String {
        self.signer
            .sign(&Claims {
                account_id: 7,
                token_id: "the-token".to_owned(),
                scopes: scopes.iter().copied().collect(),
                issued_at_seconds: NOW_SECONDS,
                expires_at_seconds,
            })
            .unwrap()
    }

    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        let service = init_service(self.api.app()).await;
        let response: ServiceResponse<BoxBody> = match service.call(request.to_request()).await {
            Ok(response) => response,
            Err(error) => {
                let request = TestRequest::default().to_http_request();
                ServiceResponse::new(request, HttpResponse::from_error(error))
            }
        };
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let bytes = read_body(response).await;
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }

    pub(crate) async fn send_as(&self, scopes: &[Scope], request: TestRequest) -> Answer {
        let bearer = format!("Bearer {}", self.token(scopes));
        self.send(request.insert_header(("authorization", bearer)))
            .await
    }
}

/// A listener on a free port of loopback.
pub(crate) fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/notes")
                .route(web::get().to(list_notes))
                .route(web::post().to(create_note)),
        )
        .service(web::resource("/notes/{id}").route(web::get().to(get_note)));
}

fn other_routes(config: &mut web::ServiceConfig) {
    config
        .route("/panic", web::get().to(panics))
        .route("/fail", web::get().to(fails))
        .route("/away", web::get().to(is_away))
        .route("/typed", web::post().to(typed));
}

async fn list_notes(
    _caller: Authorized<RecordsRead>,
    mut query: QueryParams,
) -> Result<Page<i64>, ApiError> {
    let page = query.page();
    query.ids("id_client");
    query.finish()?;
    let newest = page.before_id.unwrap_or(1000);
    let rows = (1..newest)
        .rev()
        .take(usize::try_from(page.fetch_limit()).unwrap())
        .collect();
    Ok(Page::from_rows(rows, &page, |id| *id, |id| id))
}

async fn create_note(
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    body: JsonBody,
) -> Result<Created<Value>, ApiError> {
    let mut fields = body.into_fields();
    let name = fields.required_text("name", TextLimit::Chars(255));
    fields.finish()?;
    Ok(Created {
        location: "/api/v1/notes/1".to_owned(),
        revision: Some(1),
        body: json!({
            "name": name,
            "account_id": caller.account_id,
            "correlation_id": correlation_id.as_str(),
        }),
    })
}

async fn get_note(
    _caller: Authorized<RecordsRead>,
    id: web::Path<i64>,
    if_none_match: IfNoneMatch,
) -> Result<Record<Value>, ApiError> {
    Ok(Record::new(3, json!({"id": *id})).unless(if_none_match))
}

async fn panics() -> HttpResponse {
    panic!("on purpose")
}

async fn fails() -> Result<HttpResponse, ApiError> {
    Err(ApiError::internal("the secret reason"))
}

async fn is_away() -> Result<HttpResponse, ApiError> {
    Err(ApiError::unavailable("the secret reason"))
}

async fn typed(body: web::Json<Vec<i64>>) -> HttpResponse {
    HttpResponse::Ok().json(body.len())
}
