//! `/in/{token}`: what senders call (S1, WIRE 2).
//!
//! Everything is answered in S1's form and nothing with 500: what cannot be read is the sender's to
//! correct, what fails through our fault is kept as it came.

mod address;
mod answer;
mod body;
pub(crate) mod document;
mod manner;
mod parse;
mod raw;
mod texts;

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::{Method, header};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use http_api::{AskedByHead, CorrelationId};

pub(crate) use manner::Manner;
pub(crate) use parse::{Parsed, describe, parse, submit};

use crate::domain::request::{Outcome, RawRequest};
use crate::domain::source::Source;
use crate::reading::Language;
use crate::state::AppState;
use crate::taking::{Arrival, Kept, TakeError, Verdict};

use answer::Answer;
use body::{Body, BodyError};
use texts::Problem;

/// What came, as the handler sees it.
struct Incoming<'a> {
    state: &'a AppState,
    request: &'a HttpRequest,
    language: Language,
    correlation_id: CorrelationId,
}

/// Answers a sender.
pub(crate) async fn take_request(
    state: Data<AppState>,
    request: HttpRequest,
    token: Path<String>,
    correlation_id: CorrelationId,
    payload: Payload,
) -> HttpResponse {
    let started = Instant::now();
    if request.method() == Method::OPTIONS {
        // Where the source is not known now, browsers need the answer all the same.
        let source = state.sources.find(&token).await.ok().flatten();
        let accepts_get = source.is_none_or(|source| source.effective().accept_get);
        return answer::preflight(&request, accepts_get);
    }
    let incoming = Incoming {
        state: &state,
        request: &request,
        language: language_of(&request),
        correlation_id,
    };
    let answer = incoming.take(&token, payload).await;
    let label = answer.label();
    let response = answer.into_response(incoming.language);
    state.metrics.count_request(label, started.elapsed());
    response
}

fn language_of(request: &HttpRequest) -> Language {
    let wanted = request.headers().get(header::ACCEPT_LANGUAGE);
    Language::of(
        wanted
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default(),
    )
}

impl Incoming<'_> {
    async fn take(&self, token: &str, payload: Payload) -> Answer {
        let source = match self.state.sources.find(token).await {
            Ok(source) => source,
            Err(error) => {
                tracing::debug!(%error, "a source could not be read");
                return Answer::Later(TakeError::Unavailable);
            }
        };
        let address = address::of(self.request, &self.state.config.trusted_proxies);
        if let Some(source) = &source {
            let limits = source.effective().limits;
            if let Err(wait) = self.state.limiter.check(source.id, limits, address) {
                return Answer::TooFast(wait);
            }
        }
        let Some(source) = source else {
            // As much work as for a token that exists.
            return match body::read(payload).await {
                Ok(_) => Answer::Problem(Problem::NotFound),
                Err(error) => Answer::from(error),
            };
        };
        if source.active
            && let Some(answer) = self.check_method(&source)
        {
            return answer;
        }
        let body = match body::read(payload).await {
            Ok(body) => body,
            Err(error) => return Answer::from(error),
        };
        let raw = raw::of(
            self.request,
            address,
            &body,
            self.state.clock.now(),
            &self.correlation_id,
        );
        self.deal_with(source, raw, &body).await
    }

    /// The answer to a method that brings no lead and no journal entry.
    fn check_method(&self, source: &Source) -> Option<Answer> {
        let accepts_get = source.effective().accept_get;
        let method = self.request.method();
        let by_head = self.request.extensions().get::<AskedByHead>().is_some();
        if by_head && accepts_get {
            // Looks whether the address exists; nothing is to come of it.
            return Some(Answer::Nothing);
        }
        let is_known = method == Method::POST || method == Method::GET;
        (by_head || !is_known).then_some(Answer::NotAllowed { accepts_get })
    }

    async fn deal_with(&self, source: Arc<Source>, raw: RawRequest, body: &Body) -> Answer {
        let (verdict, answer) = self.judge(&source, &raw, body);
        let manner = Manner::of(&source, &raw);
        let arrival = Arrival {
            source,
            request: raw,
            verdict,
            replay: None,
        };
        match self.state.taking.take(arrival).await {
            Ok(Kept::Taken(lead)) => {
                self.state.note_lead(lead.id);
                Answer::Lead {
                    lead,
                    manner,
                    is_new: true,
                }
            }
            Ok(Kept::Known(lead)) => Answer::Lead {
                lead,
                manner,
                is_new: false,
            },
            Ok(Kept::Journalled) => answer,
            Ok(Kept::Failed) => Answer::Kept,
            Err(error) => Answer::Later(error),
        }
    }

    /// What is to be written, and what is answered if that is no lead.
    fn judge(&self, source: &Arc<Source>, raw: &RawRequest, body: &Body) -> (Verdict, Answer) {
        let only = |outcome: Outcome, answer: Answer, error: Option<String>| {
            let status = answer.status();
            (
                Verdict::Journal {
                    outcome,
                    status,
                    error,
                },
                answer,
            )
        };
        if !source.active {
            let answer = Answer::Problem(Problem::NotFound);
            return only(Outcome::Disabled, answer, None);
        }
        let accepts_get = source.effective().accept_get;
        if raw.method == "GET" && !accepts_get {
            let answer = Answer::NotAllowed { accepts_get };
            return only(Outcome::NotAllowed, answer, None);
        }
        if body.is_cut {
            let answer = Answer::Problem(Problem::TooLong);
            let error = format!("the body has {} bytes or more", body.length);
            return only(Outcome::TooLarge, answer, Some(error));
        }
        match parse(source, raw) {
            Parsed::Lead { draft, fingerprint } => {
                (Verdict::Lead { draft, fingerprint }, Answer::Kept)
            }
            Parsed::Test => {
                let answer = Answer::Test {
                    manner: Manner::of_probe(source),
                };
                only(Outcome::Test, answer, None)
            }
            Parsed::Spam(draft) => {
                let answer = Answer::LooksTaken {
                    draft,
                    source: Arc::clone(source),
                    manner: Manner::of(source, raw),
                    id: self.state.plausible_lead_id(),
                    at: raw.received_at,
                };
                only(Outcome::Spam, answer, None)
            }
            Parsed::Ignored(reason) => {
                let answer = Answer::Ignored {
                    manner: Manner::of_probe(source),
                };
                only(Outcome::Ignored, answer, Some(reason.to_owned()))
            }
            Parsed::Refused(problems) => {
                let error = describe(&problems);
                only(Outcome::Rejected, Answer::Fields(problems), Some(error))
            }
            Parsed::Unreadable(problem, error) => {
                only(problem.outcome(), Answer::Problem(problem), Some(error))
            }
            Parsed::Panicked => {
                let error = "reading it failed through our fault".to_owned();
                only(Outcome::Failed, Answer::Kept, Some(error))
            }
        }
    }
}

impl From<BodyError> for Answer {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Slow => Self::Problem(Problem::Slow),
            BodyError::Broken => Self::Problem(Problem::Malformed),
        }
    }
}
