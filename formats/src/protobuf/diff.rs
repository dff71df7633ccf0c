//! Whether a file can read what another one wrote.
//!
//! The rules are those of Confluent's registry, so that its judgement and this one are the same. Compared are the
//! messages that the two files declare, by name, each field by its number, and the messages that fields refer to.
//!
//! Nothing is lost by: a message that was added or moved to another place (indexes are read by the writer's schema);
//! an enum, or a value of one, that was added, renamed or removed; a field that was added or removed, unless it is
//! required; a field that was renamed (only numbers are on the wire); a whole oneof that was added or removed; a field
//! that was added to a oneof, or moved out of one; one single field that was moved into a new oneof; a number that
//! became another one of the same wire group (int32, int64, uint32, uint64, bool and enums are one group, sint32 and
//! sint64 another, fixed32 and sfixed32, fixed64 and sfixed64); string for bytes; a string or bytes field that
//! became repeated.
//!
//! Problems are: another package; a message that was removed; a field of another wire group, or a message instead of
//! a scalar or a map; a field of a message with another name, or of a message that has problems itself; a number that
//! is said to be optional, required or repeated and was said to be another of these; a required field that was added
//! or removed; a member of a oneof that was removed while others of it are still there; fields that were independent
//! and now share a oneof.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{Cardinality, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, Syntax};

/// Returns why `reader` cannot read everything that `writer` wrote.
pub(super) fn problems(reader: &FileDescriptor, writer: &FileDescriptor) -> Vec<String> {
    let mut found = Comparison::default();
    if reader.package_name() != writer.package_name() {
        let package = |file: &FileDescriptor| match file.package_name() {
            "" => "no package".to_owned(),
            name => format!("package `{name}`"),
        };
        found.problem(format!("the file was in {} and is in {}", package(writer), package(reader)));
    }
    found.types(&writer.messages().collect::<Vec<_>>(), &reader.messages().collect::<Vec<_>>());
    found.problems.into_iter().collect()
}

#[derive(Default)]
struct Comparison {
    problems: BTreeSet<String>,
    /// Pairs that were begun, so that recursive messages end.
    seen: BTreeSet<(String, String)>,
}

impl Comparison {
    fn problem(&mut self, problem: String) {
        self.problems.insert(problem);
    }

    fn types(&mut self, writers: &[MessageDescriptor], readers: &[MessageDescriptor]) {
        for writer in writers.iter().filter(|message| !message.is_map_entry()) {
            match readers.iter().find(|reader| reader.name() == writer.name()) {
                Some(reader) => self.messages(writer, reader),
                None => self.problem(format!("the message `{}` was removed", writer.full_name())),
            }
        }
    }

    /// Compares two messages. Pairs that are met again, as recursive ones are, were judged where they were met first.
    fn messages(&mut self, writer: &MessageDescriptor, reader: &MessageDescriptor) {
        if !self.seen.insert((writer.full_name().to_owned(), reader.full_name().to_owned())) {
            return;
        }
        self.fields(writer, reader);
        self.types(
            &writer.child_messages().collect::<Vec<_>>(),
            &reader.child_messages().collect::<Vec<_>>(),
        );
    }

    fn fields(&mut self, writer: &MessageDescriptor, reader: &MessageDescriptor) {
        let old = writer.fields().map(|field| (field.number(), field)).collect::<BTreeMap<_, _>>();
        let new = reader.fields().map(|field| (field.number(), field)).collect::<BTreeMap<_, _>>();
        let is_deleted = |name: &str| {
            let is_kept = reader.oneofs().any(|oneof| !oneof.is_synthetic() && oneof.name() == name);
            !is_kept
                && !old
                    .values()
                    .any(|field| oneof(field).as_deref() == Some(name) && new.contains_key(&field.number()))
        };
        for field in old.values().filter(|field| !new.contains_key(&field.number())) {
            let place = place(field);
            match oneof(field) {
                Some(name) if !is_deleted(&name) => {
                    self.problem(format!("{place} was removed from the oneof `{name}`"));
                }
                None if is_required(field) => self.problem(format!("{place} was required and was removed")),
                _ => {}
            }
        }
        for (number, field) in &new {
            match old.get(number) {
                Some(before) => self.field(before, field),
                None if is_required(field) => {
                    self.problem(format!("{} is required and was added", place(field)))
                }
                None => {}
            }
        }
        for joined in reader.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let origins =
                joined.fields().filter_map(|field| old.get(&field.number())).map(|field| {
                    match oneof(field) {
                        Some(name) => (true, name),
                        None => (false, field.number().to_string()),
                    }
                });
            let origins = origins.collect::<BTreeSet<_>>();
            if origins.len() > 1 {
                self.problem(format!(
                    "fields of `{}` that could be set at once became members of the oneof `{}`",
                    reader.full_name(),
                    joined.name()
                ));
            }
        }
    }

    fn field(&mut self, writer: &FieldDescriptor, reader: &FieldDescriptor) {
        if writer.is_map() != reader.is_map() {
            return self.changed(writer, reader);
        }
        if let (true, Kind::Message(old), Kind::Message(new)) =
            (writer.is_map(), writer.kind(), reader.kind())
        {
            for (old, new) in [
                (old.map_entry_key_field(), new.map_entry_key_field()),
                (old.map_entry_value_field(), new.map_entry_value_field()),
            ] {
                self.kinds(&old, &new);
            }
            return;
        }
        self.kinds(writer, reader);
        if let (Some(old), Some(new)) = (label(writer), label(reader))
            && old != new
            && !matches!(group(&reader.kind()), None | Some(Group::Text))
        {
            let text = |label| match label {
                Cardinality::Optional => "optional",
                Cardinality::Required => "required",
                Cardinality::Repeated => "repeated",
            };
            self.problem(format!("{} was {} and is {}", place(reader), text(old), text(new)));
        }
    }

    fn kinds(&mut self, writer: &FieldDescriptor, reader: &FieldDescriptor) {
        match (writer.kind(), reader.kind()) {
            (Kind::Message(old), Kind::Message(new)) => {
                if local(&old) != local(&new) {
                    return self.changed(writer, reader);
                }
                let before = self.problems.len();
                self.messages(&old, &new);
                if self.problems.len() > before {
                    self.problem(format!("the message of {} cannot be read", place(reader)));
                }
            }
            (old, new) if group(&old) != group(&new) => self.changed(writer, reader),
            _ => {}
        }
    }

    fn changed(&mut self, writer: &FieldDescriptor, reader: &FieldDescriptor) {
        self.problem(format!("{} was {} and is {}", place(reader), shown(writer), shown(reader)));
    }
}

fn place(field: &FieldDescriptor) -> String {
    format!("field {} (`{}.{}`)", field.number(), field.parent_message().full_name(), field.name())
}

fn shown(field: &FieldDescriptor) -> String {
    if field.is_map() {
        return "a map".to_owned();
    }
    match field.kind() {
        Kind::Message(message) => format!("`{}`", message.full_name()),
        Kind::Enum(one) => format!("the enum `{}`", one.full_name()),
        kind => format!("{kind:?}"),
    }
}

/// The name of a message without the package of its file.
fn local(message: &MessageDescriptor) -> String {
    let full = message.full_name();
    let within = full.strip_prefix(message.package_name()).and_then(|rest| rest.strip_prefix('.'));
    within.unwrap_or(full).to_owned()
}

fn oneof(field: &FieldDescriptor) -> Option<String> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic()).map(|oneof| oneof.name().to_owned())
}

fn is_required(field: &FieldDescriptor) -> bool {
    field.cardinality() == Cardinality::Required
}

/// The label that the schema says: in proto3 a plain field has none.
fn label(field: &FieldDescriptor) -> Option<Cardinality> {
    let descriptor = field.field_descriptor_proto();
    let is_said = field.cardinality() != Cardinality::Optional
        || descriptor.proto3_optional()
        || (field.parent_file().syntax() == Syntax::Proto2 && oneof(field).is_none());
    is_said.then(|| field.cardinality())
}

/// Scalars that read each other's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Number,
    Signed,
    Fixed32,
    Fixed64,
    Float,
    Double,
    Text,
}

fn group(kind: &Kind) -> Option<Group> {
    Some(match kind {
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Bool | Kind::Enum(_) => Group::Number,
        Kind::Sint32 | Kind::Sint64 => Group::Signed,
        Kind::Fixed32 | Kind::Sfixed32 => Group::Fixed32,
        Kind::Fixed64 | Kind::Sfixed64 => Group::Fixed64,
        Kind::Float => Group::Float,
        Kind::Double => Group::Double,
        Kind::String | Kind::Bytes => Group::Text,
        Kind::Message(_) => return None,
    })
}
