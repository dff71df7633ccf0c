//! Awaited.
