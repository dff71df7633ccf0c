//! The expectations of a session in Rust.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Session;
use crate::engine::fish::Catch;
use crate::error::Result;
use crate::event::ReceivedEvent;
use crate::matcher::Match;
use crate::operation::{Expectation, Fish, Order, Outcome, Verb, Verification, Wanted};
use crate::verdict::Verdict;

impl Session {
    /// Expects an event. Errors: EXPECTATION_TIMEOUT when it provably did not come, an inconclusive
    /// code when that is not known. `within` is the configured default when absent.
    pub async fn expect_event(
        &self,
        topic: &str,
        matching: Match,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        self.0.expect(Expectation::of(Verb::Event, topic, matching, within)).await
    }

    /// Expects that no event matches until the window's end; judges also what eventFilters hide.
    pub async fn expect_none(&self, topic: &str, matching: Match, within: Duration) -> Result<Verdict> {
        self.0.expect(Expectation::of(Verb::None, topic, matching, Some(within))).await
    }

    /// Expects that `n` events match until the window's end, and not one more; judges also what
    /// eventFilters hide. None at all is [`Session::expect_none`]. Errors: WRONG_COUNT, at once with the
    /// first event too many, at the window's end when there provably were fewer.
    pub async fn expect_exactly(
        &self,
        topic: &str,
        n: usize,
        matching: Match,
        within: Duration,
    ) -> Result<Verdict> {
        self.0.expect(Expectation::of(Verb::exactly(n), topic, matching, Some(within))).await
    }

    /// Expects an event of its own for each match, on this topic or on the one that the match names
    /// ([`Match::on`]); the events of the verdict are in the order of the matches. Errors:
    /// EXPECTATION_TIMEOUT with the matches for which none came, WRONG_ORDER when there is one for each
    /// but not in order.
    ///
    /// ```no_run
    /// # async fn example(session: test_probe::Session) -> test_probe::Result<()> {
    /// use test_probe::{Match, Order};
    /// let wanted = [Match::new().event_type("Sold").into(), Match::new().event_type("Paid").on("payments")];
    /// session.expect_all_of("orders", wanted, Order::InOrder, None).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn expect_all_of(
        &self,
        topic: &str,
        matches: impl IntoIterator<Item = Wanted>,
        order: Order,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        self.0.expect(all_of(topic, matches, order, within)).await
    }

    /// Waits for the next event of the journal and hands it out once.
    pub async fn receive_event(&self, topic: &str, within: Option<Duration>) -> Result<Verdict> {
        self.receive_n(topic, 1, within).await
    }

    /// Waits for the next `n` events of the journal and hands them out once; all or none.
    pub async fn receive_n(&self, topic: &str, n: usize, within: Option<Duration>) -> Result<Verdict> {
        self.0.expect(Expectation::of(Verb::Receive(n), topic, Match::new(), within)).await
    }

    /// Shows one event after the other to a function until it completes with one: every event that
    /// matches, from the session's start or behind the match's `after`. The function runs where this
    /// future is polled. The events of the verdict are those that it collected, and last the one it
    /// completed with. Errors: EXPECTATION_TIMEOUT when it provably completed with none,
    /// UNEXPECTED_EVENT with the function's text when it failed.
    pub async fn fish_for_event(
        &self,
        topic: &str,
        matching: Match,
        mut function: impl FnMut(&ReceivedEvent) -> Fish,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        let mut catch = self.0.fish(Expectation::of(Verb::Fish, topic, matching, within)).await?;
        loop {
            match catch {
                Catch::Verdict(verdict) => return Ok(verdict),
                Catch::Events(fishing, events) => {
                    let answers = answers(&events, &mut function);
                    catch = self.0.fish_on(*fishing, answers).await?;
                }
            }
        }
    }

    /// Expects that a consumer group has committed, for every partition of a topic, the end that it has
    /// now (the high watermark, from which tools compute lag) or more; a partition without a commit must
    /// hold no record. Errors: EXPECTATION_TIMEOUT with the lag, NOT_COVERED when the cluster does not
    /// say, UNKNOWN_TOPIC, NOT_AUTHORIZED.
    pub async fn expect_group_caught_up(
        &self,
        group: &str,
        topic: &str,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        self.0.caught_up(group, topic, within, None).await
    }

    /// Verifies that what this session produced to a topic, and was acknowledged, came out once, in order, and
    /// nothing else did: on the topic itself, or on the output that the verification names, paired by id
    /// (docs/delivery.md). The verdict has no events and a report of what was counted. Checks that look for
    /// duplicates or for something unexpected need a window, at whose end they pass. Errors: ACKED_EVENT_LOST,
    /// DUPLICATE_EVENT, WRONG_ORDER, UNEXPECTED_EVENT, the worst first, with what was found of each.
    pub async fn verify_delivery(
        &self,
        topic: &str,
        verification: Verification,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        self.0.verify_delivery(topic, verification, within).await
    }
}

/// Returns the expectation of an event for each match.
pub(super) fn all_of(
    topic: &str,
    matches: impl IntoIterator<Item = Wanted>,
    order: Order,
    within: Option<Duration>,
) -> Expectation {
    let wanted = matches.into_iter().collect();
    Expectation { verb: Verb::AllOf(order), topic: topic.to_owned(), wanted, within }
}

/// Shows events to a function up to one that ends the fishing.
pub(super) fn answers(
    events: &[(Arc<ReceivedEvent>, bool)],
    function: &mut impl FnMut(&ReceivedEvent) -> Fish,
) -> Vec<Fish> {
    let mut answers = Vec::new();
    for (event, _) in events {
        let answer = function(event);
        let is_final = answer.is_final();
        answers.push(answer);
        if is_final {
            break;
        }
    }
    answers
}

impl Catch {
    /// Returns what a binding gets.
    pub(super) fn into_outcome(self) -> Outcome {
        match self {
            Self::Events(fishing, events) => Outcome::Catch { fishing, events },
            Self::Verdict(verdict) => Outcome::Verdict(verdict),
        }
    }
}
