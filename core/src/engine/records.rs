//! What a session read of a topic, as a verification looks at it.

use std::sync::Arc;

use crate::completion::lock;
use crate::directive::Unattributed;
use crate::engine::judge::{Judge, is_in_value};
use crate::engine::session::{Look, SessionInner, SessionTopic};
use crate::error::Result;
use crate::event::ReceivedEvent;
use crate::matcher::Match;
use crate::operation::Verb;
use crate::verdict::Doubt;
use crate::verdict::delivery::{Hole, Maybe, Place, Seen};
use crate::workers::fence::Ends;

/// A topic that the session reads, and what is meant of it.
pub(super) struct Side<'a> {
    pub(super) topic: &'a SessionTopic,
    pub(super) look: &'a Look,
    judge: Judge,
}

/// What was read of a topic up to one moment.
pub(super) struct Records {
    /// Each with whether it lies in what is verified.
    seen: Vec<(Arc<ReceivedEvent>, bool)>,
    /// What may count or not, with why that is not known.
    maybe: Vec<(Option<Arc<ReceivedEvent>>, Doubt)>,
    holes: Vec<(Hole, Doubt)>,
}

impl<'a> Side<'a> {
    pub(super) fn new(session: &SessionInner, topic: &'a Arc<SessionTopic>, matching: Match) -> Result<Self> {
        // As expect_none it judges also what eventFilters hide.
        let judge = Judge::new(session, topic.clone(), Verb::None, matching)?;
        Ok(Self { topic, look: topic.look(&session.test_id)?, judge })
    }

    /// Returns whether what was sent to a place, when the journal was so long, is verified.
    pub(super) fn looks_at(&self, at: Place, index: usize) -> bool {
        self.judge.looks_at(self.look, at.partition, at.offset, index)
    }

    /// Returns what was read by now; with `ends`, of what must be in time, only what lies below them. What
    /// carries no test id is looked for once there are ends.
    pub(super) fn records(&self, session: &SessionInner, ends: Option<&Ends>, in_time: bool) -> Records {
        let mut records = Records { seen: Vec::new(), maybe: Vec::new(), holes: Vec::new() };
        let (name, directive) = (&self.topic.directive.name, &self.topic.directive);
        session.journal.read(0, |entries| {
            for (index, entry) in entries.iter().enumerate() {
                let event = &entry.event;
                if event.topic != *name || in_time && ends.is_some_and(|ends| !ends.hold(event)) {
                    continue;
                }
                let counts = self.judge.includes(index, event);
                let hides_id = event.envelope.id.is_none()
                    && event.error().is_some()
                    && is_in_value(directive, &directive.correlation.id);
                match self.judge.matches(event) {
                    Some(false) => {}
                    Some(true) if !hides_id => records.seen.push((event.clone(), counts)),
                    Some(true) | None if counts => {
                        records.maybe.push((Some(event.clone()), Doubt::Undecodable(event.clone())));
                    }
                    Some(true) | None => {}
                }
            }
        });
        if let Some(ends) = ends {
            self.add_unattributed(&mut records, ends);
        }
        records.holes = self.holes();
        records
    }

    fn add_unattributed(&self, records: &mut Records, ends: &Ends) {
        let is_ignored = self.topic.directive.unattributed == Unattributed::Ignore;
        // Own records may be among them, where the test id does not travel.
        let has_own = lock(&self.topic.sent).acked.values().any(|acked| acked.is_bare);
        if is_ignored && !has_own {
            return;
        }
        let nobodys = self.judge.nobodys(self.look, ends);
        records.seen.extend(nobodys.own.into_iter().map(|event| (event, true)));
        if nobodys.dropped > 0 {
            records.maybe.push((None, Doubt::TooManyUnattributed { dropped: nobodys.dropped }));
        }
        if !is_ignored {
            let doubts = nobodys.events.into_iter();
            records.maybe.extend(doubts.map(|event| (Some(event.clone()), Doubt::NotAttributable(event))));
        }
    }

    fn holes(&self) -> Vec<(Hole, Doubt)> {
        if !self.judge.is_same_topic(self.look) {
            let why = "the topic was created anew since".to_owned();
            let hole = Hole { partition: None, until: i64::MAX };
            return vec![(hole, Doubt::ReadGap { partition: None, why })];
        }
        let of = |(until, doubt): (i64, Doubt)| {
            let partition = match &doubt {
                Doubt::ReadGap { partition, .. } => *partition,
                _ => None,
            };
            (Hole { partition, until }, doubt)
        };
        self.judge.gaps(self.look).into_iter().map(of).collect()
    }
}

fn id(event: &ReceivedEvent) -> Option<&str> {
    event.envelope.id.as_deref()
}

fn seen(event: &ReceivedEvent, counts: bool) -> Seen<'_> {
    Seen {
        id: id(event),
        mark: event.headers.text("ce_id"),
        key: event.raw_key.as_deref(),
        at: Place { partition: event.partition, offset: event.offset },
        counts,
    }
}

impl Records {
    pub(super) fn len(&self) -> usize {
        self.seen.len() + self.maybe.len()
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &ReceivedEvent> {
        self.seen.iter().map(|(event, _)| &**event)
    }

    pub(super) fn seen(&self) -> Vec<Seen<'_>> {
        self.seen.iter().map(|(event, counts)| seen(event, *counts)).collect()
    }

    pub(super) fn maybe(&self) -> Vec<Maybe<'_>> {
        self.maybe.iter().map(|(event, _)| Maybe { id: event.as_deref().and_then(id) }).collect()
    }

    pub(super) fn holes(&self) -> Vec<Hole> {
        self.holes.iter().map(|(hole, _)| *hole).collect()
    }

    /// Returns whether nothing was gone before it was read.
    pub(super) fn is_whole(&self) -> bool {
        self.holes.is_empty()
    }

    pub(super) fn doubt_of_hole(&self, number: usize) -> Option<Doubt> {
        self.holes.get(number).map(|(_, doubt)| doubt.clone())
    }

    pub(super) fn doubt_of_maybe(&self, number: usize) -> Option<Doubt> {
        self.maybe.get(number).map(|(_, doubt)| doubt.clone())
    }
}
