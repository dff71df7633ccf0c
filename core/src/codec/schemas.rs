//! What reading and writing need of a schema registry. The codec never waits: what is not here yet is said so.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use test_probe_formats::framing::{self, SchemaId};
use test_probe_formats::{Schema, SchemaType};

use super::lens::{Side, faulty};
use crate::error::{ErrorCode, ProbeError, Result};

/// Where schemas are looked up.
pub trait Schemas: fmt::Debug + Send + Sync {
    /// Returns the schema of an id. One that is not here yet is asked for in the background, for as long as the
    /// registry does not answer.
    fn by_id(&self, id: SchemaId) -> Lookup;
}

/// What is known of a schema.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Here it is.
    Ready(Arc<Schema>),
    /// It was asked for; the error is what is to be said as long as it is not here.
    Awaited(ProbeError),
    /// The registry answered that there is none, or none that can be read.
    Failed(ProbeError),
}

/// The schema that one side of a record is written with.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The subject under which it is registered.
    pub subject: String,
    /// Its id in the registry.
    pub id: u32,
    /// Its GUID, where the registry gives one.
    pub guid: Option<[u8; 16]>,
    /// Its version within the subject, where it is known.
    pub version: Option<i32>,
    /// The schema.
    pub schema: Arc<Schema>,
}

/// The schemas that a record is written with; `None` for a side whose format has none.
#[derive(Clone, Debug, Default)]
pub struct Writers {
    /// That of the key.
    pub key: Option<Arc<Writer>>,
    /// That of the value.
    pub value: Option<Arc<Writer>>,
}

impl Writer {
    /// Writes a value as this schema has it, with its id before the payload, or returns the header that names the
    /// schema. `message` chooses a message of a Protobuf file; the first one when absent.
    pub(super) fn write(
        &self,
        side: Side,
        value: &Value,
        message: Option<&str>,
        in_header: bool,
    ) -> Result<(Bytes, Option<Bytes>)> {
        let mut out = Vec::with_capacity(64);
        let mut header = if in_header {
            let guid = self.guid.ok_or_else(|| {
                let message = format!("the schema registry gave no GUID for schema {}", self.id);
                ProbeError::new(ErrorCode::EncodeFailed, message)
                    .with("subject", self.subject.as_str())
                    .hint("leave out `schemaId: header`, or use a registry that has GUIDs")
            })?;
            let mut header = Vec::with_capacity(18);
            SchemaId::Guid(guid).write_prefix(&mut header);
            Some(header)
        } else {
            SchemaId::Number(self.id).write_prefix(&mut out);
            None
        };
        self.schema.encode(value, message, &mut out).map_err(|fault| {
            let what =
                format!("the {} did not fit schema {} of subject `{}`", side.name(), self.id, self.subject);
            faulty(ErrorCode::EncodeFailed, &what, &fault)
                .with("subject", self.subject.as_str())
                .with("schema_id", self.id)
        })?;
        if let Some(header) = &mut header
            && self.schema.schema_type() == SchemaType::Protobuf
        {
            // Confluent's clients look for the message indexes where the id is.
            header.extend(out.drain(..framing::indexes_length(&out).unwrap_or(0)));
        }
        Ok((out.into(), header.map(Into::into)))
    }
}
