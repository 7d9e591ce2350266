//! Bodies that are read to their end while nobody waits for them.
//!
//! An answer means what its status and headers say, so its body holds nobody up for
//! long. To hang up on it would be rude all the same: some receivers answer first, do
//! their work then, and end with the connection. So a late body is read on in the
//! background until the request's time limit (WIRE 1), and its connection may be used
//! again after that.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::connect::Connection;
use super::pool::{Pool, PoolKey};
use super::response::LateBody;

/// How many are read at once; each takes some 20 KiB. Those beyond are hung up on.
const AT_ONCE: usize = 256;

#[derive(Debug)]
pub(super) struct LateBodies {
    pool: Arc<Pool>,
    room: Arc<Semaphore>,
}

impl LateBodies {
    /// Connections that can go on go to `pool`.
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self {
            pool,
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Reads a body in the background until the deadline.
    pub(super) fn read(
        &self,
        body: LateBody,
        connection: Connection,
        key: PoolKey,
        deadline: Instant,
    ) {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            return;
        };
        let pool = Arc::clone(&self.pool);
        tokio::spawn(async move {
            if let Ok(true) = timeout_at(deadline, body.finish()).await {
                pool.put(key, connection);
            }
            drop(place);
        });
    }
}
