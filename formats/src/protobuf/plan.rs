//! The messages of a file and of its imports, laid out for reading and writing.

use std::collections::HashMap;

use prost_reflect::prost_types::FieldDescriptorProto;
use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, MessageDescriptor,
};
use serde_json::Value;

use super::known::Known;
use super::wire::WireType;

/// Everything that a payload can hold.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) messages: Vec<Message>,
    pub(super) enums: Vec<Enum>,
    by_name: HashMap<String, usize>,
}

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    /// Its full name.
    pub(super) name: String,
    /// Which JSON form of its own it has.
    pub(super) known: Option<Known>,
    /// In the order of their numbers, the extensions among them.
    pub(super) fields: Vec<Field>,
    names: HashMap<String, usize>,
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    /// As the schema spells it; an extension's full name in brackets.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// Whether being absent is another thing than having the default.
    pub(super) presence: bool,
    pub(super) required: bool,
    /// Which oneof of its message it belongs to.
    pub(super) oneof: Option<usize>,
    /// What stands for it when it is absent, where it has no presence.
    pub(super) default: Value,
}

/// How often a field can be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Single,
    List,
    /// A list of numbers that is written as one field.
    Packed,
    /// A list of entry messages.
    Map,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    /// By its place in [`Plan::enums`].
    Enum(usize),
    /// By its place in [`Plan::messages`].
    Message(usize),
    /// As a message, between a start and an end instead of behind a length.
    Group(usize),
}

impl Kind {
    /// Returns how a single value is laid out.
    pub(super) fn wire(self) -> WireType {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => WireType::Fixed64,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => WireType::Fixed32,
            Self::String | Self::Bytes | Self::Message(_) => WireType::Length,
            Self::Group(_) => WireType::Group,
            Self::Int32 | Self::Int64 | Self::Uint32 | Self::Uint64 => WireType::Varint,
            Self::Sint32 | Self::Sint64 | Self::Bool | Self::Enum(_) => WireType::Varint,
        }
    }
}

/// An enum.
#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: String,
    /// Its one value is JSON's null.
    pub(super) is_null: bool,
    pub(super) by_number: HashMap<i32, String>,
    pub(super) by_name: HashMap<String, i32>,
}

impl Enum {
    /// Returns a value as JSON: its name, or its number when it has none.
    pub(super) fn show(&self, number: i32) -> Value {
        match self.by_number.get(&number) {
            _ if self.is_null => Value::Null,
            Some(name) => Value::from(name.as_str()),
            None => Value::from(number),
        }
    }
}

impl Message {
    /// Returns the place of the field with that number.
    pub(super) fn by_number(&self, number: u32) -> Option<usize> {
        // Most messages number their fields from 1 on.
        let guess = (number as usize).wrapping_sub(1);
        if self.fields.get(guess).is_some_and(|field| field.number == number) {
            return Some(guess);
        }
        self.fields.binary_search_by_key(&number, |field| field.number).ok()
    }

    /// Returns the place of the field that is spelled so, in the schema or in JSON.
    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }
}

impl Plan {
    /// Lays out everything that a pool has.
    pub(super) fn new(pool: &DescriptorPool) -> Self {
        let mut places = Places::default();
        let messages = pool.all_messages().collect::<Vec<_>>();
        let enums = pool.all_enums().collect::<Vec<_>>();
        places.messages.extend(messages.iter().enumerate().map(|(at, one)| (one.full_name().to_owned(), at)));
        places.enums.extend(enums.iter().enumerate().map(|(at, one)| (one.full_name().to_owned(), at)));
        let enums = enums.iter().map(plan_enum).collect::<Vec<_>>();
        let messages = messages.iter().map(|message| places.message(message, &enums)).collect();
        Self { messages, enums, by_name: places.messages }
    }

    /// Returns the message of that full name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

fn plan_enum(descriptor: &EnumDescriptor) -> Enum {
    let mut planned = Enum {
        name: descriptor.full_name().to_owned(),
        is_null: descriptor.full_name() == "google.protobuf.NullValue",
        by_number: HashMap::new(),
        by_name: HashMap::new(),
    };
    for value in descriptor.values() {
        // Of aliases the first one is the name.
        planned.by_number.entry(value.number()).or_insert_with(|| value.name().to_owned());
        planned.by_name.insert(value.name().to_owned(), value.number());
    }
    planned
}

#[derive(Default)]
struct Places {
    messages: HashMap<String, usize>,
    enums: HashMap<String, usize>,
}

impl Places {
    fn message(&self, descriptor: &MessageDescriptor, enums: &[Enum]) -> Message {
        let mut fields = descriptor.fields().map(|field| self.field(&field, enums)).collect::<Vec<_>>();
        let mut names = descriptor
            .fields()
            .map(|field| (field.json_name().to_owned(), field.number()))
            // After the spellings of JSON: the schema's own are never hidden by one.
            .chain(descriptor.fields().map(|field| (field.name().to_owned(), field.number())))
            .collect::<HashMap<_, _>>();
        for extension in descriptor.extensions() {
            let field = self.extension(&extension, enums);
            names.insert(field.name.clone(), field.number);
            fields.push(field);
        }
        fields.sort_by_key(|field| field.number);
        let place = |number| fields.binary_search_by_key(&number, |field: &Field| field.number).unwrap_or(0);
        let names = names.into_iter().map(|(name, number)| (name, place(number))).collect();
        let known = Known::of(descriptor.full_name(), &fields);
        Message { name: descriptor.full_name().to_owned(), known, fields, names }
    }

    fn field(&self, field: &FieldDescriptor, enums: &[Enum]) -> Field {
        let kind = self.kind(&field.kind(), field.is_group());
        let shape = match (field.cardinality(), field.is_map()) {
            (_, true) => Shape::Map,
            (Cardinality::Repeated, false) => list(kind, field.field_descriptor_proto(), field.is_packed()),
            (Cardinality::Optional | Cardinality::Required, false) => Shape::Single,
        };
        Field {
            number: field.number(),
            name: field.name().to_owned(),
            kind,
            shape,
            presence: field.supports_presence(),
            required: field.cardinality() == Cardinality::Required,
            oneof: field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic())
                .and_then(|oneof| field.parent_message().oneofs().position(|other| other == oneof)),
            default: default(kind, shape, enums),
        }
    }

    fn extension(&self, field: &ExtensionDescriptor, enums: &[Enum]) -> Field {
        let kind = self.kind(&field.kind(), field.is_group());
        let shape = match field.cardinality() {
            Cardinality::Repeated => list(kind, field.field_descriptor_proto(), field.is_packed()),
            Cardinality::Optional | Cardinality::Required => Shape::Single,
        };
        Field {
            number: field.number(),
            name: format!("[{}]", field.full_name()),
            kind,
            shape,
            // An extension that is not there is not shown, as it may be anybody's.
            presence: true,
            required: false,
            oneof: None,
            default: default(kind, shape, enums),
        }
    }

    fn kind(&self, kind: &prost_reflect::Kind, is_group: bool) -> Kind {
        use prost_reflect::Kind as From;
        match kind {
            From::Double => Kind::Double,
            From::Float => Kind::Float,
            From::Int32 => Kind::Int32,
            From::Int64 => Kind::Int64,
            From::Uint32 => Kind::Uint32,
            From::Uint64 => Kind::Uint64,
            From::Sint32 => Kind::Sint32,
            From::Sint64 => Kind::Sint64,
            From::Fixed32 => Kind::Fixed32,
            From::Fixed64 => Kind::Fixed64,
            From::Sfixed32 => Kind::Sfixed32,
            From::Sfixed64 => Kind::Sfixed64,
            From::Bool => Kind::Bool,
            From::String => Kind::String,
            From::Bytes => Kind::Bytes,
            From::Message(message) => {
                let place = self.messages.get(message.full_name()).copied().unwrap_or(0);
                if is_group { Kind::Group(place) } else { Kind::Message(place) }
            }
            From::Enum(one) => Kind::Enum(self.enums.get(one.full_name()).copied().unwrap_or(0)),
        }
    }
}

/// What the schema says of packing counts: descriptors that were compiled from text know the usual case only.
fn list(kind: Kind, field: &FieldDescriptorProto, is_usual: bool) -> Shape {
    let said = field.options.as_ref().and_then(|options| options.packed);
    let can_be = !matches!(kind.wire(), WireType::Length | WireType::Group);
    if can_be && said.unwrap_or(is_usual) { Shape::Packed } else { Shape::List }
}

fn default(kind: Kind, shape: Shape, enums: &[Enum]) -> Value {
    match (shape, kind) {
        (Shape::List | Shape::Packed, _) => Value::Array(Vec::new()),
        (Shape::Map, _) => Value::Object(serde_json::Map::new()),
        (Shape::Single, Kind::Double | Kind::Float) => Value::from(0.0),
        (Shape::Single, Kind::Bool) => Value::Bool(false),
        (Shape::Single, Kind::String | Kind::Bytes) => Value::from(""),
        (Shape::Single, Kind::Enum(place)) => enums[place].show(0),
        (Shape::Single, Kind::Message(_) | Kind::Group(_)) => Value::Null,
        (Shape::Single, _) => Value::from(0),
    }
}
