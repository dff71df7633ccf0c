//! What a record says of itself without being decoded.

use super::read::{Place, Reading, header};
use crate::broker::RecordRef;
use crate::directive::Source;

/// A field that can be glanced at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field {
    /// The event's id.
    Id,
    /// The event's type.
    Type,
}

/// What a glance came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Glance<'r> {
    /// It is there.
    Text(&'r str),
    /// It is not there.
    Absent,
    /// Only who decodes the record knows.
    Unknown,
}

impl Reading {
    /// Returns what a record says of a field; it costs a look-up, decodes and copies nothing.
    pub(crate) fn glance<'r>(&self, field: Field, record: &'r RecordRef<'_>) -> Glance<'r> {
        match field {
            Field::Id => self.id.glance(record),
            Field::Type => self.event_type.glance(record),
        }
    }
}

impl Place {
    fn glance<'r>(&self, record: &'r RecordRef<'_>) -> Glance<'r> {
        let found = |text: Option<&'r str>| text.map_or(Glance::Absent, Glance::Text);
        match &self.source {
            Source::Header(name) => match (header(record, name), self.attribute) {
                (Some(text), _) => Glance::Text(text),
                (None, Some(_)) => Glance::Unknown,
                (None, None) => found(self.otherwise.and_then(|name| header(record, name))),
            },
            Source::Key => found(record.key.and_then(|key| std::str::from_utf8(key).ok())),
            Source::KeyPointer(_) | Source::ValuePointer(_) => Glance::Unknown,
            Source::ProducedId | Source::None => Glance::Absent,
        }
    }
}
