//! Going on from a backup that is older than what others know of the records
//! (`dealwire recover`). The service itself may not be running.

use database::{Connection, DatabaseError, identities, on_backend};
use diesel::dsl::max;
use diesel::prelude::*;
use events::{AccountId, Action, PipelineId, PipelineSnapshot, Timestamp, TokenId};
use http_api::ScopeSet;

use crate::admin::AdminError;
use crate::domain::pipeline::Pipeline;
use crate::domain::token::ApiToken;
use crate::records::pipelines::{append, save};
use crate::store::accounts::is_account;
use crate::store::api_tokens::{insert_token, revoke_token};
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::pipelines::get_pipeline;
use crate::store::schema::{api_tokens, clients, lead_conversions, orders, pipelines, tasks};

/// A record as it was when others last heard of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRecord {
    /// Whose it is.
    pub account_id: i64,
    /// The kind of record: order, task, client or pipeline.
    pub component: String,
    /// Its id.
    pub id: i64,
    /// The last revision that is known.
    pub revision: i64,
    /// Whether that was its deletion.
    pub is_deleted: bool,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is there, older than others know it.
    Older,
    /// It is there, and others know it as one that was deleted.
    Returned,
    /// It is not there, and others know it as one that exists.
    Missing,
    /// It is as others know it, or newer.
    Known,
}

/// Makes ids of records of this kind go on after `last`; a kind that has none is passed over.
///
/// # Errors
/// Database failures.
pub fn raise_ids(conn: &mut Connection<'_>, kind: &str, last: i64) -> Result<(), DatabaseError> {
    table_of(kind).map_or(Ok(()), |table| identities::raise(conn, table, last))
}

/// The highest id that records of this kind were given; `None` for a kind that has none.
///
/// # Errors
/// Database failures.
pub fn last_id(conn: &mut Connection<'_>, kind: &str) -> Result<Option<i64>, DatabaseError> {
    let Some(table) = table_of(kind) else {
        return Ok(None);
    };
    let given = identities::list(conn)?;
    Ok(given
        .into_iter()
        .find(|it| it.table == table)
        .map(|it| it.last))
}

fn table_of(kind: &str) -> Option<&'static str> {
    match kind {
        "account" => Some("accounts"),
        "order" => Some("orders"),
        "task" => Some("tasks"),
        "client" => Some("clients"),
        "pipeline" => Some("pipelines"),
        "stage" => Some("stages"),
        _ => None,
    }
}

/// The highest id of a lead that was converted; 0 if none was.
///
/// # Errors
/// Database failures.
pub fn highest_lead(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    let highest: Option<i64> = on_backend!(conn, |c| lead_conversions::table
        .select(max(lead_conversions::lead_id))
        .first(c))?;
    Ok(highest.unwrap_or(0))
}

/// How many leads with ids above `lead_id` were converted.
///
/// # Errors
/// Database failures.
pub fn count_leads_after(conn: &mut Connection<'_>, lead_id: i64) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| lead_conversions::table
        .filter(lead_conversions::lead_id.gt(lead_id))
        .count()
        .get_result(c))?)
}

/// Tokens that were revoked: whose, which, and when, microseconds.
///
/// # Errors
/// Database failures.
pub fn list_revoked(conn: &mut Connection<'_>) -> Result<Vec<(i64, String, i64)>, DatabaseError> {
    Ok(on_backend!(conn, |c| api_tokens::table
        .filter(api_tokens::revoked_at_us.is_not_null())
        .select((
            api_tokens::account_id,
            api_tokens::jti,
            api_tokens::revoked_at_us.assume_not_null(),
        ))
        .load(c))?)
}

/// How a record compares with what others know of it.
///
/// # Errors
/// Database failures.
pub fn compare(conn: &mut Connection<'_>, record: &KnownRecord) -> Result<Standing, DatabaseError> {
    macro_rules! revision_in {
        ($table:ident) => {
            on_backend!(conn, |c| $table::table
                .filter($table::account_id.eq(record.account_id))
                .filter($table::id.eq(record.id))
                .select($table::revision)
                .first::<i64>(c)
                .optional())?
        };
    }
    let revision = match &*record.component {
        "order" => revision_in!(orders),
        "task" => revision_in!(tasks),
        "client" => revision_in!(clients),
        "pipeline" => revision_in!(pipelines),
        _ => return Ok(Standing::Known),
    };
    Ok(match revision {
        Some(revision) if revision < record.revision => match record.is_deleted {
            true => Standing::Returned,
            false => Standing::Older,
        },
        None if !record.is_deleted => Standing::Missing,
        _ => Standing::Known,
    })
}

/// Gives a record that is [`Standing::Older`] or [`Standing::Returned`] a revision that nobody has
/// seen: the one after the last that is known. Of pipelines, which delivery workers keep as they were last told of, it tells anew: of
/// one that is there what it is, of one that is [`Standing::Missing`] that it is gone.
///
/// # Errors
/// [`AdminError::Database`].
pub fn carry_on(
    conn: &mut Connection<'_>,
    record: &KnownRecord,
    now: Timestamp,
) -> Result<(), AdminError> {
    // Telling of a pipeline takes the next one.
    let revision = record.revision + i64::from(record.component != "pipeline");
    macro_rules! raise_in {
        ($table:ident) => {
            on_backend!(conn, |c| diesel::update(
                $table::table
                    .filter($table::account_id.eq(record.account_id))
                    .filter($table::id.eq(record.id))
                    .filter($table::revision.lt(record.revision))
            )
            .set($table::revision.eq(revision))
            .execute(c))
            .map_err(DatabaseError::from)?
        };
    }
    match &*record.component {
        "order" => raise_in!(orders),
        "task" => raise_in!(tasks),
        "client" => raise_in!(clients),
        "pipeline" => {
            raise_in!(pipelines);
            tell_pipeline(conn, record, now)?;
            1
        }
        _ => 0,
    };
    Ok(())
}

/// Gives all orders, tasks and clients revisions that are `by` higher, where nobody is left who
/// knows which ones receivers have seen.
///
/// # Errors
/// Database failures.
pub fn raise_revisions(conn: &mut Connection<'_>, by: i64) -> Result<(), DatabaseError> {
    macro_rules! raise_all {
        ($table:ident) => {
            on_backend!(conn, |c| diesel::update($table::table)
                .set($table::revision.eq($table::revision + by))
                .execute(c))?
        };
    }
    raise_all!(orders);
    raise_all!(tasks);
    raise_all!(clients);
    Ok(())
}

/// Those of the accounts that are not there.
///
/// # Errors
/// Database failures.
pub fn list_missing_accounts(
    conn: &mut Connection<'_>,
    accounts: &[i64],
) -> Result<Vec<i64>, DatabaseError> {
    let mut missing = Vec::new();
    for account in accounts {
        if !is_account(conn, AccountId(*account))? {
            missing.push(*account);
        }
    }
    Ok(missing)
}

fn tell_pipeline(
    conn: &mut Connection<'_>,
    record: &KnownRecord,
    now: Timestamp,
) -> Result<(), StoreError> {
    let author = Author::system(AccountId(record.account_id), now);
    match get_pipeline(conn, author.account_id, PipelineId(record.id)) {
        Ok(pipeline) => save(conn, &author, pipeline).map(drop),
        Err(DatabaseError::NotFound) => {
            let gone = Pipeline {
                revision: record.revision + 1,
                snapshot: PipelineSnapshot {
                    id: PipelineId(record.id),
                    name: String::new(),
                    position: 0,
                    stages: Vec::new(),
                    created_at: now,
                    updated_at: now,
                },
            };
            append(conn, &author, Action::Delete, &gone)
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a token that was revoked, as others remember; `false` if that is known here, or if
/// its account is not there.
///
/// # Errors
/// Database failures.
pub fn revoke(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    token_id: &TokenId,
    revoked_at: Timestamp,
) -> Result<bool, DatabaseError> {
    let is_listed = on_backend!(conn, |c| diesel::select(diesel::dsl::exists(
        api_tokens::table.filter(api_tokens::jti.eq(&token_id.0))
    ))
    .get_result(c))?;
    if is_listed {
        return revoke_token(conn, account_id, token_id, revoked_at);
    }
    if !is_account(conn, account_id)? {
        return Ok(false);
    }
    let token = ApiToken {
        id: token_id.clone(),
        name: "issued after the backup that was restored".to_owned(),
        scopes: ScopeSet::default(),
        created_at: revoked_at,
        expires_at: None,
        revoked_at: Some(revoked_at),
    };
    insert_token(conn, account_id, &token)?;
    Ok(true)
}
