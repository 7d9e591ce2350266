//! The sources that requests come in for, by token: read once a second, not once a request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use database::{Database, DatabaseError};

use crate::domain::source::Source;
use crate::store::sources::find_source_by_token;

/// How long what was read holds: a source that another process switches off takes leads no longer
/// than this.
const VALID: Duration = Duration::from_secs(1);
/// From when on it is read again while requests go on with what is known.
const RENEW: Duration = Duration::from_millis(500);
/// More tokens are not remembered: they are made up.
const MAX_TOKENS: usize = 10_000;
/// Longer than any token.
const MAX_TOKEN_BYTES: usize = 128;

/// The sources by token; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct SourceCache {
    database: Database,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    known: RwLock<HashMap<String, Known>>,
    /// Grows when something is forgotten: what was read before must not be remembered after.
    forgotten: AtomicU64,
}

#[derive(Debug)]
struct Known {
    /// `None`: there is no such token.
    source: Option<Arc<Source>>,
    read_at: Instant,
    renewing: AtomicBool,
}

impl SourceCache {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            shared: Arc::default(),
        }
    }

    /// The source of this token, switched on or not. Takes the same course for a token that exists
    /// and one that does not.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<Arc<Source>>, DatabaseError> {
        if token.len() > MAX_TOKEN_BYTES || token.contains('\0') {
            return Ok(None);
        }
        match self.look(token) {
            Some((source, false)) => Ok(source),
            Some((source, true)) => {
                let (cache, token) = (self.clone(), token.to_owned());
                tokio::spawn(async move {
                    if let Err(error) = cache.read(token).await {
                        tracing::debug!(%error, "a source could not be read again");
                    }
                });
                Ok(source)
            }
            None => self.read(token.to_owned()).await,
        }
    }

    /// Reads this one anew at its next request: it was changed, renamed or deleted.
    pub(crate) fn forget(&self, token: &str) {
        self.shared.forgotten.fetch_add(1, Ordering::AcqRel);
        let mut known = self
            .shared
            .known
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.remove(token);
    }

    /// What is known and still valid, and whether this request is the one to renew it.
    fn look(&self, token: &str) -> Option<(Option<Arc<Source>>, bool)> {
        let known = self
            .shared
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let found = known.get(token)?;
        let age = found.read_at.elapsed();
        if age >= VALID {
            return None;
        }
        let renew = age >= RENEW && !found.renewing.swap(true, Ordering::AcqRel);
        Some((found.source.clone(), renew))
    }

    async fn read(&self, token: String) -> Result<Option<Arc<Source>>, DatabaseError> {
        let forgotten = self.shared.forgotten.load(Ordering::Acquire);
        let read_at = Instant::now();
        let wanted = token.clone();
        let source = self
            .database
            .read(move |conn| find_source_by_token(conn, &wanted))
            .await?
            .map(Arc::new);
        let mut known = self
            .shared
            .known
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if self.shared.forgotten.load(Ordering::Acquire) == forgotten {
            if known.len() >= MAX_TOKENS {
                known.retain(|_, known| known.read_at.elapsed() < VALID);
            }
            if known.len() < MAX_TOKENS || source.is_some() {
                let entry = Known {
                    source: source.clone(),
                    read_at,
                    renewing: AtomicBool::new(false),
                };
                known.insert(token, entry);
            }
        }
        Ok(source)
    }
}
