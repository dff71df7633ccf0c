//! An in-process Kafka for tests that real clients of any language connect to.
//!
//! ```
//! use test_probe_embedded::{EmbeddedKafka, Options};
//!
//! let kafka = EmbeddedKafka::start(Options::default())?;
//! println!("connect to {}", kafka.bootstrap_servers());
//! # Ok::<(), test_probe_embedded::StartError>(())
//! ```
//!
//! A frame flows through the folders like this: `server` reads it, `wire` checks and decodes it, `api` answers
//! it from the `state`, whose partitions keep their records in a `log` and whose `groups` share them out. Waits are completed by the state, not
//! by tasks: time is an argument of everything below `server`.

#[cfg(test)]
mod allocations;
mod api;
mod cluster;
pub mod control;
pub mod faults;
mod groups;
mod log;
mod options;
pub mod registry;
pub mod security;
mod server;
mod state;
mod transactions;
mod wire;

pub use cluster::{BrokerInfo, EmbeddedKafka, StartError, TopicError};
pub use options::{Limits, Options, WhenFull};
pub use registry::{EmbeddedRegistry, RegistryOptions};
pub use server::Quiet;
pub use state::leaders::BrokerError;
