//! Groups in virtual time: requests go in as they come off the wire, and every answer is also encoded.

mod classic;
mod consumer;
mod failures;
mod offsets;
mod statics;
mod world;
