//! From bytes to requests and from responses to bytes.
//!
//! Every frame passes the structural check in [`bounds`] before the codec sees it (adr/0024): the codec
//! reserves what a count says before it looks whether so much can follow. Whatever state keeps of a request
//! is copied out of it: names and payloads are slices of the frame, and keep all of it in memory.

pub(crate) mod apis;
pub(crate) mod bounds;
pub(crate) mod frame;
pub(crate) mod pieces;
pub(crate) mod records;
mod shape;
mod shapes;

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod response_tests;
#[cfg(test)]
pub(crate) mod sampling;
