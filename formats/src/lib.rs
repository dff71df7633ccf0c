//! Events with a schema: Avro, Protobuf and JSON Schema.
//!
//! Pure: text and bytes in, values and bytes out; no files, no sockets, no clock. The engine encodes and decodes
//! with it, and the embedded schema registry judges with it which schema may follow which.
//!
//! A value is JSON-like data ([`serde_json::Value`]) in every format; what a format has beyond JSON is written so
//! that nothing is lost: 64-bit integers are numbers, bytes are base64 text (RFC 4648, with padding), NaN and the
//! infinities are the texts `NaN`, `Infinity` and `-Infinity`.

mod avro;
mod fault;
pub mod framing;
mod json;
mod level;
mod pointer;
mod protobuf;
mod schema;
mod source;
mod suggest;
mod time;
mod trip;

pub use avro::AvroSchema;
pub use fault::{Fault, FaultKind};
pub use json::JsonSchema;
pub use level::Level;
pub use protobuf::ProtobufSchema;
pub use schema::Schema;
pub use source::{Reference, SchemaSource, SchemaType};
pub use suggest::closest;
pub use time::{day, rfc3339};
pub use trip::changed;
