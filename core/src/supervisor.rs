//! When a worker that ended is started again, and when its end is final.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{ErrorCode, ProbeError};

/// How often a worker may be restarted for network errors within [`WINDOW`].
const RESTARTS: usize = 3;
const WINDOW: Duration = Duration::from_secs(60);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// Why a worker's run ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It was asked to.
    Stopped,
    /// Its client ended with an error.
    Client(ProbeError),
    /// It panicked.
    Panic(ProbeError),
}

/// What becomes of the worker.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// A new client resumes at the exact next offsets after this time.
    Restart(Duration),
    /// Every waiting and later call gets this cause.
    Fatal(ProbeError),
    /// It is over as it was asked to be.
    Over,
}

/// Remembers the restarts of one worker (design: network errors restart with back-off, the fourth
/// within a minute is fatal; authentication, authorisation and fencing are; a panic restarts once).
#[derive(Debug, Default)]
pub(crate) struct Policy {
    restarts: VecDeque<Instant>,
    panicked: bool,
}

impl Policy {
    pub(crate) fn decide(&mut self, end: End, now: Instant) -> Decision {
        match end {
            End::Stopped => Decision::Over,
            End::Panic(error) if self.panicked => Decision::Fatal(error),
            End::Panic(_) => {
                self.panicked = true;
                Decision::Restart(Duration::ZERO)
            }
            End::Client(error) if is_fatal(error.code()) => Decision::Fatal(error),
            End::Client(error) => {
                while self.restarts.front().is_some_and(|at| now.duration_since(*at) > WINDOW) {
                    self.restarts.pop_front();
                }
                if self.restarts.len() == RESTARTS {
                    return Decision::Fatal(
                        ProbeError::new(
                            error.code(),
                            format!("the client failed {} times within a minute", RESTARTS + 1),
                        )
                        .caused_by(error),
                    );
                }
                let backoff = FIRST_BACKOFF * 2_u32.pow(u32::try_from(self.restarts.len()).unwrap_or(0));
                self.restarts.push_back(now);
                Decision::Restart(backoff)
            }
        }
    }
}

fn is_fatal(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::AuthenticationFailed
            | ErrorCode::NotAuthorized
            | ErrorCode::ProducerFenced
            | ErrorCode::Unsupported
            | ErrorCode::InvalidConfig
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> End {
        End::Client(ProbeError::new(ErrorCode::ConsumeFailed, "the connection broke"))
    }

    #[test]
    fn the_fourth_network_error_within_a_minute_is_fatal_and_a_later_one_is_not() {
        let (mut policy, start) = (Policy::default(), Instant::now());
        let decisions: Vec<_> = (0..3).map(|_| policy.decide(network(), start)).collect();
        let backoffs = [100, 200, 400].map(|ms| Decision::Restart(Duration::from_millis(ms)));
        assert_eq!(decisions, backoffs);
        assert!(matches!(policy.decide(network(), start), Decision::Fatal(_)));
        let later = policy.decide(network(), start + WINDOW + Duration::from_secs(1));
        assert!(matches!(later, Decision::Restart(_)), "{later:?}");
    }

    #[test]
    fn a_panic_restarts_the_worker_once() {
        let mut policy = Policy::default();
        let panic = || End::Panic(ProbeError::new(ErrorCode::Panic, "a worker panicked"));
        assert_eq!(policy.decide(panic(), Instant::now()), Decision::Restart(Duration::ZERO));
        assert!(matches!(policy.decide(panic(), Instant::now()), Decision::Fatal(_)));
    }

    #[test]
    fn a_lost_right_is_fatal_at_once() {
        let end = End::Client(ProbeError::new(ErrorCode::NotAuthorized, "no right to read"));
        assert!(matches!(Policy::default().decide(end, Instant::now()), Decision::Fatal(_)));
    }
}
