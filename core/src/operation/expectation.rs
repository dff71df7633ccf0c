//! Expectations over the journal: a verb, what it wants, and how long it waits.

use std::time::Duration;

use crate::error::{ErrorCode, ProbeError, Result};
use crate::matcher::Match;
use crate::verdict::Order;

/// An expectation: a verb with what it wants, a point to look from and a deadline.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What is expected.
    pub verb: Verb,
    /// The name of the topic.
    pub topic: String,
    /// The conditions: one, and for [`Verb::AllOf`] at least one.
    pub wanted: Vec<Wanted>,
    /// How long to wait; the configured default when absent, required for [`Verb::None`] and
    /// [`Verb::Exactly`].
    pub within: Option<Duration>,
}

/// A match, and the topic on which it looks where that is another than the expectation's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The conditions.
    pub matching: Match,
    /// The name of another topic of the session.
    pub topic: Option<String>,
}

impl From<Match> for Wanted {
    fn from(matching: Match) -> Self {
        Self { matching, topic: None }
    }
}

impl Match {
    /// Looks on another topic of the session; for `expect_all_of`.
    ///
    /// ```
    /// use test_probe::Match;
    /// let paid = Match::new().event_type("Paid").on("payments");
    /// assert_eq!(paid.topic.as_deref(), Some("payments"));
    /// ```
    #[must_use]
    pub fn on(self, topic: impl Into<String>) -> Wanted {
        Wanted { matching: self, topic: Some(topic.into()) }
    }
}

/// What is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `expect_event`: one event matches.
    Event,
    /// `expect_none`: no event matches.
    None,
    /// `expect_exactly`: so many events match, one at least.
    Exactly(usize),
    /// `expect_all_of`: an event of its own for each match.
    AllOf(Order),
    /// `receive_event`, `receive_n`: the next events of the journal, each handed out once.
    Receive(usize),
    /// `fish_for_event`: one event that a function of the test completes with.
    Fish,
}

impl Verb {
    /// Returns `expect_exactly`; none at all is `expect_none`.
    #[must_use]
    pub const fn exactly(n: usize) -> Self {
        if n == 0 { Self::None } else { Self::Exactly(n) }
    }

    /// Returns the verb's name in documents and failure texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "expect_event",
            Self::None => "expect_none",
            Self::Exactly(_) => "expect_exactly",
            Self::AllOf(_) => "expect_all_of",
            Self::Receive(1) => "receive_event",
            Self::Receive(_) => "receive_n",
            Self::Fish => "fish_for_event",
        }
    }

    /// Returns whether it speaks of the whole window: it judges also what eventFilters hide, must be
    /// told how long the window is, and the time factor leaves that alone.
    #[must_use]
    pub fn is_of_a_window(self) -> bool {
        match self {
            Self::None | Self::Exactly(_) => true,
            Self::Event | Self::AllOf(_) | Self::Receive(_) | Self::Fish => false,
        }
    }
}

impl Expectation {
    /// An expectation of one match.
    #[must_use]
    pub fn of(verb: Verb, topic: &str, matching: Match, within: Option<Duration>) -> Self {
        Self { verb, topic: topic.to_owned(), wanted: vec![matching.into()], within }
    }

    /// Returns what is wrong with it by itself.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |message: &str| Err(ProbeError::new(ErrorCode::InvalidArgument, message));
        if self.wanted.is_empty() {
            return invalid("`matches` was empty");
        }
        self.wanted.iter().try_for_each(|wanted| wanted.matching.check())?;
        match self.verb {
            Verb::None | Verb::Exactly(_) if self.within.is_none() => {
                let name = self.verb.name();
                let hint = if self.verb == Verb::None {
                    "expect_none needs a window: how long nothing may come".to_owned()
                } else {
                    format!("{name} needs a window: how long no further event may come")
                };
                Err(ProbeError::new(ErrorCode::InvalidArgument, "`within` was missing").hint(hint))
            }
            Verb::Receive(0) => invalid("`n` was `0`, not a number of at least 1"),
            Verb::Exactly(0) => invalid("`n` was `0`: nothing at all is `expect_none`"),
            _ => Ok(()),
        }
    }
}
