//! A handler's unit of work, done once per key.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use database::{Connection, Database, DatabaseError};
use http_api::{
    ApiError, Caller, IdempotencyKey, InFlightGuard, InFlightKeys, OptionalIdempotencyKey,
};

use crate::{Answer, Claim, KeyedRequest, claim_key, store_answer};

/// The `Idempotency-Key` of a request, if it has one, and what goes with it.
///
/// Takes the [`InFlightKeys`] from the application's data.
#[derive(Debug, Clone)]
pub struct Idempotency {
    key: Option<IdempotencyKey>,
    route: String,
    in_flight: InFlightKeys,
    together: bool,
}

/// What became of a unit of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It was done now; `T` is what it answered beside the answer to store.
    Done(Answer, T),
    /// It was done before, and this is the answer of then.
    Repeated(Answer),
}

impl<T> Outcome<T> {
    /// The answer, whenever it was made.
    pub fn into_answer(self) -> Answer {
        match self {
            Self::Done(answer, _) | Self::Repeated(answer) => answer,
        }
    }
}

impl Idempotency {
    /// The unit of work may share a transaction with others: see [`Database::write_together`].
    #[must_use]
    pub fn together(mut self) -> Self {
        self.together = true;
        self
    }

    /// Does `work` in one transaction unless it was done before with this key; its answer commits
    /// with whatever it writes. A failure is not stored: a repeat tries again.
    ///
    /// `body_sha256` is that of the body as it was sent.
    ///
    /// # Errors
    /// What `work` fails with; [`ApiError::IdempotencyInFlight`] while a request with the key is
    /// being answered; [`ApiError::IdempotencyMismatch`] if the key was used for another request;
    /// [`ApiError::Conflict`] if its answer was forgotten; database failures.
    pub async fn run<E, F>(
        self,
        database: &Database,
        caller: &Caller,
        body_sha256: [u8; 32],
        mut work: F,
    ) -> Result<Answer, E>
    where
        F: FnMut(&mut Connection<'_>) -> Result<Answer, E> + Send + 'static,
        E: From<DatabaseError> + From<ApiError> + Send + 'static,
    {
        let work = move |conn: &mut Connection<'_>| Ok::<_, E>((work(conn)?, ()));
        let outcome = self.run_with(database, caller, body_sha256, work).await?;
        Ok(outcome.into_answer())
    }

    /// As [`Idempotency::run`], for work that answers something beside the answer to store: what
    /// must be done after the commit, or what must not be kept, such as a secret.
    ///
    /// # Errors
    /// As [`Idempotency::run`].
    pub async fn run_with<T, E, F>(
        self,
        database: &Database,
        caller: &Caller,
        body_sha256: [u8; 32],
        mut work: F,
    ) -> Result<Outcome<T>, E>
    where
        F: FnMut(&mut Connection<'_>) -> Result<(Answer, T), E> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + From<ApiError> + Send + 'static,
    {
        let Some(key) = self.key else {
            let (answer, extra) = write(database, self.together, work).await?;
            return Ok(Outcome::Done(answer, extra));
        };
        let taken = TakenKey::new(self.in_flight.begin(caller.account_id, &key)?);
        let taken_by_unit = taken.clone();
        let request = KeyedRequest {
            account_id: caller.account_id,
            key,
            route: self.route,
            body_sha256,
        };
        let keyed = move |conn: &mut Connection<'_>| {
            let _held = &taken_by_unit;
            match claim_key::<E>(conn, &request)? {
                Claim::Repeat(answer) => Ok(Outcome::Repeated(answer)),
                Claim::First => {
                    let (answer, extra) = work(conn)?;
                    store_answer(conn, &request, &answer)?;
                    Ok(Outcome::Done(answer, extra))
                }
            }
        };
        let outcome = write(database, self.together, keyed).await;
        taken.free();
        outcome
    }
}

async fn write<T, E, F>(database: &Database, together: bool, work: F) -> Result<T, E>
where
    F: FnMut(&mut Connection<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DatabaseError> + Send + 'static,
{
    if together {
        database.write_together(work).await
    } else {
        database.write(work).await
    }
}

/// A key that is taken until the work is over, whichever way it ends.
///
/// The unit of work holds it as well as the request: a client that hangs up ends the request but not
/// the work. The request frees it, because it may have its answer before the database's thread has
/// put the unit away, and the client may repeat at once.
#[derive(Debug, Clone)]
struct TakenKey(Arc<Mutex<Option<InFlightGuard>>>);

impl TakenKey {
    fn new(guard: InFlightGuard) -> Self {
        Self(Arc::new(Mutex::new(Some(guard))))
    }

    fn free(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl FromRequest for Idempotency {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(read(request, payload))
    }
}

fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Idempotency, ApiError> {
    let OptionalIdempotencyKey(key) =
        OptionalIdempotencyKey::from_request(request, payload).into_inner()?;
    let in_flight = request
        .app_data::<InFlightKeys>()
        .cloned()
        .ok_or_else(|| ApiError::internal("the application has no set of keys in flight"))?;
    Ok(Idempotency {
        key,
        route: format!("{} {}", request.method(), request.uri()),
        in_flight,
        together: false,
    })
}
