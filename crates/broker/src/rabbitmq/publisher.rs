//! One publisher's way into the lane.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Life;
use super::connect::Reason;
use super::flight::Publication;
use super::lane::{Lane, Open};
use super::link::Link;
use crate::error::PublishError;
use crate::message::OutgoingMessage;
use crate::publisher::Confirmation;

/// How long a publish waits for the connection. Long enough for a broker that restarts; then the
/// caller hears of it and may let another process try.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub(crate) struct Publisher {
    exchange: String,
    lane: Arc<Lane>,
    link: Link,
    /// The channel that this publisher, clones included, published over last; 0 for none.
    last: Arc<AtomicU64>,
    _life: Arc<Life>,
}

impl Publisher {
    pub(super) fn new(exchange: &str, lane: Arc<Lane>, link: Link, life: Arc<Life>) -> Self {
        Self {
            exchange: exchange.to_owned(),
            lane,
            link,
            last: Arc::default(),
            _life: life,
        }
    }

    pub(crate) async fn publish(
        &self,
        message: OutgoingMessage,
    ) -> Result<Confirmation, PublishError> {
        let room = self
            .lane
            .window
            .reserve(message.body.len())
            .await
            .map_err(|_closed| PublishError::Closed)?;
        let open = self.channel().await?;
        self.continue_on(open.number)?;
        // Nothing waits from here on: a publish that is cancelled has sent nothing.
        let (settle, confirmation) = Confirmation::pending();
        let publication = Publication {
            exchange: self.exchange.clone(),
            message,
            settle,
        };
        open.line
            .send(publication)
            .map_err(|_unsent| self.lost(Reason::new("the connection has just been lost")))?;
        room.occupy();
        Ok(confirmation)
    }

    async fn channel(&self) -> Result<Open, PublishError> {
        let mut state = self.lane.state.clone();
        let ready = state.wait_for(|state| state.closed || state.open.is_some());
        match tokio::time::timeout(PATIENCE, ready).await {
            Ok(Ok(state)) => state.open.clone().ok_or(PublishError::Closed),
            Ok(Err(_ended)) => Err(PublishError::Closed),
            Err(_elapsed) => Err(self.lost(self.link.reason())),
        }
    }

    /// Fails once after a channel was lost with messages on it: a later message must not reach the
    /// queue before the earlier ones that its sender does not yet know to have failed.
    fn continue_on(&self, number: u64) -> Result<(), PublishError> {
        let last = self.last.load(Ordering::Acquire);
        if last == number {
            return Ok(());
        }
        let failed = self.lane.state.borrow().failed;
        if last != 0 && failed >= last {
            self.last.store(0, Ordering::Release);
            return Err(self.lost(Reason::new("it was lost after the latest message")));
        }
        self.last.store(number, Ordering::Release);
        Ok(())
    }

    fn lost(&self, reason: Reason) -> PublishError {
        PublishError::ConnectionLost {
            source: Box::new(reason),
        }
    }
}
