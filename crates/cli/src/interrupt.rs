//! Ctrl-C.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::failure::INTERRUPTED;

/// After Ctrl-C, files under way have this long to clear up after themselves.
pub(crate) const CLEARING_UP: Duration = Duration::from_millis(500);

/// Resolves at the first Ctrl-C; the second one ends the program on the spot, whatever it waits for.
pub(crate) fn interrupts() -> oneshot::Receiver<()> {
    let (first, interrupted) = oneshot::channel();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            // No signals to be had: then nothing interrupts, and the other end must not take this for one.
            std::future::pending::<()>().await;
        }
        let _ = first.send(());
        if tokio::signal::ctrl_c().await.is_ok() {
            #[expect(clippy::exit, reason = "nothing is to be waited for any more")]
            std::process::exit(INTERRUPTED.into());
        }
    });
    interrupted
}
