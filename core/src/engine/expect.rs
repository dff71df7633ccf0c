//! Expectations: wait until the verdict is certain, and no longer.

use std::collections::BTreeMap;
use std::future::Future as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::completion::lock;
use crate::engine::judge::{Judge, Judgement};
use crate::engine::session::{Look, SessionInner, SessionTopic};
use crate::engine::tally::{Found, Tally};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::ReceivedEvent;
use crate::operation::{Expectation, Order, Verb};
use crate::runtime::Deadline;
use crate::verdict::{Coverage, Doubt, Finding, Verdict, Warning};
use crate::workers::fence::{Ends, NoFence};

impl SessionInner {
    /// Waits for the verdict; ends with the session or the worker if they end first.
    pub(crate) async fn expect(self: &Arc<Self>, expectation: Expectation) -> Result<Verdict> {
        expectation.check()?;
        let topics = self.topics_of(&expectation)?;
        let expecting = Expecting::new(self, &topics, &expectation)?;
        tokio::select! {
            biased;
            reason = self.closed.wait() => Err(reason),
            verdict = expecting.run() => verdict,
        }
    }

    /// Returns the topics on which an expectation looks, each once.
    pub(crate) fn topics_of(&self, expectation: &Expectation) -> Result<Vec<Arc<SessionTopic>>> {
        let mut topics: Vec<Arc<SessionTopic>> = Vec::new();
        for wanted in &expectation.wanted {
            let name = wanted.topic.as_deref().unwrap_or(&expectation.topic);
            if !topics.iter().any(|topic| &*topic.directive.name == name) {
                topics.push(self.topic(name, "consumer")?);
            }
        }
        Ok(topics)
    }

    /// Waits until every schema that was asked for has come, as long as there is time.
    pub(super) async fn settle(&self, topics: &[&SessionTopic], by: Deadline) {
        let mut journal = self.journal.watch();
        let is_ours = |name: &str| topics.iter().any(|topic| &*topic.directive.name == name);
        let looks = || topics.iter().filter_map(|topic| topic.look.as_ref());
        loop {
            journal.borrow_and_update();
            let is_unowned = looks().any(|look| look.lane.state().awaits_owners());
            if !is_unowned && !self.journal.awaits(is_ours) {
                return;
            }
            let again = async {
                match is_unowned {
                    // A record that turns out to be another test's changes nothing in this journal.
                    true => drop(tokio::time::timeout(RECHECK, journal.changed()).await),
                    false => drop(journal.changed().await),
                }
            };
            if tokio::time::timeout_at(by.instant(), again).await.is_err() {
                return;
            }
        }
    }
}

/// How often a record whose owner awaits a schema is looked at.
const RECHECK: Duration = Duration::from_millis(5);

/// How far the journal was read, and what was found on the way.
pub(super) struct Progress {
    /// The first entry that was not looked at.
    pub(super) next: usize,
    pub(super) tally: Tally,
    /// Events that could not be decoded, with the matches that they might meet.
    undecided: Vec<(Arc<ReceivedEvent>, Vec<usize>)>,
    /// The journal's when this was begun; once it is another, entries that were looked at have changed.
    revision: u64,
}

/// An expectation with everything that does not change while it waits.
pub(super) struct Expecting<'a> {
    pub(super) session: &'a Arc<SessionInner>,
    pub(super) verb: Verb,
    pub(super) topics: &'a [Arc<SessionTopic>],
    /// Of each topic.
    pub(super) looks: Vec<&'a Look>,
    /// For each match a judge, and its topic.
    pub(super) judges: Vec<(usize, Judge)>,
    pub(super) window: Duration,
}

impl<'a> Expecting<'a> {
    pub(super) fn new(
        session: &'a Arc<SessionInner>,
        topics: &'a [Arc<SessionTopic>],
        expectation: &Expectation,
    ) -> Result<Self> {
        let verb = expectation.verb;
        let mut judges = Vec::new();
        for wanted in &expectation.wanted {
            let name = wanted.topic.as_deref().unwrap_or(&expectation.topic);
            let place = topics.iter().position(|topic| &*topic.directive.name == name);
            let Some(place) = place else { continue };
            judges.push((place, Judge::new(session, topics[place].clone(), verb, wanted.matching.clone())?));
        }
        let window = expectation.within.unwrap_or(session.probe.config.dsl.within);
        Ok(Self {
            session,
            verb,
            topics,
            looks: topics.iter().map(|topic| topic.look(&session.test_id)).collect::<Result<_>>()?,
            judges,
            window: if verb.is_of_a_window() { window } else { session.probe.scaled(window) },
        })
    }

    async fn run(&self) -> Result<Verdict> {
        let deadline = Deadline::after(self.window);
        loop {
            let begun_at = self.cursor();
            let mut progress = self.begin(begun_at, usize::MAX);
            let mut ends = None;
            if !self.watch(&mut progress, deadline).await? {
                let fenced = self.fence(deadline.instant()).await?;
                self.begin_anew_if_mended(&mut progress);
                self.read(&mut progress, Some(&fenced));
                ends = Some(fenced);
            }
            let ends = ends.as_deref();
            if progress.tally.is_decided() {
                if let Some(doubt) = self.reused(&progress.tally.chosen()) {
                    return Err(self.doubtful(doubt, ends, &progress));
                }
                if !self.claim(begun_at, &progress) {
                    continue;
                }
                return self.decided(&progress, ends);
            }
            self.session.journal.check()?;
            if let Some(doubt) = self.doubt(ends.unwrap_or_default(), &progress) {
                return Err(self.doubtful(doubt, ends, &progress));
            }
            return match self.fenced(&progress)? {
                None => Ok(self.passed(&progress.tally.chosen(), ends)),
                Some(finding) => Err(self.explain_fenced(finding, ends, &progress, deadline).await),
            };
        }
    }

    /// Returns the first entry of the journal that is of interest.
    fn cursor(&self) -> usize {
        match (self.verb, self.judges.first()) {
            (Verb::Receive(_), Some((_, judge))) => *lock(&judge.topic.received),
            _ => 0,
        }
    }

    /// Begins to read at an entry; a fishing takes at most so many events.
    pub(super) fn begin(&self, next: usize, most: usize) -> Progress {
        Progress {
            next,
            tally: Tally::new(self.verb, self.judges.len(), most),
            undecided: Vec::new(),
            revision: self.session.journal.revision(),
        }
    }

    /// Begins anew when entries that may have been looked at were read anew, because their schemas came.
    fn begin_anew_if_mended(&self, progress: &mut Progress) {
        if !self.takes_in_turn() && progress.revision != self.session.journal.revision() {
            *progress = self.begin(0, usize::MAX);
        }
    }

    /// Returns whether events are handed out one after the other, each once: then one that awaits its schema
    /// holds back what follows it, as long as there is time.
    fn takes_in_turn(&self) -> bool {
        matches!(self.verb, Verb::Receive(_) | Verb::Fish)
    }

    /// Hands out what a `receive_event` found, unless another one was faster.
    fn claim(&self, begun_at: usize, progress: &Progress) -> bool {
        let (Verb::Receive(_), Some((_, judge))) = (self.verb, self.judges.first()) else { return true };
        let mut received = lock(&judge.topic.received);
        let first = *received == begun_at;
        if let (true, Some(last)) = (first, progress.tally.found().last()) {
            *received = last.index + 1;
        }
        first
    }

    /// Reads on in the journal. With `ends`, one of each topic, only what lies below them is in time.
    pub(super) fn read(&self, progress: &mut Progress, ends: Option<&[Ends]>) {
        let start = progress.next;
        self.session.journal.read(start, |entries| {
            for (index, entry) in (start..).zip(entries) {
                let of = |topic: &Arc<SessionTopic>| topic.directive.name == entry.event.topic;
                let place = self.topics.iter().position(of);
                if place.is_some() && ends.is_none() && entry.event.awaits_schema && self.takes_in_turn() {
                    return;
                }
                progress.next = index + 1;
                let Some(place) = place else { continue };
                if ends.is_some_and(|ends| !ends.get(place).is_some_and(|ends| ends.hold(&entry.event))) {
                    continue;
                }
                let (mut could, mut might, mut is_own) = (Vec::new(), Vec::new(), false);
                for (number, (_, judge)) in self.judges.iter().enumerate().filter(|(_, of)| of.0 == place) {
                    match judge.judge(index, entry) {
                        Judgement::Match(own) => {
                            could.push(number);
                            is_own = own;
                        }
                        Judgement::Undecided => might.push(number),
                        Judgement::Nothing(_) => {}
                    }
                }
                if !might.is_empty() {
                    progress.undecided.push((entry.event.clone(), might));
                }
                if !could.is_empty() {
                    progress.tally.take(Found { event: entry.event.clone(), own: is_own, index, could });
                    if progress.tally.is_decided() {
                        return;
                    }
                }
            }
        });
    }

    /// Reads the journal as it grows; returns whether the verdict was certain before the deadline.
    async fn watch(&self, progress: &mut Progress, deadline: Deadline) -> Result<bool> {
        let mut journal = self.session.journal.watch();
        let mut failed = pin!(self.failed());
        loop {
            journal.borrow_and_update();
            self.begin_anew_if_mended(progress);
            self.read(progress, None);
            if progress.tally.is_decided() {
                return Ok(true);
            }
            tokio::select! {
                biased;
                cause = &mut failed => return Err(cause),
                changed = journal.changed() => if changed.is_err() { return Ok(false) },
                () = tokio::time::sleep_until(deadline.instant()) => return Ok(false),
            }
        }
    }

    /// Waits until the reader of one of the topics is gone.
    pub(super) async fn failed(&self) -> ProbeError {
        first_failure(self.looks.iter().copied()).await
    }

    /// Waits until everything was judged that was in the logs at the deadline; returns their ends.
    pub(super) async fn fence(&self, deadline: Instant) -> Result<Vec<Ends>> {
        let grace = self.session.probe.scaled(self.session.probe.config.dsl.verdict_grace);
        // A function of the test may have had the thread for longer than the deadline.
        let by = Deadline::at(deadline.max(Instant::now()) + grace);
        let mut all = Vec::new();
        for (place, look) in self.looks.iter().enumerate() {
            match self.fence_of(place, look, deadline, by, &mut all).await {
                Ok(()) => {}
                Err(NoFence::Failed(cause)) => return Err(cause),
                Err(NoFence::Doubt(doubt)) => {
                    let mut progress = self.begin(0, usize::MAX);
                    self.read(&mut progress, None);
                    // In a gap nobody knows which log the ends are of.
                    let ends = matches!(doubt, Doubt::NotCovered { .. }).then_some(&*all);
                    return Err(self.doubtful(doubt, ends, &progress));
                }
            }
        }
        let topics: Vec<&SessionTopic> = self.topics.iter().map(|topic| &**topic).collect();
        self.session.settle(&topics, by).await;
        Ok(all)
    }

    async fn fence_of(
        &self,
        place: usize,
        look: &Look,
        deadline: Instant,
        by: Deadline,
        all: &mut Vec<Ends>,
    ) -> Result<(), NoFence> {
        let ends = look.lane.ends(deadline, by).await?;
        all.push(ends.clone());
        let mut here = self.judges.iter().filter(|of| of.0 == place);
        if let Some(doubt) = here.find_map(|(_, judge)| judge.gap(look, &ends)) {
            return Err(NoFence::Doubt(doubt));
        }
        look.lane.covered(look.view, &ends, by).await
    }

    /// Returns what keeps a verdict about absence from being certain, although everything was read:
    /// a record counts only where it could make a difference.
    pub(super) fn doubt(&self, ends: &[Ends], progress: &Progress) -> Option<Doubt> {
        let mut doubtful: Vec<(Doubt, Vec<usize>)> = Vec::new();
        for (event, might) in &progress.undecided {
            doubtful.push((Doubt::Undecodable(event.clone()), might.clone()));
        }
        let mut unattributed: Vec<(Arc<ReceivedEvent>, Vec<usize>)> = Vec::new();
        let mut dropped = Vec::new();
        for (number, (place, judge)) in self.judges.iter().enumerate() {
            let (look, ends) = (self.looks.get(*place)?, ends.get(*place)?);
            if let Some(doubt) = judge.gap(look, ends) {
                return Some(doubt);
            }
            let nobodys = judge.unattributed(look, ends);
            for event in nobodys.events {
                let same = |known: &&mut (Arc<ReceivedEvent>, Vec<usize>)| {
                    let known = &known.0;
                    known.topic == event.topic
                        && (known.partition, known.offset) == (event.partition, event.offset)
                };
                match unattributed.iter_mut().find(same) {
                    Some((_, might)) => might.push(number),
                    None => unattributed.push((event, vec![number])),
                }
            }
            if nobodys.dropped > 0 {
                dropped.push((Doubt::TooManyUnattributed { dropped: nobodys.dropped }, vec![number]));
            }
        }
        let nobodys = unattributed.into_iter().map(|(event, might)| (Doubt::NotAttributable(event), might));
        doubtful.extend(nobodys.chain(dropped));
        if matches!(self.verb, Verb::AllOf(_)) {
            let might = doubtful.iter().map(|(_, might)| might.clone());
            if !progress.tally.could_be_served(might) {
                return None;
            }
        }
        doubtful.into_iter().next().map(|(doubt, _)| doubt)
    }

    /// Returns why it is not known whether what was found counts.
    pub(super) fn reused(&self, found: &[&Found]) -> Option<Doubt> {
        self.judges.iter().enumerate().find_map(|(number, (place, judge))| {
            let of = found.iter().filter(|found| found.could.contains(&number));
            let of: Vec<&ReceivedEvent> = of.map(|found| &*found.event).collect();
            judge.reused(self.looks.get(*place)?, &of)
        })
    }

    /// Returns the verdict of what was decided by what came.
    fn decided(&self, progress: &Progress, ends: Option<&[Ends]>) -> Result<Verdict> {
        let chosen = progress.tally.chosen();
        let last = || chosen.last().map(|found| found.event.clone());
        let finding = match (self.verb, last()) {
            (Verb::None, Some(event)) => Finding::Unexpected(event),
            (Verb::Exactly(wanted), extra @ Some(_)) => Finding::Count { wanted, found: chosen.len(), extra },
            _ => return Ok(self.passed(&chosen, ends)),
        };
        Err(self.explain(finding, ends, progress))
    }

    /// Returns what is wrong once everything was judged, and nothing is in doubt.
    fn fenced(&self, progress: &Progress) -> Result<Option<Finding>> {
        let found = progress.tally.found().len();
        let finding = match self.verb {
            Verb::None => return Ok(None),
            Verb::Exactly(wanted) if wanted == found => return Ok(None),
            Verb::Exactly(wanted) => Finding::Count { wanted, found, extra: None },
            Verb::Event => Finding::Missing { wanted: 1, found },
            Verb::Receive(wanted) => Finding::Missing { wanted, found },
            Verb::AllOf(order) => {
                let in_any_order = progress.tally.could_be_served(std::iter::empty());
                match order {
                    Order::InOrder if in_any_order => {
                        Finding::WrongOrder { until: progress.tally.in_order() }
                    }
                    Order::InOrder | Order::AnyOrder => Finding::Unserved,
                }
            }
            Verb::Fish => {
                return Err(ProbeError::new(ErrorCode::Internal, "a fishing was judged like an expectation"));
            }
        };
        Ok(Some(finding))
    }

    pub(super) fn passed(&self, chosen: &[&Found], ends: Option<&[Ends]>) -> Verdict {
        let own: Vec<bool> = chosen.iter().map(|found| found.own).collect();
        let mut warnings = Vec::new();
        let is_receiving = matches!(self.verb, Verb::Receive(_));
        let is_asked = self.judges.iter().any(|(_, judge)| judge.matching.own.is_some());
        if !own.is_empty() && own.iter().all(|own| *own) && !is_asked && !is_receiving {
            let message = match own.len() {
                1 => "only an event that this session produced itself satisfied the expectation",
                _ => "only events that this session produced itself satisfied the expectation",
            };
            warnings.push(Warning { code: "SELF_MATCH", message: message.to_owned() });
        }
        let (coverage, other_topics) = self.coverage(ends);
        let events: Vec<_> = chosen.iter().map(|found| found.event.clone()).collect();
        // That nothing at all came is no vacuous proof, and a fishing has a function to tell events apart.
        if matches!(self.verb, Verb::Event | Verb::Exactly(_) | Verb::AllOf(_)) {
            let expected = self.judges.iter().map(|(_, judge)| &judge.matching);
            warnings.extend(expected.filter_map(|expected| Warning::vacuous(expected, &events)).next());
            warnings.extend(self.look_alikes());
        }
        Verdict { events, own, coverage, other_topics, warnings, delivery: None }
    }

    /// Returns how far the topics were read, the first one apart.
    pub(super) fn coverage(&self, ends: Option<&[Ends]>) -> (Coverage, BTreeMap<Arc<str>, Coverage>) {
        let of = |(place, look): (usize, &&Look)| {
            let ends = ends.and_then(|ends| ends.get(place));
            coverage_of(look, ends)
        };
        let mut all = self.looks.iter().enumerate().map(of);
        let first = all.next().unwrap_or_default();
        let names = self.topics.iter().skip(1).map(|topic| topic.directive.name.clone());
        (first, names.zip(all).collect())
    }
}

/// Waits until the reader of one of these is gone.
pub(super) async fn first_failure(looks: impl Iterator<Item = &Look>) -> ProbeError {
    let mut waiting: Vec<_> = looks.map(|look| Box::pin(look.lane.failed.wait())).collect();
    std::future::poll_fn(|context| {
        for lane in &mut waiting {
            if let Poll::Ready(cause) = Pin::as_mut(lane).poll(context) {
                return Poll::Ready(cause);
            }
        }
        Poll::Pending
    })
    .await
}

pub(super) fn coverage_of(look: &Look, ends: Option<&Ends>) -> Coverage {
    let mut coverage = look.lane.coverage(look.view);
    let Some(ends) = ends else { return coverage };
    // What was added after the ends were known is no part of the proof.
    coverage.partitions.retain(|partition, _| (0..).zip(&ends.offsets).any(|(known, _)| known == *partition));
    for (partition, end) in (0..).zip(&ends.offsets) {
        if let Some(partition) = coverage.partitions.get_mut(&partition) {
            partition.end = Some(*end);
        }
    }
    coverage
}
