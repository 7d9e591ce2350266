//! What keeps a setting from being added or removed.

use http_api::ApiError;

/// 409: the list is as long as it may get.
pub(crate) fn check_room(count: i64, most: i64, what: &str) -> Result<(), ApiError> {
    if count < most {
        return Ok(());
    }
    Err(ApiError::Conflict {
        detail: format!(
            "There are {count} {what} already, the most there can be; delete one first."
        ),
    })
}

/// 409 with the count, if anything refers to the record.
pub(crate) fn check_unused(count: i64, records: &str, use_it: &str) -> Result<(), ApiError> {
    if count == 0 {
        return Ok(());
    }
    Err(ApiError::InUse {
        detail: format!("{count} {records} {use_it}; change them first."),
        count,
    })
}
