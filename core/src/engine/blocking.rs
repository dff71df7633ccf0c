//! Blocking twins of the verbs, for threads that have no runtime.

use std::future::Future;
use std::time::Duration;

use crate::completion::Pending;
use crate::directive::Directives;
use crate::engine::fish::Catch;
use crate::engine::verbs::{all_of, answers};
use crate::engine::{Preflight, Probe, Session};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Event, ProduceResult, ProducedAck, ReceivedEvent};
use crate::matcher::{Mark, Match};
use crate::operation::{Expectation, Fish, Order, Verb, Wanted};
use crate::verdict::Verdict;

/// Every verb has a deadline of its own; this is only the second line.
const SECOND_LINE: Duration = Duration::from_secs(86_400);

impl Probe {
    /// Runs a future of the engine to its end. Errors: WRONG_THREAD on a thread of a runtime, which
    /// must not be blocked.
    pub(crate) fn block_on<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.check()?;
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(ProbeError::new(
                ErrorCode::WrongThread,
                "a blocking verb was called inside a runtime",
            )
            .hint("await the verb without `_blocking`"));
        }
        Pending::spawn(&self.handle(), future).join(SECOND_LINE)
    }

    /// Does what [`Probe::open_session`] does.
    pub fn open_session_blocking(&self, directives: Directives) -> Result<Session> {
        self.block_on(self.open_session(directives))
    }
}

impl Session {
    fn block_on<T: Send + 'static, F>(&self, verb: impl FnOnce(Self) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.probe().block_on(verb(self.clone()))
    }

    /// Does what [`Session::preflight`] does.
    pub fn preflight_blocking(&self) -> Result<Preflight> {
        self.block_on(|session| async move { session.preflight().await })
    }

    /// Does what [`Session::produce_event`] does, bounded by the blocking timeout.
    pub fn produce_event_blocking(&self, topic: &str, event: Event) -> Result<ProducedAck> {
        let (topic, timeout) = (topic.to_owned(), self.0.probe.config.dsl.blocking_timeout);
        self.block_on(|session| async move { session.0.produce(&topic, event, Some(timeout)).await })
    }

    /// Does what [`Session::try_produce_event`] does, bounded by the blocking timeout.
    pub fn try_produce_event_blocking(&self, topic: &str, event: Event) -> Result<ProduceResult> {
        let (topic, timeout) = (topic.to_owned(), self.0.probe.config.dsl.blocking_timeout);
        self.block_on(|session| async move { session.0.try_produce(&topic, event, Some(timeout)).await })
    }

    /// Does what [`Session::mark`] does.
    pub fn mark_blocking(&self) -> Result<Mark> {
        self.block_on(|session| async move { session.mark().await })
    }

    /// Does what [`Session::expect_event`] does.
    pub fn expect_event_blocking(
        &self,
        topic: &str,
        matching: Match,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        let topic = topic.to_owned();
        self.block_on(|session| async move { session.expect_event(&topic, matching, within).await })
    }

    /// Does what [`Session::expect_none`] does.
    pub fn expect_none_blocking(&self, topic: &str, matching: Match, within: Duration) -> Result<Verdict> {
        let topic = topic.to_owned();
        self.block_on(|session| async move { session.expect_none(&topic, matching, within).await })
    }

    /// Does what [`Session::expect_exactly`] does.
    pub fn expect_exactly_blocking(
        &self,
        topic: &str,
        n: usize,
        matching: Match,
        within: Duration,
    ) -> Result<Verdict> {
        let topic = topic.to_owned();
        self.block_on(|session| async move { session.expect_exactly(&topic, n, matching, within).await })
    }

    /// Does what [`Session::expect_all_of`] does.
    pub fn expect_all_of_blocking(
        &self,
        topic: &str,
        matches: impl IntoIterator<Item = Wanted>,
        order: Order,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        let expectation = all_of(topic, matches, order, within);
        self.block_on(|session| async move { session.0.expect(expectation).await })
    }

    /// Does what [`Session::fish_for_event`] does; the function runs on the caller's thread.
    pub fn fish_for_event_blocking(
        &self,
        topic: &str,
        matching: Match,
        mut function: impl FnMut(&ReceivedEvent) -> Fish,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        let expectation = Expectation::of(Verb::Fish, topic, matching, within);
        let mut catch = self.block_on(|session| async move { session.0.fish(expectation).await })?;
        loop {
            match catch {
                Catch::Verdict(verdict) => return Ok(verdict),
                Catch::Events(fishing, events) => {
                    let answers = answers(&events, &mut function);
                    catch =
                        self.block_on(|session| async move { session.0.fish_on(*fishing, answers).await })?;
                }
            }
        }
    }

    /// Does what [`Session::expect_group_caught_up`] does.
    pub fn expect_group_caught_up_blocking(
        &self,
        group: &str,
        topic: &str,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        let (group, topic) = (group.to_owned(), topic.to_owned());
        self.block_on(|session| async move { session.expect_group_caught_up(&group, &topic, within).await })
    }

    /// Does what [`Session::receive_event`] does.
    pub fn receive_event_blocking(&self, topic: &str, within: Option<Duration>) -> Result<Verdict> {
        self.receive_n_blocking(topic, 1, within)
    }

    /// Does what [`Session::receive_n`] does.
    pub fn receive_n_blocking(&self, topic: &str, n: usize, within: Option<Duration>) -> Result<Verdict> {
        let topic = topic.to_owned();
        self.block_on(|session| async move { session.receive_n(&topic, n, within).await })
    }

    /// Does what [`Session::add_topics`] does.
    pub fn add_topics_blocking(&self, directives: Directives) -> Result<()> {
        self.block_on(|session| async move { session.add_topics(directives).await })
    }

    /// Does what [`Session::close`] does.
    pub fn close_blocking(&self) -> Result<()> {
        self.block_on(|session| async move { session.close().await })
    }
}
