//! The C ABI (feature `capi`). `include/test_probe.h` is generated from the functions here; their
//! comments are the C manual, so they speak to a C programmer.
//!
//! Every function goes through [`guard::guarded`], which owns the panic policy, writes the error
//! object and returns the code. Pointers are read in [`input`] and nowhere else.

pub mod about;
pub mod dsl;
pub mod error;
pub mod events;
pub mod guard;
pub mod input;
pub mod probe;
pub mod queue;
mod registry;
pub mod session;
pub mod submit;
pub mod types;
pub mod verbs;
mod wake;
