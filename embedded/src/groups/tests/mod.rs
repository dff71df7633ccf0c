//! Groups in virtual time: requests go in as they come off the wire, and every answer is also encoded.

mod classic;
mod client;
mod consumer;
mod consumer_views;
mod failures;
mod offsets;
mod statics;
mod world;
