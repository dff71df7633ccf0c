//! The circuit breaker of one registry. After some failures in a row nobody waits for a registry that is down: calls
//! fail at once, and one at a time is let through to see whether it is back. Pure: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row open it.
pub(super) const MOST_FAILURES: u32 = 5;
/// How long it is open at first; doubled with each probe that fails.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long it is open at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    failures: u32,
    since: Option<Instant>,
    pause: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Instant },
    Probing,
}

/// What a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Go ahead.
    Granted,
    /// Go ahead, and find out whether the registry is back.
    Probe,
    /// Fail at once.
    Refused(Refused),
}

/// Why a call was not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// `open`, or `half-open` while a probe is under way.
    pub(super) state: &'static str,
    /// The failures in a row.
    pub(super) failures: u32,
    /// For how long there has been trouble.
    pub(super) open_for: Duration,
    /// In how long a call is let through; zero while a probe is under way.
    pub(super) again_in: Duration,
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Self { state: State::Closed, failures: 0, since: None, pause: FIRST_PAUSE }
    }

    /// Asks to make a call. Who got a probe says how it ended, or that it was given up.
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        let refused = |state, until: Instant| {
            Admission::Refused(Refused {
                state,
                failures: self.failures,
                open_for: self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
                again_in: until.saturating_duration_since(now),
            })
        };
        match self.state {
            State::Closed => Admission::Granted,
            State::Open { until } if now < until => refused("open", until),
            State::Open { .. } => {
                self.state = State::Probing;
                Admission::Probe
            }
            State::Probing => refused("half-open", now),
        }
    }

    /// The registry answered. Returns whether this closed it.
    pub(super) fn succeeded(&mut self) -> bool {
        let was_open = self.state != State::Closed;
        *self = Self::new();
        was_open
    }

    /// The registry failed a call that was let through.
    pub(super) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        match self.state {
            State::Closed if self.failures < MOST_FAILURES => {}
            State::Closed => {
                self.since = Some(now);
                self.state = State::Open { until: now + self.pause };
            }
            State::Probing => {
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                self.state = State::Open { until: now + self.pause };
            }
            // A call from before it opened: it says nothing new.
            State::Open { .. } => {}
        }
    }

    /// A probe was given up before it ended: the next call is the probe.
    pub(super) fn given_up(&mut self, now: Instant) {
        if self.state == State::Probing {
            self.state = State::Open { until: now };
        }
    }

    /// Returns `closed`, `open` or `half-open`.
    pub(super) fn name(&self) -> &'static str {
        match self.state {
            State::Closed => "closed",
            State::Open { .. } => "open",
            State::Probing => "half-open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..MOST_FAILURES {
            assert_eq!(breaker.admit(now), Admission::Granted);
            breaker.failed(now);
        }
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_a_success_between_starts_anew() {
        let now = Instant::now();
        let mut breaker = Breaker::new();
        for _ in 0..4 {
            breaker.failed(now);
        }
        assert!(!breaker.succeeded());
        for _ in 0..4 {
            breaker.failed(now);
        }
        assert_eq!(breaker.name(), "closed");
        breaker.failed(now);
        assert_eq!(breaker.name(), "open");
    }

    #[test]
    fn while_it_is_open_it_says_for_how_long() {
        let now = Instant::now();
        let refused =
            Refused { state: "open", failures: 5, open_for: seconds(0), again_in: Duration::from_secs(1) };
        assert_eq!(opened(now).admit(now), Admission::Refused(refused));
    }

    #[test]
    fn one_probe_is_let_through_and_its_success_closes_it() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert_eq!(breaker.admit(now + seconds(1)), Admission::Probe);
        let Admission::Refused(refused) = breaker.admit(now + seconds(2)) else { panic!("a second probe") };
        assert_eq!((refused.state, refused.open_for), ("half-open", seconds(2)));
        assert!(breaker.succeeded());
        assert_eq!((breaker.name(), breaker.admit(now)), ("closed", Admission::Granted));
    }

    #[test]
    fn each_probe_that_fails_doubles_the_pause_up_to_thirty_seconds() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let Admission::Refused(refused) = breaker.admit(now) else { panic!("not open") };
            pauses.push(refused.again_in.as_secs());
            now += refused.again_in;
            assert_eq!(breaker.admit(now), Admission::Probe);
            breaker.failed(now);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn a_probe_that_was_given_up_leaves_the_next_call_to_be_the_probe() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert_eq!(breaker.admit(now + seconds(1)), Admission::Probe);
        breaker.given_up(now + seconds(1));
        assert_eq!(breaker.admit(now + seconds(1)), Admission::Probe);
    }

    #[test]
    fn a_late_failure_of_an_earlier_call_does_not_prolong_the_pause() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.failed(now + seconds(1));
        assert_eq!(breaker.admit(now + seconds(1)), Admission::Probe);
    }
}
