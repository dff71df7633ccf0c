//! Topic directives: what a test says about the topics it works with.
//!
//! text -> tree ([`crate::document`]) -> [`Directives`], with everything that is wrong told at once. Pure.

mod filters;
mod keys;
mod model;
mod names;
mod normalised;
mod read;
mod schemas;
mod sources;
mod start;

pub use keys::json_schema;
pub use model::*;
pub use names::{validate_bootstrap_servers, validate_uniqueness};
pub use schemas::{
    SchemaChoice, SchemaOrigin, SchemaReference, SchemaText, SchemaUse, Subject, SubjectStrategy,
};
pub(crate) use start::rfc3339_millis;

#[cfg(test)]
mod tests;
