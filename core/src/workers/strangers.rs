//! What is remembered of records that belong to other tests: who they say they are and where they lie,
//! of the last few. Enough for a hint and for a warning, and never for a verdict.

use std::collections::VecDeque;

use crate::broker::RecordRef;
use crate::codec::{Field, Glance, Reading};

/// How many are remembered.
const KEPT: usize = 256;
/// How long a text may be to be remembered.
const LENGTH: usize = 128;

/// A record with a test id.
#[derive(Debug, Default)]
pub(crate) struct Stranger {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) generation: u32,
    pub(crate) timestamp: Option<i64>,
    pub(crate) test_id: Text,
    pub(crate) id: Text,
    pub(crate) event_type: Text,
    pub(crate) key: Text,
}

/// A text of a record, if it was cheap to have.
#[derive(Debug, Default)]
pub(crate) struct Text {
    state: State,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Absent,
    There,
    /// Too long, or nowhere without decoding.
    Unknown,
}

impl Text {
    /// Replaces it; the memory is used again.
    fn set(&mut self, bytes: Option<&[u8]>) {
        self.bytes.clear();
        self.state = match bytes {
            None => State::Absent,
            Some(bytes) if bytes.len() > LENGTH => State::Unknown,
            Some(bytes) => {
                self.bytes.extend_from_slice(bytes);
                State::There
            }
        };
    }

    fn set_glance(&mut self, glance: Glance<'_>) {
        match glance {
            Glance::Text(text) => self.set(Some(text.as_bytes())),
            Glance::Absent => self.set(None),
            Glance::Unknown => {
                self.bytes.clear();
                self.state = State::Unknown;
            }
        }
    }

    /// Returns whether it is this; `None` when that is not known.
    pub(crate) fn is(&self, wanted: &[u8]) -> Option<bool> {
        match self.state {
            State::Unknown => None,
            State::Absent => Some(false),
            State::There => Some(self.bytes == wanted),
        }
    }

    /// Returns it, if it is there and known.
    pub(crate) fn text(&self) -> Option<&str> {
        (self.state == State::There).then(|| std::str::from_utf8(&self.bytes).ok()).flatten()
    }
}

/// The last records with a test id of one topic.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    kept: VecDeque<Stranger>,
}

impl Strangers {
    /// Remembers a record. Nothing is decoded for it, and once there are enough nothing is allocated.
    pub(crate) fn push(
        &mut self,
        test_id: &str,
        reading: &Reading,
        record: &RecordRef<'_>,
        partition: i32,
        generation: u32,
    ) {
        let mut stranger = match self.kept.len() {
            KEPT => self.kept.pop_front().unwrap_or_default(),
            _ => Stranger::default(),
        };
        stranger.partition = partition;
        stranger.offset = record.offset;
        stranger.generation = generation;
        stranger.timestamp = record.timestamp;
        stranger.test_id.set(Some(test_id.as_bytes()));
        stranger.id.set_glance(reading.glance(Field::Id, record));
        stranger.event_type.set_glance(reading.glance(Field::Type, record));
        stranger.key.set(record.key);
        self.kept.push_back(stranger);
    }

    /// Returns them, the latest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &Stranger> {
        self.kept.iter().rev()
    }

    /// Forgets everything; for a topic that nobody looks at any more.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }
}
