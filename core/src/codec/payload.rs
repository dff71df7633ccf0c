//! Values on their way to the wire, and text on its way back.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use crate::directive::Format;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Decoded, Payload, document};

/// An event's value on its way to the wire.
pub(crate) enum Body<'a> {
    /// A tombstone.
    Null,
    /// Bytes as they are.
    Bytes(Bytes),
    /// Text.
    Text(&'a str),
    /// JSON; `text` is how the user spelled it, for as long as nothing is added.
    Json { value: Cow<'a, Value>, text: Option<&'a str> },
}

impl<'a> Body<'a> {
    /// Checks a payload against the format.
    pub(crate) fn new(format: Format, payload: &'a Payload) -> Result<Self> {
        Ok(match (format, payload) {
            (_, Payload::Null) => Self::Null,
            (_, Payload::Raw(bytes)) => Self::Bytes(bytes.clone()),
            (_, Payload::Json(value)) if format.has_schema() => {
                Self::Json { value: Cow::Borrowed(value), text: None }
            }
            (_, Payload::Text(text)) if format.has_schema() => {
                Self::Json { value: Cow::Owned(document(text)), text: None }
            }
            (Format::Json, Payload::Json(value)) => Self::Json { value: Cow::Borrowed(value), text: None },
            (Format::Json, Payload::Text(text)) => {
                let value = serde_json::from_str(text).map_err(|error| {
                    ProbeError::new(ErrorCode::EncodeFailed, format!("text did not parse as JSON: {error}"))
                        .with("line", error.line())
                        .with("column", error.column())
                        .hint("send it as raw bytes to put broken JSON on the topic")
                })?;
                Self::Json { value: Cow::Owned(value), text: Some(text) }
            }
            (Format::String, Payload::Text(text) | Payload::Json(Value::String(text))) => Self::Text(text),
            (Format::String, Payload::Json(value)) => {
                return Err(ProbeError::new(
                    ErrorCode::EncodeFailed,
                    format!("a JSON {} was given for format `string`", kind(value)),
                )
                .hint("give text, or set `format: json`"));
            }
            (_, Payload::Text(text)) => Self::Bytes(Bytes::copy_from_slice(text.as_bytes())),
            (_, Payload::Json(_)) => {
                return Err(ProbeError::new(ErrorCode::EncodeFailed, "JSON was given for format `bytes`")
                    .hint("give raw bytes or text, or set `format: json`"));
            }
        })
    }

    /// Returns the bytes of the wire for a format without a schema.
    pub(crate) fn into_wire(self) -> Option<Bytes> {
        match self {
            Self::Null => None,
            Self::Bytes(bytes) => Some(bytes),
            Self::Text(text) | Self::Json { text: Some(text), .. } => {
                Some(Bytes::copy_from_slice(text.as_bytes()))
            }
            Self::Json { value, text: None } => Some(Bytes::from(value.to_string())),
        }
    }
}

/// Returns the media type of a format's values.
pub(crate) fn content_type(format: Format) -> &'static str {
    match format {
        Format::Json | Format::JsonSchema => "application/json",
        Format::String => "text/plain",
        Format::Bytes => "application/octet-stream",
        Format::Avro => "application/avro",
        Format::Protobuf => "application/protobuf",
    }
}

/// Reads text of format `string`.
pub(crate) fn decode_text(bytes: &[u8]) -> Decoded {
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded::Text(text.to_owned()),
        Err(error) => Decoded::Failed(
            ProbeError::new(
                ErrorCode::DecodeFailed,
                format!("the value was not UTF-8 from byte {}", error.valid_up_to()),
            )
            .with("position", error.valid_up_to())
            .hint("set `format: bytes`, or the format that the topic carries"),
        ),
    }
}

/// Turns a JSON error into the event's.
pub(crate) fn not_json(error: &serde_json::Error, bytes: &[u8]) -> ProbeError {
    let failed =
        ProbeError::new(ErrorCode::DecodeFailed, format!("the value did not parse as JSON: {error}"))
            .with("line", error.line())
            .with("column", error.column());
    match bytes.first() {
        Some(0) => failed.hint("looks like Confluent wire format; set format:"),
        None => failed.hint("the value is empty, which is neither JSON nor a tombstone"),
        Some(_) => failed,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
