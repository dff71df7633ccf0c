//! Judging a journal: which entries an expectation looks at, what they come to, what is in doubt.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codec::{Scratch, admits};
use crate::completion::lock;
use crate::directive::{EnvelopeMode, Source, TopicDirective, Unattributed};
use crate::engine::session::{Look, SessionInner, SessionTopic};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Decoded, ReceivedEvent};
use crate::journal::Entry;
use crate::matcher::{After, Comparison, Match, Stage};
use crate::operation::Verb;
use crate::verdict::{Doubt, Funnel};
use crate::workers::fence::Ends;

/// One expectation over one topic, with everything that does not change while it waits.
pub(crate) struct Judge {
    pub(crate) topic: Arc<SessionTopic>,
    pub(crate) verb: Verb,
    pub(crate) matching: Match,
    /// The same without what an undecodable value could have said.
    relaxed: Match,
    from: From,
    /// The generation in which it looks; another one later is a gap.
    generation: u32,
}

/// From where it looks.
enum From {
    Start,
    /// Per partition the first offset.
    Offsets(BTreeMap<i32, i64>),
    /// In one partition the first offset, in others the first journal entry.
    Behind {
        partition: i32,
        offset: i64,
        entry: usize,
    },
}

/// What the judge makes of one journal entry.
pub(crate) enum Judgement {
    /// It matches, and is own or not.
    Match(bool),
    Undecided,
    Nothing(Stage),
}

/// What carries no test id and meets every other condition.
#[derive(Default)]
pub(crate) struct Nobodys {
    pub(crate) events: Vec<Arc<ReceivedEvent>>,
    /// How many there was no room for.
    pub(crate) dropped: u64,
}

impl Judge {
    pub(crate) fn new(
        session: &SessionInner,
        topic: Arc<SessionTopic>,
        verb: Verb,
        matching: Match,
    ) -> Result<Self> {
        let look = topic.look(&session.test_id)?;
        let mut generation = look.generation;
        let name = &topic.directive.name;
        let from = match &matching.after {
            After::Start => From::Start,
            After::Mark(mark) => {
                let mark = mark.topics.get(name).ok_or_else(|| {
                    ProbeError::new(
                        ErrorCode::InvalidArgument,
                        format!("the mark did not know topic `{name}`"),
                    )
                    .hint("take the mark after the topic was added to the session")
                })?;
                generation = mark.generation;
                From::Offsets(mark.ends.clone())
            }
            After::Position { topic: of, partition, offset } if of == name => {
                let entry = position_in_journal(session, of, *partition, *offset)?;
                From::Behind { partition: *partition, offset: offset + 1, entry }
            }
            After::Position { topic: of, partition, offset } => {
                let entry = position_in_journal(session, of, *partition, *offset)?;
                From::Behind { partition: -1, offset: 0, entry }
            }
        };
        let relaxed = relax(&topic.directive, &matching);
        Ok(Self { topic, verb, matching, relaxed, from, generation })
    }

    fn includes(&self, index: usize, event: &ReceivedEvent) -> bool {
        if event.generation < self.generation {
            return false;
        }
        match &self.from {
            From::Offsets(first) if event.generation == self.generation => {
                event.offset >= first.get(&event.partition).copied().unwrap_or(0)
            }
            From::Behind { partition, offset, .. } if *partition == event.partition => {
                event.offset >= *offset
            }
            From::Behind { entry, .. } => index >= *entry,
            From::Start | From::Offsets(_) => true,
        }
    }

    /// Returns what an entry of the topic is to the match.
    pub(crate) fn judge(&self, index: usize, entry: &Entry) -> Judgement {
        if !self.includes(index, &entry.event) {
            return Judgement::Nothing(Stage::BeforeMark);
        }
        if !entry.kept && !self.verb.is_of_a_window() {
            return Judgement::Nothing(Stage::HiddenByFilters);
        }
        let own = self.topic.is_own(&entry.event);
        let matching = if entry.event.error().is_some() { &self.relaxed } else { &self.matching };
        match matching.falls_out_at(&entry.event, own) {
            None => Judgement::Match(own),
            Some(Stage::Undecodable) => Judgement::Undecided,
            Some(stage) => Judgement::Nothing(stage),
        }
    }

    fn compare(&self, event: &ReceivedEvent, own: bool) -> Comparison {
        match event.value {
            Decoded::Failed(_) => self.relaxed.compare(event, own),
            _ => self.matching.compare(event, own),
        }
    }

    /// Returns the gap that lies in what the expectation looks at.
    pub(crate) fn gap(&self, look: &Look, ends: &Ends) -> Option<Doubt> {
        if ends.generation != self.generation {
            let why = "the topic was created anew since".to_owned();
            return Some(Doubt::ReadGap { partition: None, why });
        }
        let state = look.lane.state();
        let view = state.view(look.view)?;
        let hit = state.gaps_of(look.view).find(|gap| {
            gap.generation == self.generation
                && gap.until > self.first(gap.partition, view.start(gap.partition, gap.generation).from)
        })?;
        Some(Doubt::ReadGap { partition: Some(hit.partition), why: hit.why.clone() })
    }

    /// Returns why it is not known whether what was found counts. Below a gap of a truncated log
    /// offsets are used again, and do not tell what lies behind a mark. When a topic was created
    /// anew, the reader may have gone on in the new one unawares: its records come twice.
    pub(crate) fn reused(&self, look: &Look, found: &[&ReceivedEvent]) -> Option<Doubt> {
        let is_anew = found.iter().any(|event| event.generation != self.generation);
        let takes_one = matches!(self.verb, Verb::Event | Verb::None);
        if is_anew && !takes_one {
            let why = "the topic was created anew since".to_owned();
            return Some(Doubt::ReadGap { partition: None, why });
        }
        let From::Offsets(_) = self.from else { return None };
        let state = look.lane.state();
        let mut gaps = state.gaps_of(look.view).filter(|gap| gap.generation == self.generation);
        let hit = gaps.find(|gap| {
            found.iter().any(|event| event.partition == gap.partition && event.offset < gap.until)
        })?;
        Some(Doubt::ReadGap { partition: Some(hit.partition), why: hit.why.clone() })
    }

    /// Returns the first offset that it looks at in a partition.
    fn first(&self, partition: i32, view_from: i64) -> i64 {
        match &self.from {
            From::Offsets(first) => first.get(&partition).copied().unwrap_or(0).max(view_from),
            From::Behind { partition: of, offset, .. } if *of == partition => (*offset).max(view_from),
            From::Start | From::Behind { .. } => view_from,
        }
    }

    /// Returns the records of nobody that might be what is looked for.
    pub(crate) fn unattributed(&self, look: &Look, ends: &Ends) -> Nobodys {
        let mut nobodys = Nobodys::default();
        if self.topic.directive.unattributed == Unattributed::Ignore || matches!(self.verb, Verb::Receive(_))
        {
            return nobodys;
        }
        let (records, dropped) = {
            let state = look.lane.state();
            let Some(view) = state.view(look.view) else { return nobodys };
            let in_range = |partition: i32, generation: u32, last: i64| {
                generation == self.generation
                    && last >= self.first(partition, view.start(partition, generation).from)
            };
            let mut records = state.unattributed.kept();
            records.extend(state.ownerless());
            records.retain(|record| {
                in_range(record.partition, record.generation, record.offset)
                    && ends.of(record.partition).is_some_and(|end| record.offset < end)
            });
            (records, state.unattributed.dropped(in_range))
        };
        let mut scratch = Scratch::default();
        for record in records {
            scratch.clear();
            let mut event = record
                .with_ref(|reference| self.topic.reading.read(reference, record.generation, &mut scratch));
            event.partition = record.partition;
            // One that carries a test id after all was kept for a reader with another correlation; if
            // it is this session's it is in the journal, or was gone before this session came to it.
            if event.envelope.test_id.is_some() {
                continue;
            }
            let judged = self.verb.is_of_a_window() || admits(&self.topic.directive.event_filters, &event);
            let own = self.topic.is_own(&event);
            if judged && !own && !matches!(self.compare(&event, own), Comparison::Differs(_)) {
                nobodys.events.push(Arc::new(event));
            }
        }
        nobodys.dropped = dropped;
        nobodys
    }

    /// Returns the funnel and the events that did not match.
    pub(crate) fn funnel(
        &self,
        session: &SessionInner,
        look: &Look,
    ) -> (Funnel, Vec<(Arc<ReceivedEvent>, bool)>) {
        let seen = look.lane.seen(look.view);
        let mut funnel = Funnel { seen: seen.total, unattributed: seen.unattributed, ..Funnel::default() };
        let mut stages: BTreeMap<Stage, u64> = BTreeMap::new();
        let mut misses = Vec::new();
        let mut mine = 0;
        session.journal.read(0, |entries| {
            for (index, entry) in entries.iter().enumerate() {
                if entry.event.topic != self.topic.directive.name {
                    continue;
                }
                mine += 1;
                let stage = match self.judge(index, entry) {
                    Judgement::Match(_) => {
                        funnel.matched += 1;
                        continue;
                    }
                    Judgement::Undecided => Stage::Undecodable,
                    Judgement::Nothing(stage) => stage,
                };
                *stages.entry(stage).or_default() += 1;
                if !matches!(stage, Stage::BeforeMark | Stage::HiddenByFilters) {
                    misses.push((entry.event.clone(), self.topic.is_own(&entry.event)));
                }
            }
        });
        funnel.other_tests = funnel.seen.saturating_sub(mine + funnel.unattributed);
        funnel.stages = stages.into_iter().map(|(stage, count)| (stage.label(), count)).collect();
        (funnel, misses)
    }

    /// Returns the session's other topics on which an event matches.
    pub(crate) fn elsewhere(&self, session: &SessionInner) -> Vec<String> {
        let mut topics: Vec<String> = Vec::new();
        if self.matching.is_unconditional() {
            return topics;
        }
        session.journal.read(0, |entries| {
            for entry in entries {
                let name = &*entry.event.topic;
                if name != &*self.topic.directive.name
                    && !topics.iter().any(|topic| topic == name)
                    && self.matching.compare(&entry.event, false) == Comparison::Matches
                {
                    topics.push(name.to_owned());
                }
            }
        });
        topics
    }
}

/// Drops the conditions on fields that are kept in the value: of an undecodable one they say nothing.
fn relax(directive: &TopicDirective, matching: &Match) -> Match {
    let in_value = |source: &Source| {
        directive.envelope == EnvelopeMode::CeStructured || matches!(source, Source::ValuePointer(_))
    };
    let correlation = &directive.correlation;
    matching.relaxed(
        in_value(&correlation.id),
        in_value(&correlation.event_type),
        in_value(&correlation.version),
    )
}

/// Returns how long the journal was when a record was read, or when its acknowledgement came.
fn position_in_journal(
    session: &SessionInner,
    topic: &Arc<str>,
    partition: i32,
    offset: i64,
) -> Result<usize> {
    let read = session.journal.read(0, |entries| {
        let at = |entry: &Entry| {
            entry.event.topic == *topic && entry.event.partition == partition && entry.event.offset == offset
        };
        entries.iter().rposition(at).map(|index| index + 1)
    });
    let acked = || {
        let topics = session.topics();
        let topic = topics.iter().find(|known| known.directive.name == *topic)?;
        lock(&topic.sent).acked.get(&(partition, offset)).map(|acked| acked.entry)
    };
    // An own event may be read before or after its acknowledgement: the earlier moment counts.
    match (read, acked()) {
        (Some(read), Some(acked)) => Ok(read.min(acked)),
        (Some(position), None) | (None, Some(position)) => Ok(position),
        (None, None) => Err(ProbeError::new(
            ErrorCode::InvalidArgument,
            format!("`after` named partition {partition}, offset {offset} of topic `{topic}`, which this session neither produced nor received"),
        )
        .hint("use an acknowledgement, a received event or a mark of this session")),
    }
}
