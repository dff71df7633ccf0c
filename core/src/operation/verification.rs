//! What `verify_delivery` is asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::{ErrorCode, ProbeError, Result};
use crate::matcher::{After, Match};
use crate::verdict::delivery::DeliveryCheck;

/// What `verify_delivery` looks at: what the session sent against the log, or what came into a topic against
/// what came out on another one.
///
/// ```
/// use test_probe::{DeliveryCheck, Match, Verification};
/// let once = Verification::new().output("confirmations").matching(Match::new().event_type("OrderConfirmed"));
/// let nothing_lost = Verification::new().only([DeliveryCheck::Loss]);
/// assert_eq!(once.output.as_deref(), Some("confirmations"));
/// assert!(nothing_lost.checks().contains(&DeliveryCheck::Loss));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verification {
    /// The topic on which something has to come out, paired by id; that of the sending when absent.
    pub output: Option<String>,
    /// What is checked; when absent everything, and with an output everything but the order per partition, which a
    /// system that works on several keys at once may change.
    pub only: Option<BTreeSet<DeliveryCheck>>,
    /// Which events of the output are meant, from where it looks, and a sentence that failures repeat.
    pub matching: Match,
}

impl Verification {
    /// Everything, on the topic of the sending.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at what came out on another topic of the session.
    #[must_use]
    pub fn output(mut self, topic: impl Into<String>) -> Self {
        self.output = Some(topic.into());
        self
    }

    /// Checks only these.
    #[must_use]
    pub fn only(mut self, checks: impl IntoIterator<Item = DeliveryCheck>) -> Self {
        self.only = Some(checks.into_iter().collect());
        self
    }

    /// Says which events of the output are meant; `after` and `hint` of the match are those of the verification.
    #[must_use]
    pub fn matching(mut self, matching: Match) -> Self {
        let before = std::mem::replace(&mut self.matching, matching);
        if self.matching.after == After::Start {
            self.matching.after = before.after;
        }
        self.matching.hint = self.matching.hint.take().or(before.hint);
        self
    }

    /// Looks from a mark, an acknowledgement or a received event on.
    #[must_use]
    pub fn after(mut self, after: impl Into<After>) -> Self {
        self.matching.after = after.into();
        self
    }

    /// Says a sentence that failures repeat.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.matching.hint = Some(hint.into());
        self
    }

    /// Returns what is checked.
    #[must_use]
    pub fn checks(&self) -> BTreeSet<DeliveryCheck> {
        let all = || {
            let is_default =
                |check: &DeliveryCheck| self.output.is_none() || *check != DeliveryCheck::OrderPerPartition;
            DeliveryCheck::ALL.into_iter().filter(is_default).collect()
        };
        self.only.clone().unwrap_or_else(all)
    }

    /// Returns whether it speaks of all that comes until the end of a window, which must be told then.
    #[must_use]
    pub fn is_of_a_window(&self) -> bool {
        self.checks().iter().any(|check| check.is_of_a_window())
    }

    /// Returns what is wrong with it by itself.
    pub(crate) fn check(&self, topic: &str, within: Option<Duration>) -> Result<()> {
        let invalid = |message: String| ProbeError::new(ErrorCode::InvalidArgument, message);
        self.matching.check()?;
        if self.checks().is_empty() {
            return Err(invalid("`checks` was empty".to_owned()));
        }
        if self.output.as_deref() == Some(topic) {
            return Err(invalid(format!("`output` was `{topic}` itself"))
                .hint("without `output` the topic of the sending is verified"));
        }
        if self.output.is_none() && !self.matching.is_unconditional() {
            return Err(invalid("`match` was given without `output`".to_owned())
                .hint("a match says which events of the output are meant"));
        }
        if self.is_of_a_window() && within.is_none() {
            return Err(invalid("`within` was missing".to_owned()).hint(
                "verify_delivery needs a window: how long no duplicate and nothing unexpected may come",
            ));
        }
        Ok(())
    }
}
