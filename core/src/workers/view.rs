//! One session's look at a topic: whose events it takes, from where, and what it does with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::broker::RecordRef;
use crate::codec::{Reading, Scratch, admits};
use crate::directive::TopicDirective;
use crate::journal::Journal;
use crate::workers::commits::Committer;
use crate::workers::lane::Track;
use crate::workers::unattributed::StoredRecord;
use crate::workers::undecodable::Undecodable;

/// Names a view within its lane.
pub(crate) type ViewKey = u64;

/// One session's look at the lane.
pub(crate) struct View {
    pub(crate) directive: Arc<TopicDirective>,
    pub(crate) test_id: Arc<str>,
    pub(crate) reading: Arc<Reading>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) undecodable: Arc<Undecodable>,
    pub(crate) committer: Option<Arc<Committer>>,
    /// By partition; one that is not here (added, or the topic created anew) is looked at from 0.
    pub(crate) starts: BTreeMap<i32, ViewStart>,
    /// The generation at registration.
    pub(crate) generation: u32,
    /// The generation that `starts` speaks of.
    pub(crate) generation_read: u32,
    pub(crate) seen_before: u64,
    pub(crate) unattributed_before: u64,
    pub(crate) gaps_before: u64,
}

/// From where a view looks at a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ViewStart {
    pub(crate) from: i64,
    /// Everything below was delivered to the view, or lies before it.
    pub(crate) served: i64,
    /// A private reader serves the view until it reaches the lane.
    pub(crate) catching_up: bool,
}

impl ViewStart {
    pub(crate) fn at(from: i64) -> Self {
        Self { from, served: from, catching_up: false }
    }

    pub(crate) fn next(self, track: &Track) -> i64 {
        if self.catching_up { self.served } else { self.served.max(track.next) }
    }
}

impl View {
    pub(crate) fn new(
        directive: Arc<TopicDirective>,
        test_id: Arc<str>,
        reading: Arc<Reading>,
        journal: Arc<Journal>,
        undecodable: Arc<Undecodable>,
        committer: Option<Arc<Committer>>,
        starts: BTreeMap<i32, i64>,
    ) -> Self {
        let starts = starts.into_iter().map(|(partition, from)| (partition, ViewStart::at(from))).collect();
        Self {
            directive,
            test_id,
            reading,
            journal,
            undecodable,
            committer,
            starts,
            generation: 0,
            generation_read: 0,
            seen_before: 0,
            unattributed_before: 0,
            gaps_before: 0,
        }
    }

    /// Returns from where the view looks at a partition in a generation.
    pub(crate) fn start(&self, partition: i32, generation: u32) -> ViewStart {
        if generation != self.generation_read {
            return ViewStart::at(0);
        }
        self.starts.get(&partition).copied().unwrap_or(ViewStart::at(0))
    }

    /// Returns whether the view is still to take a record from the lane's reader.
    pub(crate) fn takes(&self, partition: i32, offset: i64, generation: u32) -> bool {
        let start = self.start(partition, generation);
        !start.catching_up && offset >= start.served
    }

    /// Returns whether a record that was set aside lies in what the view looks at.
    pub(crate) fn looks_at(&self, record: &StoredRecord) -> bool {
        record.generation >= self.generation
            && record.offset >= self.start(record.partition, record.generation).from
    }

    /// Takes one of its records: into the journal, once.
    pub(crate) fn deliver(
        &mut self,
        partition: i32,
        record: &RecordRef<'_>,
        generation: u32,
        scratch: &mut Scratch,
    ) {
        let mut event = self.reading.read(record, generation, scratch);
        event.partition = partition;
        let kept = admits(&self.directive.event_filters, &event);
        // First: who sees it in the journal sees it counted.
        self.undecodable.note(&self.directive.topic, &event);
        self.journal.push(event, kept);
        let start = self.start(partition, generation);
        if generation != self.generation_read {
            self.starts.clear();
            self.generation_read = generation;
        }
        self.starts.insert(partition, ViewStart { served: start.served.max(record.offset + 1), ..start });
        if let Some(committer) = &self.committer {
            committer.count(&self.directive.topic, partition, record.offset);
        }
    }
}
