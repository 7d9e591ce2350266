//! What a receiver answers.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use events::Timestamp;
use tokio::runtime::{Builder, Runtime};

use crate::retry::RetryPolicy;
use crate::send::in_memory::exchange;
use crate::send::{FailureKind, SendOutcome};

/// As many bytes of a body are kept.
const MAX_KEPT_BYTES: usize = 4 * 1024;

/// The exchange needs one, which is made once.
#[expect(
    clippy::expect_used,
    reason = "without a runtime there is nothing to try"
)]
static RUNTIME: LazyLock<Mutex<Runtime>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build();
    Mutex::new(runtime.expect("a runtime of one thread"))
});

/// Reads an input as the worker reads what comes back after a callback.
///
/// # Panics
/// If the outcome cannot be recorded as it is.
pub fn read_answer(input: &[u8]) {
    let runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = runtime.block_on(exchange(input));
    drop(runtime);
    match &outcome {
        SendOutcome::Answered(answer) => {
            assert!((100..1_000).contains(&answer.status), "{}", answer.status);
            assert!(answer.body.len() <= MAX_KEPT_BYTES);
            assert!(answer.logged_head().starts_with(b"HTTP/1.1 "));
        }
        SendOutcome::Failed(failure) => {
            // What is stored as text can have no NUL, and what answers at once is in time.
            assert!(!failure.detail.contains('\0'), "{failure}");
            assert_ne!(failure.kind, FailureKind::Timeout, "{failure}");
        }
    }
    let policy = RetryPolicy {
        schedule: vec![Duration::ZERO, Duration::from_secs(5)],
        stop_on_4xx: true,
    };
    let now = Timestamp(1_767_322_984_000_000);
    policy.judge(&outcome, policy.next_pause(1, 0.0), now);
}
