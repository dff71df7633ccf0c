//! What a test expects of an event, evaluated in one place for every language.
//!
//! Pure. [`Match::compare`] is the only judge; what fails comes back as [`Difference`]s, which
//! explanations show.

mod budget;
mod cel;
mod compare;
mod criterion;
mod describe;
mod document;
mod expected;
mod hints;
mod mark;
mod matchers;
mod model;
mod number;
mod pairing;
mod path;
mod pattern;
#[cfg(test)]
mod tests;
mod value;

pub use cel::Where;
pub use compare::{Comparison, Difference, Stage};
pub use expected::Expected;
pub(crate) use hints::near_header;
pub use matchers::Matcher;
pub use model::*;
