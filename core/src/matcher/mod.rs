//! What a test expects of an event, evaluated in one place for every language.
//!
//! Pure. [`Match::compare`] is the only judge; what fails comes back as [`Difference`]s, which
//! explanations show.

mod compare;
mod describe;
mod document;
mod hints;
mod mark;
mod model;
#[cfg(test)]
mod tests;
mod value;

pub use compare::{Comparison, Difference, Stage};
pub use model::*;
