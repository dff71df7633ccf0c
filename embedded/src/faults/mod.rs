//! Faults on purpose: what a broker does wrong, to whom and how often, and the record of what it was asked.
//!
//! ```
//! use std::time::Duration;
//! use test_probe_embedded::faults::{Action, Api, Fault, KafkaError};
//! use test_probe_embedded::{EmbeddedKafka, Options};
//!
//! let kafka = EmbeddedKafka::start(Options::default())?;
//! let not_leader = Action::Error(KafkaError::NotLeaderOrFollower);
//! kafka.faults().inject(Fault::on(Api::Produce).topic("orders").partition(0).times(3).then(not_leader))?;
//! let slow = kafka.faults().inject(Fault::on_any().broker(1).then(Action::Delay(Duration::from_millis(50))))?;
//! kafka.faults().clear(slow);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every request is recorded, so that a test can ask what a client did:
//!
//! ```
//! # use test_probe_embedded::{EmbeddedKafka, Options, faults::Api};
//! # let kafka = EmbeddedKafka::start(Options::default())?;
//! assert_eq!(kafka.requests().of(Api::Produce).len(), 0);
//! # Ok::<(), test_probe_embedded::StartError>(())
//! ```
//!
//! Faults are looked at in one place, before a request reaches the state and after the state answered it; with
//! none injected that costs a look at an empty list.

mod fault;
mod plan;
mod requests;
mod rules;

use std::sync::Arc;

/// An error of Kafka's protocol.
pub use kafka_protocol::ResponseError as KafkaError;
/// An API of Kafka's protocol.
pub use kafka_protocol::messages::ApiKey as Api;

pub use fault::{Action, Fault, InvalidFault, Trigger};
pub(crate) use plan::{Ending, Parts, Plan};
pub use requests::{Outcome, RequestSeen, Requests};
pub(crate) use requests::{Recorder, Seen};
pub(crate) use rules::Rules;
pub use rules::{ActiveFault, FaultId};

use crate::server::Shared;

/// Injects faults into a cluster. Clones are handles of the same cluster.
#[derive(Debug, Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

impl Faults {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Injects a fault, which strikes from the next request on. Several faults may strike the same request:
    /// delays and throttles add up, and of two errors for the same partition, or two ways to end the
    /// connection, the one injected first counts.
    pub fn inject(&self, fault: Fault) -> Result<FaultId, InvalidFault> {
        fault.check()?;
        let mut state = self.shared.lock();
        match fault.trigger.broker {
            Some(broker) if state.nodes.get(broker).is_none() => Err(InvalidFault(format!(
                "broker `{broker}` does not exist, the cluster has `1` to `{}`",
                state.nodes.all().len()
            ))),
            _ => Ok(state.faults.inject(fault)),
        }
    }

    /// Ends a fault. Returns whether it was still there.
    pub fn clear(&self, id: FaultId) -> bool {
        self.shared.lock().faults.clear(id)
    }

    /// Ends all faults.
    pub fn clear_all(&self) {
        self.shared.lock().faults.clear_all();
    }

    /// Returns the faults that may still strike, in the order of their injection, with how often they did.
    pub fn active(&self) -> Vec<ActiveFault> {
        self.shared.lock().faults.active()
    }
}
