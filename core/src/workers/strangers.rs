//! What is remembered of records that belong to other tests: who they say they are and where they lie,
//! of the last few. Enough for a hint and for a warning, and never for a verdict.

use std::collections::VecDeque;

use crate::broker::RecordRef;
use crate::codec::{Field, Glance, Reading};

/// How many are remembered.
const KEPT: usize = 256;
/// In a flood, which would wash away what it brings, one of so many is remembered.
const SAMPLED: usize = 16;
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
    /// How many came since the worker last took breath.
    flood: usize,
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
        self.flood += 1;
        if self.flood > KEPT && !self.flood.is_multiple_of(SAMPLED) {
            return;
        }
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
        if reading.has_plain_key() || record.key.is_none() {
            stranger.key.set(record.key);
        } else {
            stranger.key.set_glance(Glance::Unknown);
        }
        self.kept.push_back(stranger);
    }

    /// Notes that the worker took what there was to take at once.
    pub(crate) fn take_breath(&mut self) {
        self.flood = 0;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directive::{Format, Role, TopicDirective};

    fn push(strangers: &mut Strangers, offset: i64, headers: &[(&str, Option<&[u8]>)]) {
        push_by(strangers, &TopicDirective::new("t", Role::Both), offset, headers);
    }

    fn push_by(
        strangers: &mut Strangers,
        directive: &TopicDirective,
        offset: i64,
        headers: &[(&str, Option<&[u8]>)],
    ) {
        let reading = Reading::new(directive);
        let record = RecordRef {
            slot: 0,
            offset,
            timestamp: None,
            log_append_time: false,
            key: Some(b"k"),
            value: Some(b"{"),
            headers,
        };
        strangers.push("other", &reading, &record, 3, 0);
    }

    #[test]
    fn who_a_record_says_it_is_is_remembered_and_what_is_too_long_is_not_known() {
        let mut strangers = Strangers::default();
        let long = [b'x'; LENGTH + 1];
        push(&mut strangers, 7, &[("ce_type", Some(b"T")), ("ce_id", Some(&long))]);
        let one = strangers.latest().next().unwrap();
        assert_eq!((one.partition, one.offset, one.test_id.text()), (3, 7, Some("other")));
        assert_eq!((one.event_type.is(b"T"), one.event_type.is(b"U")), (Some(true), Some(false)));
        assert_eq!((one.id.is(&long), one.key.is(b"k")), (None, Some(true)));
        push(&mut strangers, 8, &[]);
        assert_eq!(strangers.latest().next().unwrap().event_type.is(b"T"), Some(false));
    }

    #[test]
    fn a_key_with_a_schema_is_not_known() {
        let mut directive = TopicDirective::new("t", Role::Both);
        directive.key_format = Format::Protobuf;
        let mut strangers = Strangers::default();
        push_by(&mut strangers, &directive, 7, &[]);
        let one = strangers.latest().next().unwrap();
        assert_eq!((one.key.is(b"k"), one.key.is(b"o-1"), one.key.text()), (None, None, None));
    }

    #[test]
    fn a_flood_leaves_a_sample_and_no_more_than_there_is_room_for() {
        let mut strangers = Strangers::default();
        (0..100_000).for_each(|offset| push(&mut strangers, offset, &[]));
        assert_eq!(strangers.latest().count(), KEPT);
        assert!(strangers.latest().next().is_some_and(|one| one.offset >= 100_000 - SAMPLED as i64));
        strangers.take_breath();
        push(&mut strangers, 100_000, &[]);
        assert_eq!(strangers.latest().next().unwrap().offset, 100_000);
    }
}
