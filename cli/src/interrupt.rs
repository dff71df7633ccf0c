//! Ctrl-C: what waits is ended, what is open is closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use test_probe::ProbeError;
use test_probe::completion::Pending;

use crate::exit::{Failure, INTERRUPTED};
use crate::progress::Progress;

static INTERRUPTED_ONCE: AtomicBool = AtomicBool::new(false);

/// How long the command may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(3);
/// How soon a signal is noticed.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// Notices signals from now on, in place of ending at once. A second one ends the command whatever it does.
pub(crate) fn install() -> Result<(), Failure> {
    let handler = || {
        if !INTERRUPTED_ONCE.swap(true, Ordering::SeqCst) {
            std::thread::spawn(|| {
                std::thread::sleep(PATIENCE);
                std::process::exit(INTERRUPTED.into());
            });
            return;
        }
        std::process::exit(INTERRUPTED.into());
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::environment(format!("signals could not be handled: {error}")))
}

/// Fails when a signal came.
pub(crate) fn check() -> Result<(), Failure> {
    if INTERRUPTED_ONCE.load(Ordering::SeqCst) { Err(Failure::Interrupted) } else { Ok(()) }
}

/// Waits for something of the engine, which has a deadline of its own, or for a signal.
pub(crate) fn wait<T: Send + 'static>(
    pending: &Pending<T>,
    progress: &mut Progress,
) -> Result<Result<T, ProbeError>, Failure> {
    loop {
        if let Some(result) = pending.wait(SLICE) {
            return Ok(result);
        }
        check()?;
        progress.show();
    }
}
