//! The JVM boundary: the natives of the class `io.testprobe.Native`. It decides nothing.
//!
//! Structured things cross as JSON documents that core reads and writes, in UTF-8; key, value and headers cross
//! as bytes. Four invariants hold in every file here:
//!
//! - No thread of ours attaches to the virtual machine: results wait in a queue until a thread of Java drains it.
//! - Nothing waits here but `drain` and `close`, both bounded; verbs wait in Java.
//! - No Java object is kept between calls, so that a class loader can go.
//! - Long-lived things are handles, looked up on each call; a stale one is an error.

mod completion;
mod convert;
mod error;
mod frame;
mod natives;
mod registry;

/// The shape of this boundary. The classes refuse a library that has another one.
pub(crate) const ABI: u32 = 2;
