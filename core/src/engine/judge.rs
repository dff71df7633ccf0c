//! Judging a journal: which entries an expectation looks at, what they come to, what is in doubt.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codec::{Scratch, admits};
use crate::completion::lock;
use crate::directive::{EnvelopeMode, Source, TopicDirective, Unattributed};
use crate::engine::acquaintance::Acquaintance;
use crate::engine::session::{Look, SessionInner, SessionTopic};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Decoded, ReceivedEvent};
use crate::journal::Entry;
use crate::matcher::{After, Comparison, Match, Stage};
use crate::operation::Verb;
use crate::verdict::{Doubt, Funnel};
use crate::workers::fence::Ends;
use crate::workers::lane::Gap;

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
    /// Those that this session produced itself: nobody's doubt.
    pub(crate) own: Vec<Arc<ReceivedEvent>>,
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

    pub(crate) fn includes(&self, index: usize, event: &ReceivedEvent) -> bool {
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
        self.gaps(look).into_iter().next().map(|(_, gap)| gap)
    }

    /// Returns every gap that lies in it by now, with the first offset behind it.
    pub(crate) fn gaps(&self, look: &Look) -> Vec<(i64, Doubt)> {
        let state = look.lane.state();
        let Some(view) = state.view(look.view) else { return Vec::new() };
        let lies_in = |gap: &&Gap| {
            gap.generation == self.generation
                && gap.until > self.first(gap.partition, view.start(gap.partition, gap.generation).from)
        };
        let gaps = state.gaps_of(look.view).filter(lies_in);
        let doubt = |gap: &Gap| Doubt::ReadGap { partition: Some(gap.partition), why: gap.why.clone() };
        gaps.map(|gap| (gap.until, doubt(gap))).collect()
    }

    /// Returns whether the topic is the one that it looks at.
    pub(crate) fn is_same_topic(&self, look: &Look) -> bool {
        look.lane.state().generation == self.generation
    }

    /// Returns whether it looks at what lies at an offset, and came when the journal was so long.
    pub(crate) fn looks_at(&self, look: &Look, partition: i32, offset: i64, index: usize) -> bool {
        let state = look.lane.state();
        let from = state.view(look.view).map_or(0, |view| view.start(partition, self.generation).from);
        let is_behind = match &self.from {
            From::Behind { partition: of, entry, .. } if *of != partition => index >= *entry,
            From::Start | From::Offsets(_) | From::Behind { .. } => true,
        };
        is_behind && offset >= self.first(partition, from)
    }

    /// Returns whether an entry matches, wherever it lies; `None` when it cannot be told.
    pub(crate) fn matches(&self, event: &ReceivedEvent) -> Option<bool> {
        let matching = if event.error().is_some() { &self.relaxed } else { &self.matching };
        match matching.falls_out_at(event, self.topic.is_own(event)) {
            None => Some(true),
            Some(Stage::Undecodable) => None,
            Some(_) => Some(false),
        }
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
        if self.topic.directive.unattributed == Unattributed::Ignore || matches!(self.verb, Verb::Receive(_))
        {
            return Nobodys::default();
        }
        self.nobodys(look, ends)
    }

    /// Returns them also where the directive says that they are to be ignored.
    pub(crate) fn nobodys(&self, look: &Look, ends: &Ends) -> Nobodys {
        let mut nobodys = Nobodys::default();
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
            if own {
                nobodys.own.push(Arc::new(event));
            } else if judged && !matches!(self.compare(&event, own), Comparison::Differs(_)) {
                nobodys.events.push(Arc::new(event));
            }
        }
        nobodys.dropped = dropped;
        nobodys
    }

    /// Returns the funnel and the events that did not match; with the ends without what came later.
    pub(crate) fn funnel(
        &self,
        session: &SessionInner,
        look: &Look,
        ends: Option<&Ends>,
    ) -> (Funnel, Vec<(Arc<ReceivedEvent>, bool)>) {
        let seen = look.lane.seen(look.view);
        let mut funnel = Funnel { seen: seen.total, unattributed: seen.unattributed, ..Funnel::default() };
        let mut stages: BTreeMap<Stage, u64> = BTreeMap::new();
        let mut misses = Vec::new();
        let (mut mine, mut late) = (0, 0);
        session.journal.read(0, |entries| {
            for (index, entry) in entries.iter().enumerate() {
                if entry.event.topic != self.topic.directive.name {
                    continue;
                }
                mine += 1;
                if ends.is_some_and(|ends| ends.lie_before(&entry.event)) {
                    late += 1;
                    continue;
                }
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
        funnel.seen = funnel.seen.saturating_sub(late);
        funnel.stages = stages.into_iter().map(|(stage, count)| (stage.label(), count)).collect();
        (funnel, misses)
    }

    /// Returns the session's other topics on which an event matches, each with its cluster where that is
    /// another one.
    pub(crate) fn elsewhere(&self, session: &SessionInner) -> Vec<(String, Option<String>)> {
        let mut topics: Vec<String> = Vec::new();
        if self.matching.is_unconditional() {
            return Vec::new();
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
        let all = session.topics();
        let cluster = |name: &str| {
            let link = &all.iter().find(|topic| &*topic.directive.name == name)?.link;
            (link.cluster != self.topic.link.cluster).then(|| link.cluster.clone())
        };
        topics.into_iter().map(|name| (cluster(&name), name)).map(|(cluster, name)| (name, cluster)).collect()
    }

    /// Returns the latest record of another test that meets all that is known of it, and this much at least:
    /// its id or its key, or everything that the match asks.
    pub(crate) fn stranger(&self, test_id: &str, look: &Look) -> Option<Acquaintance> {
        let state = look.lane.state();
        let mut strangers = state.strangers.latest().filter(|one| one.generation == self.generation);
        strangers.find_map(|one| {
            let is_mine = one.test_id.is(test_id.as_bytes()) != Some(false);
            if is_mine { None } else { Acquaintance::new(&self.matching, one) }
        })
    }

    /// Returns the latest record of another test, or from before the start, that meets the whole match.
    pub(crate) fn look_alike(&self, test_id: &str, look: &Look, is_stale: bool) -> Option<Acquaintance> {
        let state = look.lane.state();
        let view = state.view(look.view)?;
        let mut strangers = state.strangers.latest().filter(|one| one.generation == self.generation);
        strangers.find_map(|one| {
            let start = view.start(one.partition, one.generation).from;
            let counts = if is_stale {
                one.offset < start
            } else {
                one.offset >= self.first(one.partition, start)
                    && one.test_id.is(test_id.as_bytes()) == Some(false)
            };
            let found = if counts { Acquaintance::new(&self.matching, one) } else { None };
            found.filter(|found| found.fields.is_empty())
        })
    }
}

/// Returns whether a field of the envelope is kept in the value.
pub(crate) fn is_in_value(directive: &TopicDirective, source: &Source) -> bool {
    directive.envelope == EnvelopeMode::CeStructured || matches!(source, Source::ValuePointer(_))
}

/// Drops the conditions on fields that are kept in the value: of an undecodable one they say nothing.
fn relax(directive: &TopicDirective, matching: &Match) -> Match {
    let in_value = |source: &Source| is_in_value(directive, source);
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
