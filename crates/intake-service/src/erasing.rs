//! Forgetting one person: leads, the requests that brought them, and every other request that names
//! them.
//!
//! What came before the call is erased by the time it returns, in small transactions. A
//! `person.erased`, written first, tells the other services, and this one's own scan of what it
//! published, which goes on behind ([`outbox::erasure`]). Leads that come later are new: the person
//! wrote again.

mod search;

use contacts::ContactFinder;
use database::{Connection, Database, DatabaseError};
use events::{AccountId, Change, Event, PersonErased, Timestamp};
use outbox::Waker;
use outbox::erasure::Erasures;
use tokio::task::spawn_blocking;

use crate::domain::author::Author;
use crate::store::erasures::{
    KeptRequest, clear_requests, list_kept_requests, list_leads_of, list_requests_of_leads,
    list_source_ids, newest_request,
};
use crate::store::leads::delete_leads;
use search::names;

/// Rows of one transaction: others wait behind it.
const ROWS_AT_ONCE: i64 = 100;
/// Requests of one look; each holds up to 256 KiB.
const REQUESTS_PER_LOOK: i64 = 50;

/// Whom to forget, and who asked for it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    account_id: AccountId,
    person: PersonErased,
    /// Tells the other services.
    event: Event,
    now: Timestamp,
}

/// What was erased here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Erased {
    pub(crate) leads: usize,
    /// Requests whose bodies are gone.
    pub(crate) requests: usize,
}

impl Request {
    /// What `author` asks for.
    pub(crate) fn new(person: PersonErased, author: &Author) -> Self {
        Self {
            account_id: author.account_id,
            event: author.event(Change::PersonErased(person.clone())),
            person,
            now: author.now,
        }
    }
}

/// Forgets people.
#[derive(Debug, Clone)]
pub(crate) struct Erasing {
    pub(crate) database: Database,
    pub(crate) waker: Waker,
    /// Goes through what was published.
    pub(crate) erasures: Erasures,
}

impl Erasing {
    /// Forgets a person; may be repeated, also after it was broken off.
    ///
    /// # Errors
    /// Database failures; what was erased by then stays erased.
    pub(crate) async fn erase(&self, request: Request) -> Result<Erased, DatabaseError> {
        let (account_id, now) = (request.account_id, request.now);
        let person = request.person.clone();
        self.database
            .write(move |conn| announce(conn, &request))
            .await?;
        self.waker.wake();
        self.erasures.wake();

        let mut erased = Erased::default();
        self.erase_leads(account_id, &person, now, &mut erased)
            .await?;
        let finder = ContactFinder::new(
            person.phone_e164.as_deref(),
            person.email_normalized.as_deref(),
        );
        let sources = self
            .database
            .read(move |conn| list_source_ids(conn, account_id))
            .await?;
        for source_id in sources {
            self.erase_mentions(account_id, source_id, &finder, &mut erased)
                .await?;
        }
        Ok(erased)
    }

    /// Leads of the person with their requests. The requests go first: a lead that is left leads to
    /// them when this is repeated.
    async fn erase_leads(
        &self,
        account_id: AccountId,
        person: &PersonErased,
        now: Timestamp,
        erased: &mut Erased,
    ) -> Result<(), DatabaseError> {
        loop {
            let whom = person.clone();
            let leads = self
                .database
                .read(move |conn| list_leads_of(conn, account_id, &whom, ROWS_AT_ONCE))
                .await?;
            if leads.is_empty() {
                return Ok(());
            }
            loop {
                let of = leads.clone();
                let requests = self
                    .database
                    .read(move |conn| list_requests_of_leads(conn, account_id, &of, ROWS_AT_ONCE))
                    .await?;
                if requests.is_empty() {
                    break;
                }
                erased.requests += self.clear(account_id, requests).await?;
            }
            erased.leads += self
                .database
                .write(move |conn| delete_leads(conn, account_id, &leads, now))
                .await?;
        }
    }

    /// Requests of one source that name the person, whatever became of them.
    async fn erase_mentions(
        &self,
        account_id: AccountId,
        source_id: i64,
        finder: &ContactFinder,
        erased: &mut Erased,
    ) -> Result<(), DatabaseError> {
        let last = self
            .database
            .read(move |conn| newest_request(conn, source_id))
            .await?;
        let mut after = 0;
        loop {
            let kept: Vec<KeptRequest> = self
                .database
                .read(move |conn| {
                    list_kept_requests(conn, source_id, after, last, REQUESTS_PER_LOOK)
                })
                .await?;
            let Some(newest) = kept.last() else {
                return Ok(());
            };
            after = newest.id;
            let finder = finder.clone();
            let found = spawn_blocking(move || {
                let theirs = kept.iter().filter(|request| names(&finder, request));
                theirs.map(|request| request.id).collect::<Vec<_>>()
            });
            let found = found
                .await
                .map_err(|ended| DatabaseError::Panicked(ended.to_string()))?;
            if !found.is_empty() {
                erased.requests += self.clear(account_id, found).await?;
            }
        }
    }

    async fn clear(
        &self,
        account_id: AccountId,
        requests: Vec<i64>,
    ) -> Result<usize, DatabaseError> {
        self.database
            .write(move |conn| clear_requests(conn, account_id, &requests))
            .await
    }
}

fn announce(conn: &mut Connection<'_>, request: &Request) -> Result<(), DatabaseError> {
    let Request {
        account_id,
        person,
        event,
        ..
    } = request;
    outbox::append(conn, event)?;
    outbox::erasure::request(conn, event.id, *account_id, person)
}
