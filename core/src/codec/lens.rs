//! How the key or the value of a topic's records is read as JSON-like data.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use test_probe_formats::framing::{self, SchemaId};
use test_probe_formats::{Fault, Schema};

use super::schemas::{Lookup, Schemas};
use crate::broker::RecordRef;
use crate::directive::Format;
use crate::error::{ErrorCode, ProbeError};
use crate::lazy::LazyValue;

/// Which of the two sides of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Key,
    Value,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
        }
    }

    /// Returns the header that names the schema.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Key => framing::KEY_HEADER,
            Self::Value => framing::VALUE_HEADER,
        }
    }

    pub(crate) fn bytes<'r>(self, record: &RecordRef<'r>) -> Option<&'r [u8]> {
        match self {
            Self::Key => record.key,
            Self::Value => record.value,
        }
    }
}

/// Reads one side of a record.
#[derive(Clone, Debug)]
pub(crate) struct Lens {
    side: Side,
    format: Format,
    /// `None` where the format needs none, or no registry is configured.
    registry: Option<Arc<dyn Schemas>>,
    /// The schemas with whose eyes records are read; chosen by the name of the record.
    readers: Arc<[Arc<Schema>]>,
}

/// A document, or why it is none.
pub(crate) type Parsed = Result<LazyValue, Unread>;

/// Why a side of a record is no document.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It did not parse as JSON.
    Json(serde_json::Error),
    /// It is not what its schema says, or names none.
    Failed(ProbeError),
    /// Its schema has not come yet.
    Awaited(ProbeError),
}

impl Lens {
    pub(crate) fn new(side: Side, format: Format) -> Self {
        Self { side, format, registry: None, readers: Arc::default() }
    }

    pub(crate) fn with_schemas(mut self, registry: Arc<dyn Schemas>, readers: Vec<Arc<Schema>>) -> Self {
        if self.needs_schemas() {
            self.registry = Some(registry);
            self.readers = readers.into();
        }
        self
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    pub(crate) fn needs_schemas(&self) -> bool {
        self.format.has_schema()
    }

    /// Returns whether both see the same in a record.
    pub(crate) fn sees_as(&self, other: &Self) -> bool {
        let is_same_registry = match (&self.registry, &other.registry) {
            (Some(one), Some(other)) => std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other)),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        // Without a schema, every format is looked at as JSON.
        self.format.schema_type() == other.format.schema_type()
            && is_same_registry
            && (Arc::ptr_eq(&self.readers, &other.readers)
                || self.readers.is_empty() && other.readers.is_empty())
    }

    pub(crate) fn read(&self, record: &RecordRef<'_>, bytes: &[u8]) -> Parsed {
        if !self.needs_schemas() {
            return serde_json::from_slice::<Value>(bytes).map(LazyValue::from).map_err(Unread::Json);
        }
        let header = self.side.header();
        let named = record.headers.iter().rfind(|(name, _)| *name == header).and_then(|(_, value)| *value);
        let others = record.headers.iter().map(|(name, _)| *name);
        self.read_framed(named, bytes, others)
    }

    /// Reads bytes that name their schema themselves.
    pub(crate) fn read_framed<'n>(
        &self,
        header: Option<&[u8]>,
        bytes: &[u8],
        others: impl Iterator<Item = &'n str>,
    ) -> Parsed {
        let (id, payload) = framing::read(header, bytes, others).map_err(|unframed| {
            let error = ProbeError::new(ErrorCode::DecodeFailed, unframed.message).hint(unframed.hint);
            Unread::Failed(error)
        })?;
        let Some(registry) = &self.registry else {
            return Err(Unread::Failed(no_registry(self.format)));
        };
        let schema = match registry.by_id(id) {
            Lookup::Ready(schema) => schema,
            Lookup::Awaited(error) => return Err(Unread::Awaited(error)),
            Lookup::Failed(error) => return Err(Unread::Failed(error)),
        };
        self.decode(id, &schema, payload).map_err(Unread::Failed)
    }

    fn decode(
        &self,
        id: SchemaId,
        schema: &Arc<Schema>,
        payload: Cow<'_, [u8]>,
    ) -> Result<LazyValue, ProbeError> {
        let (expected, found) = (self.format.schema_type(), schema.schema_type());
        if expected != Some(found) {
            let message = format!(
                "schema {id} was of type {}, and the {} was to be of format `{}`",
                found.name(),
                self.side.name(),
                self.format.name()
            );
            return Err(ProbeError::new(ErrorCode::DecodeFailed, message)
                .with("schema_id", id.to_string())
                .hint("set the format that the topic carries"));
        }
        let reader = self.readers.iter().find(|reader| reader.record_name() == schema.record_name());
        let decoded = match reader {
            Some(reader) => schema.decode_as(reader, &payload).map(LazyValue::from),
            None => LazyValue::read(schema, payload),
        };
        decoded.map_err(|fault| {
            let what = format!("the {} did not decode under schema {id}", self.side.name());
            faulty(ErrorCode::DecodeFailed, &what, &fault).with("schema_id", id.to_string())
        })
    }
}

/// Returns the error of a fault in a schema or under one.
pub(crate) fn faulty(code: ErrorCode, what: &str, fault: &Fault) -> ProbeError {
    let error = ProbeError::new(code, format!("{what}: {fault}"));
    let error = if fault.path.is_empty() { error } else { error.with("path", fault.path.as_str()) };
    match &fault.hint {
        Some(hint) => error.hint(hint.as_str()),
        None => error,
    }
}

/// Returns the error of a format for which there is no schema registry.
pub(crate) fn no_registry(format: Format) -> ProbeError {
    ProbeError::new(
        ErrorCode::InvalidConfig,
        format!("format `{}` needs a schema registry, and its cluster has none", format.name()),
    )
    .with("format", format.name())
    .hint("set `schema-registry: {url: ...}` for the cluster; `mock://NAME` is one in this process")
}
