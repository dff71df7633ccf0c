//! What reading and writing need of a schema registry. The codec never waits: what is not here yet is said so.

use std::fmt;
use std::sync::Arc;

use test_probe_formats::Schema;
use test_probe_formats::framing::SchemaId;

use crate::error::ProbeError;

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
