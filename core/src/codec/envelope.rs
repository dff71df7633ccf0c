//! The CloudEvents attributes as one JSON object: structured mode and CloudEvent as key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::directive::Format;
use crate::error::{ErrorCode, ProbeError};
use crate::event::Decoded;

/// The media type of structured mode.
pub(crate) const STRUCTURED: &str = "application/cloudevents+json";

/// Returns the members of a value that is a CloudEvent in JSON.
pub(crate) fn cloud_event(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|members| members.contains_key("specversion"))
}

/// What a CloudEvent carries, read in the topic's format.
pub(crate) enum Data {
    /// Read, or failed to be.
    Decoded(Decoded),
    /// Bytes that stand for the record's value.
    Bytes(Vec<u8>),
}

/// Takes the data out of a CloudEvent. One without data carries a JSON null.
pub(crate) fn take_data(mut event: Map<String, Value>, format: Format) -> Data {
    let data = match event.remove("data_base64") {
        Some(Value::String(text)) => match STANDARD.decode(&text) {
            Ok(bytes) => Err(bytes),
            Err(error) => return failed(format!("`data_base64` of the CloudEvent did not parse: {error}")),
        },
        Some(_) => return failed("`data_base64` of the CloudEvent was not a string".to_owned()),
        None => Ok(event.remove("data").unwrap_or(Value::Null)),
    };
    match (format, data) {
        (Format::Json, Ok(value)) => Data::Decoded(Decoded::Json(value.into())),
        (Format::Json, Err(bytes)) => Data::Decoded(match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) => Decoded::Json(value.into()),
            Err(error) => Decoded::Failed(super::payload::not_json(&error, &bytes)),
        }),
        (Format::String, Ok(Value::String(text))) => Data::Decoded(Decoded::Text(text)),
        (Format::String, Err(bytes)) => Data::Decoded(super::payload::decode_text(&bytes)),
        (Format::String, Ok(_)) => failed("the data of the CloudEvent was no text".to_owned()),
        (_, Ok(Value::String(text))) => Data::Bytes(text.into_bytes()),
        (_, Err(bytes)) => Data::Bytes(bytes),
        (_, Ok(_)) => failed("the data of the CloudEvent was neither text nor `data_base64`".to_owned()),
    }
}

/// Returns bytes in the form of `data_base64`.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn failed(message: String) -> Data {
    Data::Decoded(Decoded::Failed(ProbeError::new(ErrorCode::DecodeFailed, message)))
}
