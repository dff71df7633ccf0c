//! Faults and the record of requests as documents, beside those of the brokers in [`crate::control`].
//!
//! | command | answer |
//! |---|---|
//! | `{"do": "inject", "registry": FAULT}` | `{"id": 1}` |
//! | `{"do": "clear", "registry": {"id": 1}}` | `{"cleared": true}`, false when it was over |
//! | `{"do": "clear", "registry": {}}` | `{"cleared": true}`: all faults of the registry |
//! | `{"do": "faults", "registry": {}}` | `{"faults": [{"id": 1, "hits": 0, "fault": FAULT}]}`: those that may still strike |
//! | `{"do": "requests", "registry": {"method": "GET", "path": "/schemas/ids/", "limit": 100}}` | `{"requests": [...]}`, the latest ones in their order; every filter is optional, `path` is how it begins |
//! | `{"do": "forget-requests", "registry": {}}` | `{}` |
//!
//! FAULT is `{"method": "POST", "path": "/subjects/orders-value", "times": 3, "after": 2, "then": ACTION}`, where only
//! `then` is required, and ACTION one of `{"status": 503}`, `{"delay-ms": 50}`, `"disconnect"` and `"silence"`.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::EmbeddedRegistry;
use super::faults::{Action, RegistryFault, RegistryRequest, is_method};
use crate::control::{ControlError, Place, REQUESTS};

const COMMANDS: &[&str] = &["inject", "clear", "faults", "requests", "forget-requests"];
const ACTIONS: &str = "one of `{\"status\": 503}`, `{\"delay-ms\": 50}`, `\"disconnect\"`, `\"silence\"`";

impl EmbeddedRegistry {
    /// Runs a command that is a document. Its shapes are those of the module's table.
    ///
    /// ```
    /// use serde_json::json;
    /// use test_probe_embedded::registry::{EmbeddedRegistry, RegistryOptions};
    ///
    /// let registry = EmbeddedRegistry::start(RegistryOptions::default())?;
    /// let fault = json!({"path": "/schemas/ids/", "times": 1, "then": {"status": 503}});
    /// assert_eq!(registry.control(&json!({"do": "inject", "registry": fault}))?, json!({"id": 1}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ControlError`] names the place in the command.
    pub fn control(&self, command: &Value) -> Result<Value, ControlError> {
        let root = Place::root(command)?;
        let what = root.one_of("do", COMMANDS)?;
        root.only(&["do", "registry"])?;
        let at = root.object("registry")?;
        match what {
            "inject" => Ok(json!({"id": self.inject(read_fault(&at)?)})),
            "clear" => {
                at.only(&["id"])?;
                let cleared = match at.whole("id")? {
                    Some(id) => self.clear(id),
                    None => {
                        self.clear_all();
                        true
                    }
                };
                Ok(json!({"cleared": cleared}))
            }
            "faults" => {
                at.only(&[])?;
                let told = self.faults().into_iter();
                let told =
                    told.map(|one| json!({"id": one.id, "hits": one.hits, "fault": tell_fault(&one.fault)}));
                Ok(json!({"faults": told.collect::<Vec<_>>()}))
            }
            "requests" => self.tell_requests(&at),
            _ => {
                at.only(&[])?;
                self.forget_requests();
                Ok(json!({}))
            }
        }
    }

    fn tell_requests(&self, at: &Place<'_>) -> Result<Value, ControlError> {
        at.only(&["method", "path", "limit"])?;
        let (method, path) = (method(at)?, at.text("path")?);
        let limit = usize::try_from(at.whole("limit")?.unwrap_or(REQUESTS)).unwrap_or(usize::MAX);
        let mut seen = self.requests();
        seen.retain(|one| {
            method.as_ref().is_none_or(|method| one.method == *method)
                && path.is_none_or(|path| one.path.starts_with(path))
        });
        let latest = &seen[seen.len().saturating_sub(limit)..];
        Ok(json!({"requests": latest.iter().map(tell_request).collect::<Vec<_>>()}))
    }
}

fn method(at: &Place<'_>) -> Result<Option<String>, ControlError> {
    let Some(method) = at.text("method")? else { return Ok(None) };
    let upper = method.to_ascii_uppercase();
    if is_method(&upper) {
        return Ok(Some(upper));
    }
    Err(at.unlike("method", "a method, for example `\"POST\"`", &method.into()))
}

fn read_fault(at: &Place<'_>) -> Result<RegistryFault, ControlError> {
    at.only(&["method", "path", "times", "after", "then"])?;
    Ok(RegistryFault {
        method: method(at)?,
        path: at.text("path")?.map(str::to_owned),
        times: at.whole("times")?,
        after: at.whole("after")?.unwrap_or(0),
        action: read_action(at)?,
    })
}

fn read_action(at: &Place<'_>) -> Result<Action, ControlError> {
    let value = at.get("then").ok_or_else(|| at.missing("then"))?;
    let wrong = || at.unlike("then", ACTIONS, value);
    match value {
        Value::String(name) if name == "disconnect" => Ok(Action::Disconnect),
        Value::String(name) if name == "silence" => Ok(Action::Silence),
        Value::Object(keyed) if keyed.len() == 1 => {
            let inner = at.object("then")?;
            if let Some(status) = inner.whole("status")? {
                let status = u16::try_from(status).ok().filter(|status| (400..600).contains(status));
                return status.map(Action::Status).ok_or_else(|| {
                    inner.unlike("status", "an HTTP status of an error, 400 to 599", &keyed["status"])
                });
            }
            let delay = inner.whole("delay-ms")?.ok_or_else(wrong)?;
            Ok(Action::Delay(Duration::from_millis(delay)))
        }
        _ => Err(wrong()),
    }
}

fn tell_fault(fault: &RegistryFault) -> Value {
    let mut told = Map::new();
    let mut tell = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            told.insert(key.to_owned(), value);
        }
    };
    tell("method", fault.method.clone().map(Value::from));
    tell("path", fault.path.clone().map(Value::from));
    tell("times", fault.times.map(Value::from));
    tell("after", (fault.after > 0).then(|| fault.after.into()));
    let action = match fault.action {
        Action::Status(status) => json!({"status": status}),
        Action::Delay(time) => json!({"delay-ms": time.as_millis() as u64}),
        Action::Disconnect => "disconnect".into(),
        Action::Silence => "silence".into(),
    };
    tell("then", Some(action));
    told.into()
}

fn tell_request(seen: &RegistryRequest) -> Value {
    json!({
        "at-ms": seen.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
        "method": seen.method,
        "path": seen.path,
        "client": seen.client,
        "status": seen.status,
        "faulted": seen.is_faulted,
    })
}
