//! Protobuf.
//!
//! text -> [`compile`] -> descriptors -> [`plan`] -> [`read`] and [`write`]. protox compiles, prost-reflect holds the
//! descriptors; bytes are read and written by the plan and not by way of a dynamic message, so that a fault knows its
//! path and a field that nobody asks for is passed by.
//!
//! A value is the canonical JSON mapping of Protobuf, with three differences: fields are spelled as in the schema
//! (both spellings are read), 64-bit integers are numbers (text is read too), and an unset field without presence is
//! shown with its default, while one with presence is not shown. Unknown fields of a payload are passed by. Messages
//! of `google/protobuf` have their canonical forms ([`known`]).

mod common;
mod compile;
mod diff;
mod known;
mod layout;
mod normal;
mod plan;
mod read;
mod wire;
mod write;

use prost_reflect::FileDescriptor;
use serde_json::Value;

use crate::fault::{Fault, FaultKind};
use crate::pointer::segments;
use crate::source::SchemaSource;
use compile::{Compiled, compile};
pub(crate) use layout::indexes;
use layout::{Layout, Place};
use plan::Plan;

/// A `.proto` file with its imports, compiled.
#[derive(Debug)]
pub struct ProtobufSchema {
    file: FileDescriptor,
    layout: Layout,
    plan: Plan,
}

impl ProtobufSchema {
    pub(crate) fn parse(source: &SchemaSource) -> Result<Self, Fault> {
        let Compiled { file, layout } = compile(source)?;
        let plan = Plan::new(file.parent_pool());
        Ok(Self { file, layout, plan })
    }

    pub(crate) fn record_name(&self) -> Option<&str> {
        self.layout.first().map(|place| place.name.as_str())
    }

    pub(crate) fn encode(
        &self,
        value: &Value,
        message: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let place = layout::choose(&self.layout, message)?;
        let message = self.message(place, FaultKind::Encode)?;
        let start = out.len();
        layout::write(place, out);
        write::message(&self.plan, message, value, out, 0).inspect_err(|_| out.truncate(start))
    }

    pub(crate) fn decode(&self, payload: &[u8]) -> Result<Value, Fault> {
        self.decode_as(self, payload)
    }

    /// Reads a payload of this schema by the message of the same name in the reader.
    pub(crate) fn decode_as(&self, reader: &Self, payload: &[u8]) -> Result<Value, Fault> {
        let (place, content) = layout::read(&self.layout, payload)?;
        read::message(&reader.plan, reader.message(place, FaultKind::Decode)?, content, 0)
    }

    pub(crate) fn decode_field(&self, payload: &[u8], pointer: &str) -> Result<Option<Value>, Fault> {
        let Some(segments) = segments(pointer) else { return Ok(None) };
        let (place, content) = layout::read(&self.layout, payload)?;
        read::pick(&self.plan, self.message(place, FaultKind::Decode)?, content, &segments, 0)
    }

    /// Returns the full name of the message that has this full or simple name, and no other one has.
    pub(crate) fn message_name(&self, name: &str) -> Result<&str, Fault> {
        layout::choose(&self.layout, Some(name)).map(|place| place.name.as_str())
    }

    pub(crate) fn canonical(&self) -> String {
        normal::text(&self.file)
    }

    pub(crate) fn problems_reading(&self, writer: &Self) -> Vec<String> {
        diff::problems(&self.file, &writer.file)
    }

    fn message(&self, place: &Place, kind: FaultKind) -> Result<usize, Fault> {
        let found = self.plan.named(&place.name);
        found.ok_or_else(|| Fault::new(kind, format!("the schema has no message `{}`", place.name)))
    }
}
