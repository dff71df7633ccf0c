//! test-probe: the engine with which teams test systems that talk over Kafka.

pub mod broker;
pub mod config;
pub mod directive;
mod document;
pub mod error;
pub mod event;
pub mod matcher;
pub mod runtime;
pub mod verdict;

pub use config::Config;
pub use directive::{Directives, TopicDirective};
pub use error::{Category, ErrorCode, ProbeError, Result};
pub use event::{
    ConsumedNack, ConsumedResult, Decoded, Envelope, Event, Headers, Payload, ProduceResult, ProducedAck,
    ReceivedEvent,
};
pub use matcher::{After, Mark, Match};
pub use verdict::{Coverage, PartitionCoverage, Verdict, Warning};
