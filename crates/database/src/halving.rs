//! One bad row must not hold up the batch that it came in.

use std::ops::Range;
use std::sync::Arc;

use crate::{Connection, Database, DatabaseError};

/// What became of a batch.
#[derive(Debug)]
pub struct Halved<T, E> {
    /// The result of each part that was written, in order.
    pub written: Vec<T>,
    /// The items that could not be written, by their place in the batch.
    pub guilty: Vec<(usize, E)>,
}

/// Writes `items` in one transaction; if that fails for any reason but the
/// database being unavailable, in halves, down to the guilty items.
///
/// Returns an error only where `is_unavailable` says so; parts may have been
/// written by then, so `work` must bear to be run again on the whole batch.
pub async fn write_halving<I, T, E, F>(
    database: &Database,
    items: Arc<Vec<I>>,
    work: F,
    is_unavailable: fn(&E) -> bool,
) -> Result<Halved<T, E>, E>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<DatabaseError> + Send + 'static,
    F: Fn(&mut Connection<'_>, &[I]) -> Result<T, E> + Clone + Send + 'static,
{
    let mut halved = Halved {
        written: Vec::new(),
        guilty: Vec::new(),
    };
    let whole: Range<usize> = 0..items.len();
    let mut parts = Vec::from([whole]);
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let (work, items, range) = (work.clone(), Arc::clone(&items), part.clone());
        let outcome = database
            .write(move |conn| work(conn, items.get(range.clone()).unwrap_or_default()))
            .await;
        match outcome {
            Ok(result) => halved.written.push(result),
            Err(error) if is_unavailable(&error) => return Err(error),
            Err(error) if part.len() == 1 => halved.guilty.push((part.start, error)),
            Err(_) => {
                let middle = part.start + part.len() / 2;
                parts.push(middle..part.end);
                parts.push(part.start..middle);
            }
        }
    }
    Ok(halved)
}
