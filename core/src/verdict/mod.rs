//! What an expectation ends in, and how it explains itself.
//!
//! Pure: an [`Evidence`] is data, and [`Evidence::into_error`] turns the same data into the same
//! text in every language.

pub mod delivery;
mod document;
mod explain;
mod finding;
pub(crate) mod hints;
mod model;
mod nearest;
mod rows;
#[cfg(any(test, debug_assertions))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod words;

pub use model::*;
