//! Writes finished blocks of text from a thread of its own.
//!
//! A terminal that is held, or a pipe nobody reads, must not hold up the
//! answers: blocks beyond what the queue takes are dropped and counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Blocks that may wait; one is 4 KiB of body and a few lines at most.
const QUEUE: usize = 2_048;

/// The sending half; blocks come out in the order they were given.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    queue: SyncSender<String>,
    dropped: Arc<AtomicU64>,
}

/// Resolves once the thread behind a [`Printer`] has written everything.
#[derive(Debug)]
pub(crate) struct Written(oneshot::Receiver<()>);

impl Printer {
    /// Starts the thread, which writes to `out`; `closed` is cancelled when the
    /// other end of `out` is gone.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        out: impl Write + Send + 'static,
        closed: CancellationToken,
    ) -> io::Result<(Self, Written)> {
        let (queue, blocks) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&dropped);
        let (done, written) = oneshot::channel();
        std::thread::Builder::new()
            .name("listen-printer".to_owned())
            .spawn(move || {
                if write_all(out, &blocks, &count).is_err() {
                    closed.cancel();
                }
                drop(done);
            })?;
        Ok((Self { queue, dropped }, Written(written)))
    }

    /// Queues one block, which ends with a line break.
    pub(crate) fn print(&self, block: String) {
        match self.queue.try_send(block) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            // The thread has ended because nobody reads; the listener is stopping.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

impl Written {
    /// Waits for the last block; every [`Printer`] must be gone.
    pub(crate) async fn wait(self) {
        // The sender is only ever dropped: the error is the signal.
        let _ = self.0.await;
    }
}

fn write_all(
    mut out: impl Write,
    blocks: &Receiver<String>,
    dropped: &AtomicU64,
) -> io::Result<()> {
    while let Ok(block) = blocks.recv() {
        out.write_all(block.as_bytes())?;
        // One flush per burst, so that a burst is not slowed by a flush each.
        while let Ok(block) = blocks.try_recv() {
            out.write_all(block.as_bytes())?;
        }
        let hidden = dropped.swap(0, Ordering::Relaxed);
        if hidden > 0 {
            writeln!(out, "… {hidden} more arrived than could be shown")?;
        }
        out.flush()?;
    }
    Ok(())
}
