//! test-probe: the engine with which teams test systems that talk over Kafka.

pub mod broker;
pub mod call;
pub mod clusters;
pub mod codec;
pub mod completion;
pub mod config;
pub mod directive;
mod document;
mod embedded;
pub mod engine;
pub mod error;
pub mod event;
#[cfg(feature = "capi")]
pub mod ffi;
pub mod handles;
mod journal;
mod lazy;
pub mod matcher;
pub mod operation;
#[cfg(test)]
mod parity;
mod registry;
pub mod runtime;
pub mod schemas;
mod supervisor;
pub mod trial;
pub mod verdict;
pub mod words;
mod workers;

pub use config::Config;
pub use directive::{Directives, TopicDirective};
pub use engine::{
    Preflight, PreflightCheck, PreflightFinding, PreflightStatus, Probe, ProbeBuilder, Session, dsl,
};
pub use error::{Category, ErrorCode, ProbeError, Result, classify_error};
pub use event::{
    ConsumedNack, ConsumedResult, Decoded, Envelope, Event, Headers, Payload, ProduceResult, ProducedAck,
    ReceivedEvent,
};
pub use lazy::LazyValue;
pub use matcher::{After, Mark, Match, Matcher, Mode};
pub use operation::{Fish, Order, Verification, Wanted};
pub use test_probe_embedded::EmbeddedKafka;
pub use verdict::delivery::{DeliveryCheck, DeliveryReport};
pub use verdict::{Coverage, PartitionCoverage, Verdict, Warning};
