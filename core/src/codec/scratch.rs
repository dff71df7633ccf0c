//! What was decoded while one record was looked at.

use super::lens::{Lens, Parsed, Side, Unread};
use crate::broker::RecordRef;
use crate::error::ProbeError;
use crate::lazy::LazyValue;

/// Holds the decoded key and value of the record at hand, so that each is decoded at most once
/// however many plans look at it in the same way. Turns to the next record by itself;
/// [`Scratch::clear`] lets go of the memory.
#[derive(Debug, Default)]
pub struct Scratch {
    of: Option<Identity>,
    key: Option<Seen>,
    value: Option<Seen>,
}

/// One side of the record, as it was read through a lens.
#[derive(Debug)]
struct Seen {
    through: Lens,
    /// `None` when it was taken.
    parsed: Option<Parsed>,
}

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

    /// Reads one side of the record through a lens, unless that was done, and returns it if it is a document.
    pub(crate) fn see(&mut self, record: &RecordRef<'_>, lens: &Lens) -> Option<&LazyValue> {
        self.load(record, lens)?.as_ref()?.as_ref().ok()
    }

    /// Moves what was read out; another look decodes again. `None` when the side is null.
    pub(crate) fn take(&mut self, record: &RecordRef<'_>, lens: &Lens) -> Option<Parsed> {
        self.load(record, lens)?.take()
    }

    /// Returns whether the schema of a side that was looked at had not come yet.
    pub(crate) fn awaits(&self, side: Side) -> bool {
        let seen = match side {
            Side::Key => &self.key,
            Side::Value => &self.value,
        };
        let parsed = seen.as_ref().and_then(|seen| seen.parsed.as_ref());
        matches!(parsed, Some(Err(Unread::Awaited(_))))
    }

    /// Returns why a side that was looked at is not what its schema says, or not known yet.
    pub(crate) fn failure(&self, side: Side) -> Option<&ProbeError> {
        let seen = match side {
            Side::Key => &self.key,
            Side::Value => &self.value,
        };
        match seen.as_ref()?.parsed.as_ref()? {
            Err(Unread::Failed(error) | Unread::Awaited(error)) => Some(error),
            Err(Unread::Json(_)) | Ok(_) => None,
        }
    }

    /// Returns whether neither side of a record was looked at.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.key.is_none() && self.value.is_none()
    }

    fn load(&mut self, record: &RecordRef<'_>, lens: &Lens) -> Option<&mut Option<Parsed>> {
        let bytes = lens.side().bytes(record)?;
        let identity = Identity::of(record);
        if self.of.as_ref() != Some(&identity) {
            *self = Self { of: Some(identity), key: None, value: None };
        }
        let place = match lens.side() {
            Side::Key => &mut self.key,
            Side::Value => &mut self.value,
        };
        let is_there = place.as_ref().is_some_and(|seen| seen.parsed.is_some() && seen.through.sees_as(lens));
        if !is_there {
            *place = None;
        }
        let seen = place
            .get_or_insert_with(|| Seen { through: lens.clone(), parsed: Some(lens.read(record, bytes)) });
        Some(&mut seen.parsed)
    }
}
