//! Expectations: wait until the verdict is certain, and no longer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::broker::{Isolation, OffsetSpec};
use crate::engine::judge::{Judge, Progress};
use crate::engine::session::{Look, SessionInner};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::matcher::{Mark, TopicMark};
use crate::operation::{Expectation, Verb};
use crate::runtime::Deadline;
use crate::verdict::{Coverage, Doubt, Evidence, Finding, Verdict, Warning};
use crate::workers::fence::{Ends, NoFence};

impl SessionInner {
    /// Waits for the verdict; ends with the session or the worker if they end first.
    pub(crate) async fn expect(self: &Arc<Self>, expectation: Expectation) -> Result<Verdict> {
        expectation.matching.check()?;
        let topic = self.topic(&expectation.topic, "consumer")?;
        let look = topic.look(&self.test_id)?;
        let window = match (expectation.verb, expectation.within) {
            (Verb::None, Some(within)) => within,
            (Verb::None, None) => {
                return Err(ProbeError::new(ErrorCode::InvalidArgument, "`within` was missing")
                    .hint("expect_none needs a window: how long nothing may come"));
            }
            (_, within) => self.probe.scaled(within.unwrap_or(self.probe.config.dsl.within)),
        };
        let judge = Judge::new(self, topic.clone(), expectation.verb, expectation.matching)?;
        let expecting = Expecting { session: self, look, judge, window };
        tokio::select! {
            biased;
            reason = self.closed.wait() => Err(reason),
            verdict = expecting.run() => verdict,
        }
    }

    /// Returns the end of every partition of every consumed topic, asked for now.
    pub(crate) async fn mark(self: &Arc<Self>) -> Result<Mark> {
        self.check()?;
        let by = Deadline::after(self.probe.scaled(self.probe.config.dsl.ask_timeout));
        let mut mark = Mark::default();
        for topic in self.topics() {
            let Some(look) = &topic.look else { continue };
            let taken = tokio::select! {
                biased;
                reason = self.closed.wait() => return Err(reason),
                taken = mark_of(look, by) => taken,
            };
            let taken = taken.map_err(|error| {
                let doing = format!("a mark was taken on topic `{}`", topic.directive.name);
                topic.link.unreachable(error, &doing, by)
            })?;
            mark.topics.insert(topic.directive.name.clone(), taken);
        }
        Ok(mark)
    }
}

async fn mark_of(look: &Look, by: Deadline) -> Result<TopicMark> {
    let lane = &look.lane;
    loop {
        lane.failed.check()?;
        let (generation, pinned, read) = {
            let state = lane.state();
            (state.generation, state.id.is_some(), state.nexts())
        };
        let partitions: Vec<i32> = (0..).take(read.len()).collect();
        if !pinned {
            let found = lane.describe(by).await?;
            if found.is_some() {
                // It appeared: what it holds lies before the mark.
                lane.refresh(found, by).await?;
                continue;
            }
            return Ok(TopicMark { generation, ends: BTreeMap::new() });
        }
        let listed = lane.list(&partitions, OffsetSpec::Latest, Isolation::ReadUncommitted, by).await;
        if listed.is_err() && lane.state().generation != generation {
            continue;
        }
        let listed = listed?;
        // The offsets are a mark only if the topic is still the same after them.
        let found = lane.describe(by).await?;
        let same = lane.refresh(found, by).await?;
        let (now, known) = {
            let state = lane.state();
            (state.generation, state.tracks.len())
        };
        if now != generation || same && known != partitions.len() {
            // It is another topic, or has partitions of which nobody asked for the end.
            continue;
        }
        if !same {
            let message = format!("topic `{}` was deleted", lane.topic);
            return Err(ProbeError::new(ErrorCode::UnknownTopic, message).with("topic", &*lane.topic));
        }
        let ends: Vec<i64> = listed.iter().map(|(_, end)| end.map_or(0, |end| end.offset)).collect();
        lane.note_truncation(&read, &ends);
        return Ok(TopicMark { generation, ends: partitions.into_iter().zip(ends).collect() });
    }
}

struct Expecting<'a> {
    session: &'a Arc<SessionInner>,
    look: &'a Look,
    judge: Judge,
    window: Duration,
}

impl Expecting<'_> {
    async fn run(&self) -> Result<Verdict> {
        let deadline = Deadline::after(self.window);
        let grace = self.session.probe.scaled(self.session.probe.config.dsl.verdict_grace);
        loop {
            let mut progress = self.judge.begin();
            let begun_at = self.receive_cursor();
            let found = self.watch(&mut progress, deadline).await?;
            if found {
                if let Some(doubt) = self.judge.reused(self.look, &progress) {
                    return Err(self.explain(Finding::Doubtful(doubt), None));
                }
                if !self.judge.claim(begun_at, &progress) {
                    continue;
                }
                return self.decided(progress, None);
            }
            let by = Deadline::at(deadline.instant() + grace);
            let ends = match self.fence(deadline.instant(), by).await {
                Ok(ends) => ends,
                Err(NoFence::Failed(cause)) => return Err(cause),
                Err(NoFence::Doubt(doubt)) => return Err(self.explain(Finding::Doubtful(doubt), None)),
            };
            self.judge.read(self.session, &mut progress, Some(&ends));
            if progress.found.len() == self.judge.wanted() {
                if let Some(doubt) = self.judge.reused(self.look, &progress) {
                    return Err(self.explain(Finding::Doubtful(doubt), Some(&ends)));
                }
                if !self.judge.claim(begun_at, &progress) {
                    continue;
                }
                return self.decided(progress, Some(&ends));
            }
            self.session.journal.check()?;
            if let Some(doubt) = self.judge.doubt(self.look, &ends, &progress) {
                return Err(self.explain(Finding::Doubtful(doubt), Some(&ends)));
            }
            return match self.judge.verb {
                Verb::None => Ok(self.passed(Progress::default(), Some(&ends))),
                Verb::Event | Verb::Receive(_) => {
                    let finding =
                        Finding::Missing { wanted: self.judge.wanted(), found: progress.found.len() };
                    Err(self.explain(finding, Some(&ends)))
                }
            };
        }
    }

    fn receive_cursor(&self) -> usize {
        *crate::completion::lock(&self.judge.topic.received)
    }

    /// Reads the journal as it grows; returns whether enough was found before the deadline.
    async fn watch(&self, progress: &mut Progress, deadline: Deadline) -> Result<bool> {
        let mut journal = self.session.journal.watch();
        loop {
            journal.borrow_and_update();
            self.judge.read(self.session, progress, None);
            if progress.found.len() == self.judge.wanted() {
                return Ok(true);
            }
            tokio::select! {
                biased;
                cause = self.look.lane.failed.wait() => return Err(cause),
                changed = journal.changed() => if changed.is_err() { return Ok(false) },
                () = tokio::time::sleep_until(deadline.instant()) => return Ok(false),
            }
        }
    }

    /// Waits until everything that was in the log at the deadline was judged.
    async fn fence(&self, deadline: Instant, by: Deadline) -> Result<Ends, NoFence> {
        let ends = self.look.lane.ends(deadline, by).await?;
        if let Some(doubt) = self.judge.gap(self.look, &ends) {
            return Err(NoFence::Doubt(doubt));
        }
        self.look.lane.covered(self.look.view, &ends, by).await?;
        Ok(ends)
    }

    fn decided(&self, progress: Progress, ends: Option<&Ends>) -> Result<Verdict> {
        match self.judge.verb {
            Verb::Event | Verb::Receive(_) => Ok(self.passed(progress, ends)),
            Verb::None => {
                let Some((event, _)) = progress.found.into_iter().next() else {
                    return Err(ProbeError::new(ErrorCode::Internal, "a found event went away"));
                };
                Err(self.explain(Finding::Unexpected(event), ends))
            }
        }
    }

    fn passed(&self, progress: Progress, ends: Option<&Ends>) -> Verdict {
        let (events, own): (Vec<_>, Vec<_>) = progress.found.into_iter().unzip();
        let mut warnings = Vec::new();
        if self.judge.verb == Verb::Event && self.judge.matching.own.is_none() && own.iter().all(|own| *own) {
            let message =
                "only an event that this session produced itself satisfied the expectation".to_owned();
            warnings.push(Warning { code: "SELF_MATCH", message });
        }
        if self.judge.verb == Verb::Event {
            warnings.extend(Warning::vacuous(&self.judge.matching, &events));
        }
        Verdict { events, own, coverage: self.coverage(ends), warnings }
    }

    fn coverage(&self, ends: Option<&Ends>) -> Coverage {
        let mut coverage = self.look.lane.coverage(self.look.view);
        let Some(ends) = ends else { return coverage };
        // What was added after the ends were known is no part of the proof.
        coverage
            .partitions
            .retain(|partition, _| (0..).zip(&ends.offsets).any(|(known, _)| known == *partition));
        for (partition, end) in (0..).zip(&ends.offsets) {
            if let Some(partition) = coverage.partitions.get_mut(&partition) {
                partition.end = Some(*end);
            }
        }
        coverage
    }

    fn explain(&self, finding: Finding, ends: Option<&Ends>) -> ProbeError {
        let (funnel, misses) = self.judge.funnel(self.session, self.look);
        let mut hints: Vec<String> = Vec::new();
        if let Finding::Missing { .. } = finding {
            hints.extend(
                self.judge
                    .elsewhere(self.session)
                    .into_iter()
                    .map(|topic| format!("a match is on topic `{topic}`")),
            );
        }
        let silent = matches!(&finding, Finding::Doubtful(Doubt::NotCovered { .. }));
        let error = Evidence {
            verb: self.judge.verb.name(),
            topic: self.judge.topic.directive.name.clone(),
            expected: self.judge.matching.clone(),
            within: self.window,
            finding,
            funnel,
            misses,
            hints,
            coverage: self.coverage(ends),
            problem: if silent { self.judge.topic.link.broker.last_problem() } else { None },
        }
        .into_error();
        error.with("test_id", &*self.session.test_id)
    }
}
