//! Fishing: the next events for a function of the test, and what its answers come to.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::expect::Expecting;
use crate::engine::session::SessionInner;
use crate::engine::tally::Found;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::ReceivedEvent;
use crate::operation::{Expectation, Fish, Fishing};
use crate::runtime::Deadline;
use crate::verdict::{Finding, Verdict};
use crate::workers::fence::Ends;

/// How many events one batch has at most.
const BATCH: usize = 256;

/// What came of a turn.
pub(crate) enum Catch {
    /// Events to show to the function, each with whether it is own; never none.
    Events(Box<Fishing>, Vec<(Arc<ReceivedEvent>, bool)>),
    /// It completed.
    Verdict(Verdict),
}

impl SessionInner {
    /// Begins to fish: waits for the first events that match.
    pub(crate) async fn fish(self: &Arc<Self>, expectation: Expectation) -> Result<Catch> {
        let within = self.probe.scaled(expectation.within.unwrap_or(self.probe.config.dsl.within));
        let deadline = Deadline::after(within).instant().saturating_duration_since(self.probe.began);
        let fishing = Fishing {
            // From here on it is the time that was waited for, in the words of a failure too.
            expectation: Expectation { within: Some(within), ..expectation },
            deadline: u64::try_from(deadline.as_micros()).unwrap_or(u64::MAX),
            next: 0,
            shown: Vec::new(),
            collected: Vec::new(),
            answered: 0,
            ends: None,
        };
        self.fish_on(fishing, Vec::new()).await
    }

    /// Goes on to fish with the answers to the last events.
    pub(crate) async fn fish_on(self: &Arc<Self>, fishing: Fishing, answers: Vec<Fish>) -> Result<Catch> {
        self.check()?;
        fishing.expectation.check()?;
        let topics = self.topics_of(&fishing.expectation)?;
        let mut expecting = Expecting::new(self, &topics, &fishing.expectation)?;
        expecting.window = fishing.expectation.within.unwrap_or_default();
        let turn = expecting.turn(fishing, answers);
        tokio::select! {
            biased;
            reason = self.closed.wait() => Err(reason),
            catch = turn => catch,
        }
    }
}

impl Expecting<'_> {
    async fn turn(&self, mut fishing: Fishing, answers: Vec<Fish>) -> Result<Catch> {
        if let Some(verdict) = self.answered(&mut fishing, answers) {
            return verdict.map(Catch::Verdict);
        }
        let deadline = self.session.probe.began + Duration::from_micros(fishing.deadline);
        let mut ends =
            fishing.ends.clone().map(|(generation, offsets)| vec![Ends::known(generation, offsets)]);
        loop {
            let mut progress = self.begin(fishing.next, BATCH);
            // What a slow function left unseen is in time only if it lies below the ends.
            let is_over = Instant::now() >= deadline;
            if ends.is_none() && (is_over || self.wait(&mut progress, deadline).await?) {
                ends = Some(self.fence(deadline).await?);
                fishing.ends = ends.as_deref().and_then(<[Ends]>::first).map(known);
                continue;
            }
            self.read(&mut progress, ends.as_deref());
            let found: Vec<&Found> = progress.tally.found().iter().collect();
            if !found.is_empty() {
                if let Some(doubt) = self.reused(&found) {
                    return Err(self.doubtful(doubt, ends.as_deref(), &progress));
                }
                fishing.next = progress.next;
                fishing.shown = found.iter().map(|found| found.index).collect();
                let events = found.iter().map(|found| (found.event.clone(), found.own)).collect();
                return Ok(Catch::Events(Box::new(fishing), events));
            }
            let Some(ends) = ends else { continue };
            return Err(self.uncaught(&fishing, &ends, Deadline::at(deadline)).await);
        }
    }

    /// Waits for something to show; returns whether the deadline has passed without.
    async fn wait(&self, progress: &mut super::expect::Progress, deadline: Instant) -> Result<bool> {
        let mut journal = self.session.journal.watch();
        let mut failed = std::pin::pin!(self.failed());
        loop {
            journal.borrow_and_update();
            self.read(progress, None);
            if !progress.tally.found().is_empty() {
                return Ok(false);
            }
            tokio::select! {
                biased;
                cause = &mut failed => return Err(cause),
                () = tokio::time::sleep_until(deadline) => return Ok(true),
                changed = journal.changed() => if changed.is_err() { return Ok(true) },
            }
        }
    }

    /// Takes the answers; returns the verdict if one of them ends the fishing.
    fn answered(&self, fishing: &mut Fishing, answers: Vec<Fish>) -> Option<Result<Verdict>> {
        let shown = std::mem::take(&mut fishing.shown);
        let is_ended = answers.last().is_some_and(Fish::is_final);
        if answers.len() > shown.len() || (answers.len() < shown.len() && !is_ended) {
            let message = format!("{} answers were given to {} events", answers.len(), shown.len());
            return Some(Err(ProbeError::new(ErrorCode::InvalidArgument, message)));
        }
        for (index, answer) in shown.into_iter().zip(answers) {
            fishing.answered += 1;
            match answer {
                Fish::Ignore => {}
                Fish::Collect => fishing.collected.push(index),
                Fish::Complete => {
                    fishing.collected.push(index);
                    return Some(self.caught(fishing));
                }
                Fish::Fail(text) => return Some(Err(self.refused(index, text))),
            }
        }
        None
    }

    fn caught(&self, fishing: &Fishing) -> Result<Verdict> {
        let found = fishing.collected.iter().map(|index| self.found(*index)).collect::<Result<Vec<_>>>()?;
        let ends = fishing.ends.clone().map(|(generation, offsets)| vec![Ends::known(generation, offsets)]);
        Ok(self.passed(&found.iter().collect::<Vec<_>>(), ends.as_deref()))
    }

    fn refused(&self, index: usize, text: String) -> ProbeError {
        match self.found(index) {
            Ok(Found { event, .. }) => {
                self.explain(Finding::Refused { event, text }, None, &self.begin(0, BATCH))
            }
            Err(error) => error,
        }
    }

    /// Returns the verdict once everything was shown.
    async fn uncaught(&self, fishing: &Fishing, ends: &[Ends], deadline: Deadline) -> ProbeError {
        let mut progress = self.begin(0, usize::MAX);
        self.read(&mut progress, Some(ends));
        if let Err(full) = self.session.journal.check() {
            return full;
        }
        if let Some(doubt) = self.doubt(ends, &progress) {
            return self.doubtful(doubt, Some(ends), &progress);
        }
        let finding = Finding::NotCaught { shown: fishing.answered, collected: fishing.collected.len() };
        self.explain_fenced(finding, Some(ends), &progress, deadline).await
    }

    /// Returns an event that was shown.
    fn found(&self, index: usize) -> Result<Found> {
        let entry = self.session.journal.read(index, |entries| entries.first().cloned());
        let judge = self.judges.first().map(|(_, judge)| judge);
        match (entry, judge) {
            (Some(entry), Some(judge)) if entry.event.topic == judge.topic.directive.name => {
                let own = judge.topic.is_own(&entry.event);
                Ok(Found { event: entry.event, own, index, could: vec![0] })
            }
            _ => Err(ProbeError::new(ErrorCode::InvalidArgument, "`fishing` was not of this session")
                .hint("hand it back as it came")),
        }
    }
}

fn known(ends: &Ends) -> (u32, Vec<i64>) {
    (ends.generation, ends.offsets.clone())
}
