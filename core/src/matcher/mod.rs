//! What a test expects of an event, evaluated in one place for every language.

mod model;

pub use model::*;
