//! Topic directives: what a test says about the topics it works with.

mod model;

pub use model::*;
