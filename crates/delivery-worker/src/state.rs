//! What every handler needs.

use std::sync::Arc;

use database::Database;
use events::Clock;
use tokio::runtime::Handle;

use crate::engine::Engine;
use crate::secret::KeyRing;
use crate::send::Sender;

/// Shared by all handlers of one service; clones are cheap.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// Judges URLs when they are saved.
    pub(crate) sender: Sender,
    /// Seals and opens webhook secrets.
    pub(crate) keys: Arc<KeyRing>,
    /// Learns what changed.
    pub(crate) engine: Arc<Engine>,
    /// The service's own threads, which outlive those of HTTP workers.
    pub(crate) runtime: Handle,
}

impl AppState {
    /// How many requests may be under way to a webhook that names no number.
    pub(crate) fn usual_concurrency(&self) -> u32 {
        u32::try_from(self.engine.config.webhook_concurrency).unwrap_or(u32::MAX)
    }
}
