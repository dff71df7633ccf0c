//! Between events and records: the envelope, the correlation sources and the formats.
//!
//! Pure: bytes in, bytes out; time and fresh ids come in as arguments ([`Stamp`]).
//!
//! - [`encode`] turns an event into a record. In all modes a header of the user wins over one of
//!   ours with the same name and is never doubled.
//! - [`Reading`] is the plan by which records of one topic are read; made once per directive.
//!   What headers can decide is decided before any payload is looked at.
//! - [`admits`] decides whether eventFilters let an event in.

mod encode;
mod envelope;
mod filter;
mod glance;
mod json;
mod lens;
mod payload;
mod read;
mod schemas;
mod scratch;
#[cfg(any(test, debug_assertions))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use encode::{Stamp, Written, encode};
pub use filter::admits;
pub(crate) use glance::{Field, Glance};
pub(crate) use lens::{faulty, no_registry};
pub use read::Reading;
pub use schemas::{Lookup, Schemas, Writer, Writers};
pub use scratch::Scratch;
pub use test_probe_formats::rfc3339;
