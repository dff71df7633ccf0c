//! A fault as its user describes it.

use std::fmt;
use std::time::Duration;

use super::{Api, KafkaError};
use crate::api::places::{self, Place};
use crate::wire::apis;

/// The longest that a fault may hold a client up.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A fault: when it strikes, and what happens then.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub(crate) trigger: Trigger,
    pub(crate) action: Action,
}

/// When a fault strikes: on requests that have all of what is named here, until it is cleared unless told
/// otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    pub(crate) api: Option<Api>,
    pub(crate) place: Place,
    pub(crate) client_id: Option<String>,
    pub(crate) broker: Option<i32>,
    pub(crate) times: Option<u64>,
    pub(crate) after: u64,
    pub(crate) probability: f64,
}

/// What happens to a request that a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The error is answered and nothing is applied. Where the API answers each topic or partition for itself,
    /// the error goes to those that the fault names, and the others are served.
    Error(KafkaError),
    /// The request is applied, and the error is answered: the acknowledgement is lost.
    ErrorAfter(KafkaError),
    /// The request is taken up later.
    Delay(Duration),
    /// The connection is closed; nothing is applied.
    Disconnect,
    /// The request is applied and the connection is closed without an answer.
    DisconnectAfter,
    /// The request is never answered and not applied. The connection stays open, and is deaf from then on: the
    /// answers of a connection are in order.
    Silence,
    /// One byte of the first batch of each matching partition is flipped in the answer to a Fetch, so that its
    /// checksum fails. The log keeps the right one. An answer without records is no hit.
    CorruptBatch,
    /// The answer names this throttle time, and as with Kafka's quotas the next request of the connection is
    /// taken up when it is over.
    Throttle(Duration),
}

/// Why a fault cannot be injected: it could never strike, or asks for what does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFault(pub(super) String);

impl fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the fault was invalid: {}", self.0)
    }
}

impl std::error::Error for InvalidFault {}

impl Fault {
    /// Begins a fault on the requests of one API.
    pub fn on(api: Api) -> Trigger {
        Trigger { api: Some(api), ..Self::on_any() }
    }

    /// Begins a fault on the requests of every API.
    pub fn on_any() -> Trigger {
        let place = Place { topic: None, partition: None };
        Trigger { api: None, place, client_id: None, broker: None, times: None, after: 0, probability: 1.0 }
    }

    /// Checks that the fault could strike.
    pub(crate) fn check(&self) -> Result<(), InvalidFault> {
        let Trigger { api, place, times, probability, .. } = &self.trigger;
        let invalid = |reason: String| Err(InvalidFault(reason));
        if let Some(api) = api {
            if apis::find(*api as i16).is_none() {
                return invalid(format!("`{api:?}` is not served"));
            }
            if place.topic.is_some() && !places::has_topics(*api) {
                return invalid(format!("requests of `{api:?}` name no topics"));
            }
            if place.partition.is_some() && !places::has_partitions(*api) {
                return invalid(format!("requests of `{api:?}` name no partitions"));
            }
        }
        if place.partition.is_some_and(|partition| partition < 0) {
            return invalid("the partition was negative".to_owned());
        }
        if *times == Some(0) {
            return invalid("`0` times is never".to_owned());
        }
        if !(*probability > 0.0 && *probability <= 1.0) {
            return invalid(format!("probability `{probability}` is not above 0 and at most 1"));
        }
        match self.action {
            Action::CorruptBatch if *api != Some(Api::Fetch) => {
                invalid("only the batches of a `Fetch` can be corrupted".to_owned())
            }
            Action::Error(error) | Action::ErrorAfter(error) if matches!(error, KafkaError::Unknown(_)) => {
                invalid(format!("`{}` is no error code of Kafka", error.code()))
            }
            Action::Delay(time) | Action::Throttle(time) if time > LONGEST => {
                invalid("a day is the longest time".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Trigger {
    /// Only requests that name this topic. One that asks for all topics names each of them in Metadata, and none
    /// elsewhere.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.place.topic = Some(topic.into());
        self
    }

    /// Only requests that name a partition of this number, of any topic unless one is given.
    pub fn partition(mut self, partition: i32) -> Self {
        self.place.partition = Some(partition);
        self
    }

    /// Only requests of clients with this `client.id`.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Only requests to this broker; the first is 1.
    pub fn broker(mut self, broker: i32) -> Self {
        self.broker = Some(broker);
        self
    }

    /// Strikes so many requests, then it is over.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes until it is cleared, which is what happens unless told otherwise.
    pub fn until_cleared(mut self) -> Self {
        self.times = None;
        self
    }

    /// Lets so many matching requests pass first.
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    /// Strikes a matching request with this probability, above 0 and at most 1; the cluster's seed decides.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Completes the fault with what happens.
    pub fn then(self, action: Action) -> Fault {
        Fault { trigger: self, action }
    }
}
