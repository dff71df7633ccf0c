//! What an expectation ends in, and how it explains itself.

mod model;

pub use model::*;
