//! Faults, the record of requests and the brokers as documents: one call for the languages that reach the
//! cluster through C.
//!
//! | command | answer |
//! |---|---|
//! | `{"do": "inject", "fault": FAULT}` | `{"id": 1}` |
//! | `{"do": "clear", "id": 1}` | `{"cleared": true}`, false when it was over |
//! | `{"do": "clear"}` | `{"cleared": true}`: all faults |
//! | `{"do": "faults"}` | `{"faults": [{"id": 1, "hits": 0, "fault": FAULT}]}`: those that may still strike |
//! | `{"do": "requests", "api": "Produce", "topic": "orders", "client-id": "svc", "limit": 100}` | `{"requests": [...]}`, the latest ones in their order; every filter is optional |
//! | `{"do": "forget-requests"}` | `{}` |
//! | `{"do": "brokers"}` | `{"brokers": [{"id": 1, "address": "127.0.0.1:9092", "up": true}]}` |
//! | `{"do": "stop-broker", "broker": 2}`, `{"do": "start-broker", "broker": 2}` | `{}` |
//! | `{"do": "move-leader", "topic": "orders", "partition": 0, "broker": 2}` | `{}` |
//!
//! FAULT is `{"api": "Produce", "topic": "orders", "partition": 0, "client-id": "svc", "broker": 1, "times": 3,
//! "after": 2, "probability": 0.2, "then": ACTION}`, where only `then` is required, and ACTION one of
//! `{"error": "NOT_LEADER_OR_FOLLOWER"}`, `{"error-after": 7}`, `{"delay-ms": 50}`, `{"throttle-ms": 50}`,
//! `"disconnect"`, `"disconnect-after"`, `"silence"` and `"corrupt-batch"`.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::cluster::EmbeddedKafka;
pub(crate) use place::Place;

use crate::faults::{Action, Api, Fault, FaultId, KafkaError, Outcome, RequestSeen, Trigger};

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlError(String);

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ControlError {}

const COMMANDS: &[&str] = &[
    "inject",
    "clear",
    "faults",
    "requests",
    "forget-requests",
    "brokers",
    "stop-broker",
    "start-broker",
    "move-leader",
];
const ACTIONS: &[&str] = &["error", "error-after", "delay-ms", "throttle-ms"];
const PLAIN_ACTIONS: &[(&str, Action)] = &[
    ("disconnect", Action::Disconnect),
    ("disconnect-after", Action::DisconnectAfter),
    ("silence", Action::Silence),
    ("corrupt-batch", Action::CorruptBatch),
];
/// How many requests are told unless it is said.
pub(crate) const REQUESTS: u64 = 1000;

impl EmbeddedKafka {
    /// Runs a command that is a document. Its shapes are those of the module's table.
    ///
    /// ```
    /// use serde_json::json;
    /// use test_probe_embedded::{EmbeddedKafka, Options};
    ///
    /// let kafka = EmbeddedKafka::start(Options::default())?;
    /// let fault = json!({"api": "Produce", "topic": "orders", "times": 1, "then": "disconnect"});
    /// assert_eq!(kafka.control(&json!({"do": "inject", "fault": fault}))?, json!({"id": 1}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn control(&self, command: &Value) -> Result<Value, ControlError> {
        let at = Place::root(command)?;
        let done = json!({});
        match at.one_of("do", COMMANDS)? {
            "inject" => {
                at.only(&["do", "fault"])?;
                let fault = read_fault(&at.object("fault")?)?;
                let id = self.faults().inject(fault).map_err(|error| at.inside("fault").wrong(&error))?;
                Ok(json!({"id": id.0}))
            }
            "clear" => {
                at.only(&["do", "id"])?;
                let cleared = match at.whole("id")? {
                    Some(id) => self.faults().clear(FaultId(id)),
                    None => {
                        self.faults().clear_all();
                        true
                    }
                };
                Ok(json!({"cleared": cleared}))
            }
            "faults" => {
                at.only(&["do"])?;
                let active = self.faults().active();
                let told = active
                    .iter()
                    .map(|one| json!({"id": one.id.0, "hits": one.hits, "fault": tell_fault(&one.fault)}));
                Ok(json!({"faults": told.collect::<Vec<_>>()}))
            }
            "requests" => self.tell_requests(&at),
            "forget-requests" => {
                at.only(&["do"])?;
                self.requests().clear();
                Ok(done)
            }
            "brokers" => {
                at.only(&["do"])?;
                let told = self.brokers().into_iter().map(
                    |broker| json!({"id": broker.id, "address": broker.address.to_string(), "up": broker.up}),
                );
                Ok(json!({"brokers": told.collect::<Vec<_>>()}))
            }
            "stop-broker" => {
                at.only(&["do", "broker"])?;
                self.stop_broker(at.needed("broker")?).map_err(|error| at.wrong(&error))?;
                Ok(done)
            }
            "start-broker" => {
                at.only(&["do", "broker"])?;
                self.start_broker(at.needed("broker")?).map_err(|error| at.wrong(&error))?;
                Ok(done)
            }
            _ => {
                at.only(&["do", "topic", "partition", "broker"])?;
                let topic = at.text("topic")?.ok_or_else(|| at.missing("topic"))?;
                let (partition, broker) = (at.needed("partition")?, at.needed("broker")?);
                self.move_leader(topic, partition, broker).map_err(|error| at.wrong(&error))?;
                Ok(done)
            }
        }
    }

    fn tell_requests(&self, at: &Place<'_>) -> Result<Value, ControlError> {
        at.only(&["do", "api", "topic", "client-id", "limit"])?;
        let api = at.api("api")?;
        let (topic, client_id) = (at.text("topic")?, at.text("client-id")?);
        let limit = usize::try_from(at.whole("limit")?.unwrap_or(REQUESTS)).unwrap_or(usize::MAX);
        let seen = self.requests().matching(|seen| {
            api.is_none_or(|api| seen.api == api)
                && topic.is_none_or(|topic| seen.topics.iter().any(|one| one == topic))
                && client_id.is_none_or(|id| seen.client_id == id)
        });
        let latest = &seen[seen.len().saturating_sub(limit)..];
        Ok(json!({"requests": latest.iter().map(tell_request).collect::<Vec<_>>()}))
    }
}

fn read_fault(at: &Place<'_>) -> Result<Fault, ControlError> {
    at.only(&["api", "topic", "partition", "client-id", "broker", "times", "after", "probability", "then"])?;
    let mut trigger: Trigger = at.api("api")?.map_or_else(Fault::on_any, Fault::on);
    if let Some(topic) = at.text("topic")? {
        trigger = trigger.topic(topic);
    }
    if let Some(client_id) = at.text("client-id")? {
        trigger = trigger.client_id(client_id);
    }
    if at.has("partition") {
        trigger = trigger.partition(at.needed("partition")?);
    }
    if at.has("broker") {
        trigger = trigger.broker(at.needed("broker")?);
    }
    if let Some(times) = at.whole("times")? {
        trigger = trigger.times(times);
    }
    if let Some(after) = at.whole("after")? {
        trigger = trigger.after(after);
    }
    if let Some(value) = at.get("probability") {
        let probability = value.as_f64().ok_or_else(|| at.unlike("probability", "a number", value))?;
        trigger = trigger.probability(probability);
    }
    Ok(trigger.then(read_action(at)?))
}

fn read_action(at: &Place<'_>) -> Result<Action, ControlError> {
    let value = at.get("then").ok_or_else(|| at.missing("then"))?;
    let known = || {
        let plain = PLAIN_ACTIONS.iter().map(|(name, _)| format!("`\"{name}\"`"));
        let keyed = ACTIONS.iter().map(|name| format!("`{{\"{name}\": ...}}`"));
        plain.chain(keyed).collect::<Vec<_>>().join(", ")
    };
    let plain = value.as_str().and_then(|name| PLAIN_ACTIONS.iter().find(|(known, _)| *known == name));
    if let Some((_, action)) = plain {
        return Ok(*action);
    }
    let keyed = value.as_object().filter(|keyed| keyed.len() == 1);
    let Some(name) =
        keyed.and_then(|keyed| keyed.keys().next()).filter(|name| ACTIONS.contains(&name.as_str()))
    else {
        return Err(at.unlike("then", &format!("one of {}", known()), value));
    };
    let inner = at.object("then")?;
    let time = || Ok(Duration::from_millis(inner.whole(name)?.unwrap_or_default()));
    match name.as_str() {
        "error" => Ok(Action::Error(inner.error(name)?)),
        "error-after" => Ok(Action::ErrorAfter(inner.error(name)?)),
        "delay-ms" => Ok(Action::Delay(time()?)),
        _ => Ok(Action::Throttle(time()?)),
    }
}

fn tell_fault(fault: &Fault) -> Value {
    let Fault { trigger, action } = fault;
    let mut told = Map::new();
    let mut tell = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            told.insert(key.to_owned(), value);
        }
    };
    tell("api", trigger.api.map(|api| format!("{api:?}").into()));
    tell("topic", trigger.place.topic.clone().map(Value::from));
    tell("partition", trigger.place.partition.map(Value::from));
    tell("client-id", trigger.client_id.clone().map(Value::from));
    tell("broker", trigger.broker.map(Value::from));
    tell("times", trigger.times.map(Value::from));
    tell("after", (trigger.after > 0).then(|| trigger.after.into()));
    tell("probability", (trigger.probability < 1.0).then(|| trigger.probability.into()));
    let plain = PLAIN_ACTIONS.iter().find(|(_, known)| known == action);
    let action = match action {
        Action::Error(error) => json!({"error": error_name(*error)}),
        Action::ErrorAfter(error) => json!({"error-after": error_name(*error)}),
        Action::Delay(time) => json!({"delay-ms": time.as_millis() as u64}),
        Action::Throttle(time) => json!({"throttle-ms": time.as_millis() as u64}),
        _ => plain.map_or(Value::Null, |(name, _)| (*name).into()),
    };
    tell("then", Some(action));
    told.into()
}

fn tell_request(seen: &RequestSeen) -> Value {
    let at_ms = seen.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let outcome = match seen.outcome {
        Outcome::Waiting => "waiting".into(),
        Outcome::Answered => "answered".into(),
        Outcome::Error(error) => json!({"error": error_name(error)}),
        Outcome::Faulted => "faulted".into(),
        Outcome::Closed => "closed".into(),
    };
    json!({
        "at-ms": at_ms,
        "broker": seen.broker,
        "api": format!("{:?}", seen.api),
        "version": seen.version,
        "client-id": seen.client_id,
        "peer": seen.peer.to_string(),
        "topics": seen.topics,
        "outcome": outcome,
        "took-us": seen.took.map(|took| took.as_micros() as u64),
    })
}

/// Returns an error's name as Kafka spells it, for example `NOT_LEADER_OR_FOLLOWER`.
fn error_name(error: KafkaError) -> String {
    let mut name = String::new();
    for letter in error.to_string().chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// Returns every error that Kafka's protocol has.
fn errors() -> impl Iterator<Item = KafkaError> {
    let known = |error: &KafkaError| !matches!(error, KafkaError::Unknown(_));
    (-1..=1000).filter_map(KafkaError::try_from_code).filter(known)
}

impl Place<'_> {
    /// Reads the name of an API: as Kafka spells it, or `list-offsets`.
    fn api(&self, key: &str) -> Result<Option<Api>, ControlError> {
        let Some(name) = self.text(key)? else { return Ok(None) };
        let plain = name.replace('-', "").to_ascii_lowercase();
        let found = Api::iter().find(|api| format!("{api:?}").to_ascii_lowercase() == plain);
        match found {
            Some(api) => Ok(Some(api)),
            None => Err(ControlError(format!(
                "`{}` was `{name}`, which is no API of Kafka, for example `Produce` or `list-offsets`",
                self.path_of(key)
            ))),
        }
    }

    /// Reads an error: its name as Kafka spells it, or its code.
    fn error(&self, key: &str) -> Result<KafkaError, ControlError> {
        let value = self.get(key).ok_or_else(|| self.missing(key))?;
        let found = match value {
            Value::String(name) => errors().find(|error| error_name(*error) == *name),
            value => value.as_i64().and_then(|code| errors().find(|error| i64::from(error.code()) == code)),
        };
        found.ok_or_else(|| {
            self.unlike(key, "an error of Kafka, for example `\"NOT_LEADER_OR_FOLLOWER\"` or `6`", value)
        })
    }
}

mod place;
#[cfg(test)]
mod tests;
