//! The signals that end the program in good order.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// "File size limit exceeded", as Linux numbers it on x86 and ARM.
const SIGXFSZ: i32 = 25;

/// A token that is cancelled by SIGTERM or SIGINT (Ctrl-C).
///
/// A second signal ends the process at once: whoever asks twice means it.
///
/// # Errors
/// When the system refuses the signal handlers.
pub(crate) fn stop_requested() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // A limit on file sizes then fails the write, as a full disk does, instead of
    // ending the process.
    let mut file_size = signal(SignalKind::from_raw(SIGXFSZ))?;
    tokio::spawn(async move { while file_size.recv().await.is_some() {} });
    let stop = CancellationToken::new();
    let requested = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        requested.cancel();
        let status = tokio::select! {
            _ = terminate.recv() => 143,
            _ = interrupt.recv() => 130,
        };
        std::process::exit(status);
    });
    Ok(stop)
}
