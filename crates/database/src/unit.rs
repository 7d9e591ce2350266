//! A unit of work on its way to a database thread and its answer back.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{Connection, DatabaseError};

/// A unit of work whose types the threads need not know.
pub(crate) trait Unit: Send {
    /// Runs it and keeps its result; tells whether its changes shall stay.
    fn run(&mut self, connection: &mut Connection<'_>) -> bool;

    /// Hands the kept result to who waits, or the reason why nothing was kept.
    fn answer(self: Box<Self>, kept: Result<(), DatabaseError>);
}

struct PendingUnit<T, E, F> {
    work: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Unit for PendingUnit<T, E, F>
where
    F: FnMut(&mut Connection<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<DatabaseError> + Send,
{
    fn run(&mut self, connection: &mut Connection<'_>) -> bool {
        let work = &mut self.work;
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or_else(|panic| Err(DatabaseError::Panicked(panic_message(&*panic)).into()));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, kept: Result<(), DatabaseError>) {
        let result = match (kept, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(DatabaseError::Panicked("the unit never ran".to_owned()).into()),
            (Err(error), _) => Err(error.into()),
        };
        // Who asked may have gone away, as a closed HTTP connection does.
        drop(self.reply.send(result));
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

/// Wraps a closure; the receiver gets its result.
pub(crate) fn pending<T, E, F>(work: F) -> (Box<dyn Unit>, oneshot::Receiver<Result<T, E>>)
where
    F: FnMut(&mut Connection<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DatabaseError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let unit = PendingUnit {
        work,
        result: None,
        reply,
    };
    (Box::new(unit), answer)
}
