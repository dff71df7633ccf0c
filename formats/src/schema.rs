//! A parsed schema of any type.

use serde_json::Value;

use crate::avro::AvroSchema;
use crate::fault::{Fault, FaultKind};
use crate::json::JsonSchema;
use crate::protobuf::ProtobufSchema;
use crate::source::{SchemaSource, SchemaType};

/// A parsed schema: encodes, decodes, and knows whether it can read what another one wrote. Cheap to share behind
/// an `Arc`; immutable.
#[derive(Debug)]
pub enum Schema {
    /// Avro.
    Avro(AvroSchema),
    /// Protobuf.
    Protobuf(ProtobufSchema),
    /// JSON Schema.
    Json(JsonSchema),
}

impl Schema {
    /// Parses a schema with everything that it refers to.
    ///
    /// # Errors
    /// A fault of kind [`FaultKind::Schema`] that names the place.
    pub fn parse(source: &SchemaSource) -> Result<Self, Fault> {
        match source.schema_type {
            SchemaType::Avro => AvroSchema::parse(source).map(Self::Avro),
            SchemaType::Protobuf => ProtobufSchema::parse(source).map(Self::Protobuf),
            SchemaType::Json => JsonSchema::parse(source).map(Self::Json),
        }
    }

    /// Returns its type.
    #[must_use]
    pub fn schema_type(&self) -> SchemaType {
        match self {
            Self::Avro(_) => SchemaType::Avro,
            Self::Protobuf(_) => SchemaType::Protobuf,
            Self::Json(_) => SchemaType::Json,
        }
    }

    /// Returns the full name of the record (Avro), of the first message (Protobuf), or the title (JSON Schema): what
    /// RecordNameStrategy names a subject after.
    #[must_use]
    pub fn record_name(&self) -> Option<&str> {
        match self {
            Self::Avro(schema) => schema.record_name(),
            Self::Protobuf(schema) => schema.record_name(),
            Self::Json(schema) => schema.record_name(),
        }
    }

    /// Reads a payload: what follows the schema id on the wire, for Protobuf with its message indexes.
    ///
    /// # Errors
    /// A fault of kind [`FaultKind::Decode`] that names the field.
    pub fn decode(&self, payload: &[u8]) -> Result<Value, Fault> {
        match self {
            Self::Avro(schema) => schema.decode(payload),
            Self::Protobuf(schema) => schema.decode(payload),
            Self::Json(schema) => schema.decode(payload),
        }
    }

    /// Reads a payload that was written with this schema as a `reader` of the same type sees it (Avro's schema
    /// resolution; the other types are read with the reader alone).
    ///
    /// # Errors
    /// As [`Schema::decode`].
    pub fn decode_as(&self, reader: &Self, payload: &[u8]) -> Result<Value, Fault> {
        match (self, reader) {
            (Self::Avro(writer), Self::Avro(reader)) => writer.decode_as(reader, payload),
            (Self::Protobuf(writer), Self::Protobuf(reader)) => writer.decode_as(reader, payload),
            (Self::Json(_), Self::Json(reader)) => reader.decode(payload),
            (writer, reader) => {
                let (writer, reader) = (writer.schema_type().name(), reader.schema_type().name());
                Err(Fault::new(
                    FaultKind::Decode,
                    format!("a schema of type {writer} was to be read by one of type {reader}"),
                ))
            }
        }
    }

    /// Fails where [`Schema::decode`] would, and with the same fault, without making a value: then all reading of the
    /// payload is known to succeed. `None` for a type of which only decoding tells.
    #[must_use]
    pub fn check(&self, payload: &[u8]) -> Option<Result<(), Fault>> {
        match self {
            Self::Avro(schema) => Some(schema.check(payload)),
            Self::Protobuf(_) | Self::Json(_) => None,
        }
    }

    /// Reads one field of a payload, given as a JSON pointer, and passes by everything else; `None` when there is no
    /// such field. The rest of the payload is not validated.
    ///
    /// # Errors
    /// As [`Schema::decode`].
    pub fn decode_field(&self, payload: &[u8], pointer: &str) -> Result<Option<Value>, Fault> {
        match self {
            Self::Avro(schema) => schema.decode_field(payload, pointer),
            Self::Protobuf(schema) => schema.decode_field(payload, pointer),
            Self::Json(schema) => schema.decode_field(payload, pointer),
        }
    }

    /// Writes a value behind what `out` holds. `message` chooses a message of a Protobuf file by its full or simple
    /// name; the first one when absent.
    ///
    /// # Errors
    /// A fault of kind [`FaultKind::Encode`] that names the field; `out` is then as it was.
    pub fn encode(&self, value: &Value, message: Option<&str>, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Avro(schema) => schema.encode(value, out),
            Self::Protobuf(schema) => schema.encode(value, message, out),
            Self::Json(schema) => schema.encode(value, out),
        }
    }

    /// Returns the full name of the message of a Protobuf file that a full or simple name means.
    ///
    /// # Errors
    /// A fault of kind [`FaultKind::Encode`] with what was meant perhaps; the other types have no messages.
    pub fn message(&self, name: &str) -> Result<&str, Fault> {
        match self {
            Self::Protobuf(schema) => schema.message_name(name),
            Self::Avro(_) | Self::Json(_) => {
                let message = format!("a schema of type {} has no messages", self.schema_type().name());
                Err(Fault::new(FaultKind::Encode, message))
            }
        }
    }

    /// Returns whether a name means one message of a Protobuf file; never for the other types.
    #[must_use]
    pub fn has_message(&self, name: &str) -> bool {
        self.message(name).is_ok()
    }

    /// Returns a value to try the schema with: the plainest one that Avro allows for, an empty message, what a JSON
    /// Schema gives as `examples` or `default`. `None` where there is none.
    #[must_use]
    pub fn sample(&self) -> Option<Value> {
        match self {
            Self::Avro(schema) => schema.sample(),
            Self::Protobuf(_) => Some(Value::Object(serde_json::Map::new())),
            Self::Json(schema) => schema.sample(),
        }
    }

    /// Returns a text that is the same for schemas that differ in nothing that matters (`normalize.schemas`).
    #[must_use]
    pub fn canonical(&self) -> String {
        match self {
            Self::Avro(schema) => schema.canonical(),
            Self::Protobuf(schema) => schema.canonical(),
            Self::Json(schema) => schema.canonical(),
        }
    }

    /// Returns why this schema cannot read everything that `writer` wrote; empty when it can. This is backward
    /// compatibility of this schema with an older `writer`, and forward compatibility the other way round.
    #[must_use]
    pub fn problems_reading(&self, writer: &Self) -> Vec<String> {
        match (self, writer) {
            (Self::Avro(reader), Self::Avro(writer)) => reader.problems_reading(writer),
            (Self::Protobuf(reader), Self::Protobuf(writer)) => reader.problems_reading(writer),
            (Self::Json(reader), Self::Json(writer)) => reader.problems_reading(writer),
            (reader, writer) => {
                let (writer, reader) = (writer.schema_type().name(), reader.schema_type().name());
                vec![format!("the type of the schema was {writer} and is {reader}")]
            }
        }
    }
}
