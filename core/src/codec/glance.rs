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
            Field::Id => self.id.glance(record, self.has_plain_key()),
            Field::Type => self.event_type.glance(record, self.has_plain_key()),
        }
    }

    /// Returns whether a record's key is what its bytes are: with a schema, only who decodes it knows.
    pub(crate) fn has_plain_key(&self) -> bool {
        !self.key.needs_schemas()
    }
}

impl Place {
    fn glance<'r>(&self, record: &'r RecordRef<'_>, plain_key: bool) -> Glance<'r> {
        let found = |text: Option<&'r str>| text.map_or(Glance::Absent, Glance::Text);
        match &self.source {
            Source::Header(name) => match (header(record, name), self.attribute) {
                (Some(text), _) => Glance::Text(text),
                (None, Some(_)) => Glance::Unknown,
                (None, None) => found(self.otherwise.and_then(|name| header(record, name))),
            },
            Source::Key if !plain_key && record.key.is_some() => Glance::Unknown,
            Source::Key => found(record.key.and_then(|key| std::str::from_utf8(key).ok())),
            Source::KeyPointer(_) | Source::ValuePointer(_) => Glance::Unknown,
            Source::ProducedId | Source::None => Glance::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directive::{Format, Role, TopicDirective};

    fn glance(key_format: Format, key: Option<&[u8]>) -> String {
        let mut directive = TopicDirective::new("t", Role::Both);
        (directive.key_format, directive.correlation.id) = (key_format, Source::Key);
        let record = RecordRef {
            slot: 0,
            offset: 0,
            timestamp: None,
            log_append_time: false,
            key,
            value: None,
            headers: &[],
        };
        format!("{:?}", Reading::new(&directive).glance(Field::Id, &record))
    }

    #[test]
    fn a_key_with_a_schema_is_no_text_before_it_is_decoded() {
        let framed: &[u8] = b"\0\0\0\0\x08\x06o-1";
        assert_eq!(glance(Format::Avro, Some(framed)), "Unknown");
        assert_eq!(glance(Format::Avro, None), "Absent");
        assert_eq!(glance(Format::String, Some(b"o-1")), "Text(\"o-1\")");
        assert_eq!(glance(Format::String, None), "Absent");
    }
}
