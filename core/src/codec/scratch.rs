//! JSON that was decoded while one record was looked at.

use serde_json::Value;

use crate::broker::RecordRef;

/// Holds the decoded key and value of the record at hand, so that each is decoded at most once
/// however many plans look at it. Turns to the next record by itself; [`Scratch::clear`] lets go
/// of the memory.
#[derive(Debug, Default)]
pub struct Scratch {
    of: Option<Identity>,
    key: Option<Parsed>,
    value: Option<Parsed>,
}

/// A document, or why it is none.
type Parsed = Result<Value, serde_json::Error>;

/// Tells one record from the next, also when readers reuse slots or buffers.
#[derive(Debug, PartialEq)]
struct Identity {
    slot: u32,
    offset: i64,
    key: (usize, usize),
    value: (usize, usize),
}

impl Identity {
    fn of(record: &RecordRef<'_>) -> Self {
        let place = |bytes: Option<&[u8]>| bytes.map_or((0, 0), |b| (b.as_ptr() as usize, b.len()));
        Self { slot: record.slot, offset: record.offset, key: place(record.key), value: place(record.value) }
    }
}

impl Scratch {
    /// Makes an empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the record. To be called between records of different readers, whose slots and
    /// buffers may be the same by chance.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Decodes the key as JSON, unless that was done.
    pub(crate) fn load_key(&mut self, record: &RecordRef<'_>) {
        self.turn_to(record);
        if self.key.is_none() {
            self.key = record.key.map(serde_json::from_slice);
        }
    }

    /// Decodes the value as JSON, unless that was done.
    pub(crate) fn load_value(&mut self, record: &RecordRef<'_>) {
        self.turn_to(record);
        if self.value.is_none() {
            self.value = record.value.map(serde_json::from_slice);
        }
    }

    /// Returns the key that was loaded, if it is JSON.
    pub(crate) fn key(&self) -> Option<&Value> {
        self.key.as_ref()?.as_ref().ok()
    }

    /// Returns the value that was loaded, if it is JSON.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.value.as_ref()?.as_ref().ok()
    }

    /// Moves the value out; another look at it decodes again.
    pub(crate) fn take_value(&mut self) -> Option<Parsed> {
        self.value.take()
    }

    fn turn_to(&mut self, record: &RecordRef<'_>) {
        let identity = Identity::of(record);
        if self.of.as_ref() != Some(&identity) {
            *self = Self { of: Some(identity), key: None, value: None };
        }
    }
}
