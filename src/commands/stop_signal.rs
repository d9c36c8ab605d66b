//! Being asked to stop.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::Error;

/// Resolves when this process is asked to stop; asked a second time, it ends at once.
pub(super) fn stop_signal(in_background: bool) -> Result<impl Future<Output = Error>, Error> {
    let listen = |kind| signal(kind).map_err(|source| Error::write("the signal handlers", source));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        // A terminal that goes away takes what runs in it along, but not what runs in the background.
        let hung_up = async {
            loop {
                hangup.recv().await;
                if !in_background {
                    return;
                }
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hung_up => {}
        }
        tokio::spawn(async move {
            interrupt.recv().await;
            #[expect(
                clippy::exit,
                clippy::disallowed_methods,
                reason = "the person does not want to wait, and what was accepted is in the log"
            )]
            std::process::exit(130);
        });
        Error::Interrupted
    })
}
