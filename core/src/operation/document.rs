//! Expectations as documents: `{"verb", "topic", ...}`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Expectation, Fish, Fishing, Operation, Order, Verb, Verification, Wanted};
use crate::document::closest;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::matcher::{After, Match};
use crate::verdict::delivery::DeliveryCheck;

/// The verbs and the keys of each beside `verb`, `hint` and `within_ms`.
const VERBS: [(&str, &[&str]); 9] = [
    ("expect_event", &["topic", "match", "after"]),
    ("expect_none", &["topic", "match", "after"]),
    ("expect_exactly", &["topic", "match", "after", "n"]),
    ("expect_all_of", &["topic", "matches", "order", "after"]),
    ("receive_event", &["topic", "match", "after"]),
    ("receive_n", &["topic", "match", "after", "n"]),
    ("fish_for_event", &["topic", "match", "after", "fishing", "answers"]),
    ("expect_group_caught_up", &["topic", "group"]),
    ("verify_delivery", &["topic", "output", "checks", "match", "after"]),
];
const OF_ALL: [&str; 3] = ["verb", "hint", "within_ms"];

impl Operation {
    /// Reads an expectation: `{"verb", "topic", "match", "matches", "order", "n", "after", "group",
    /// "output", "checks", "hint", "within_ms"}`, each verb with the keys that it has a use for. `after` and `hint` may
    /// stand here or in a match; those of a match go first.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for an unknown verb or key, and for what is missing or malformed.
    pub fn expectation(document: &Value) -> Result<Self> {
        let members =
            document.as_object().ok_or_else(|| invalid("an expectation was not a JSON object".to_owned()))?;
        let name = text(members, "verb")?;
        check_keys(&name, members)?;
        let n = |least: u64| match members.get("n") {
            None => Err(invalid("`n` was missing".to_owned())),
            Some(n) => n
                .as_u64()
                .filter(|n| *n >= least)
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| invalid(format!("`n` was `{n}`, not a number of at least {least}"))),
        };
        let verb = match name.as_str() {
            "expect_event" => Verb::Event,
            "expect_none" => Verb::None,
            "expect_exactly" => Verb::exactly(n(0)?),
            "expect_all_of" => Verb::AllOf(order(members)?),
            "receive_event" => Verb::Receive(1),
            "receive_n" => Verb::Receive(n(1)?),
            "fish_for_event" if members.contains_key("fishing") => return fish_on(members),
            "fish_for_event" => return read(members, Verb::Fish).map(Self::Fish),
            "verify_delivery" => return verify(members),
            _ => {
                return Ok(Self::CaughtUp {
                    group: text(members, "group")?,
                    topic: text(members, "topic")?,
                    within: within(members)?,
                    hint: hint(members)?,
                });
            }
        };
        read(members, verb).map(Self::Expect)
    }

    /// Sets how long an expectation may wait; nothing for other verbs.
    pub fn set_within(&mut self, time: Duration) {
        match self {
            Self::Expect(expectation) | Self::Fish(expectation) => expectation.within = Some(time),
            Self::CaughtUp { within, .. } | Self::Verify { within, .. } => *within = Some(time),
            _ => {}
        }
    }
}

/// Reads what a fishing fishes for.
pub(super) fn fished(document: &Value) -> Result<Expectation> {
    let members = document.as_object().ok_or_else(|| invalid("`fishing` was not an object".to_owned()))?;
    read(members, Verb::Fish)
}

fn fish_on(members: &Map<String, Value>) -> Result<Operation> {
    let answers = members.get("answers").and_then(Value::as_array);
    let answers = answers.ok_or_else(|| invalid("`answers` was missing".to_owned()))?;
    Ok(Operation::FishOn {
        fishing: Box::new(Fishing::from_json(&members["fishing"])?),
        answers: answers.iter().map(Fish::from_json).collect::<Result<_>>()?,
    })
}

fn verify(members: &Map<String, Value>) -> Result<Operation> {
    let mut verification = Verification { output: optional_text(members, "output")?, ..Verification::new() };
    verification.only = match members.get("checks") {
        None | Some(Value::Null) => None,
        Some(Value::Array(names)) => Some(names.iter().map(check_of).collect::<Result<BTreeSet<_>>>()?),
        Some(other) => return Err(invalid(format!("`checks` was `{other}`, not a list"))),
    };
    if let Some(after) = members.get("after") {
        verification.matching.after = After::from_json(after)?;
    }
    verification.matching.hint = hint(members)?;
    if let Some(document) = members.get("match").filter(|document| !document.is_null()) {
        verification = verification.matching(Match::from_json(document)?);
    }
    Ok(Operation::Verify {
        topic: text(members, "topic")?,
        verification: Box::new(verification),
        within: within(members)?,
    })
}

fn check_of(name: &Value) -> Result<DeliveryCheck> {
    let found = DeliveryCheck::ALL.into_iter().find(|check| *name == check.name());
    found.ok_or_else(|| {
        let names = DeliveryCheck::ALL.map(DeliveryCheck::name);
        let error = invalid(format!("`{name}` was not a check of a delivery"));
        match closest(name.as_str().unwrap_or_default(), names) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint(format!("the checks are {}", names.join(", "))),
        }
    })
}

fn read(members: &Map<String, Value>, verb: Verb) -> Result<Expectation> {
    let after = members.get("after").map(After::from_json).transpose()?;
    let said = hint(members)?;
    let finish = |mut wanted: Wanted| {
        if let (After::Start, Some(after)) = (&wanted.matching.after, &after) {
            wanted.matching.after = after.clone();
        }
        wanted.matching.hint = wanted.matching.hint.or_else(|| said.clone());
        wanted
    };
    let wanted = match verb {
        Verb::AllOf(_) => match members.get("matches") {
            Some(Value::Array(matches)) => matches.iter().map(of_a_topic).collect::<Result<Vec<_>>>()?,
            Some(other) => return Err(invalid(format!("`matches` was `{other}`, not a list"))),
            None => return Err(invalid("`matches` was missing".to_owned())),
        },
        _ => match members.get("match") {
            None | Some(Value::Null) => vec![Wanted::default()],
            Some(document) => vec![Match::from_json(document)?.into()],
        },
    };
    let expectation = Expectation {
        verb,
        topic: text(members, "topic")?,
        wanted: wanted.into_iter().map(finish).collect(),
        within: within(members)?,
    };
    if matches!(verb, Verb::AllOf(_)) {
        expectation.check()?;
    }
    Ok(expectation)
}

/// Reads a match that may say on which topic it looks.
fn of_a_topic(document: &Value) -> Result<Wanted> {
    let mut document = document.clone();
    let topic = match document.as_object_mut().and_then(|members| members.remove("topic")) {
        None | Some(Value::Null) => None,
        Some(Value::String(topic)) => Some(topic),
        Some(other) => return Err(invalid(format!("`topic` of a match was `{other}`, not a text"))),
    };
    Ok(Wanted { matching: Match::from_json(&document)?, topic })
}

fn check_keys(verb: &str, members: &Map<String, Value>) -> Result<()> {
    let Some((_, keys)) = VERBS.iter().find(|(known, _)| *known == verb) else {
        let names = VERBS.map(|(name, _)| name);
        let error = invalid(format!("`{verb}` was not a verb"));
        return Err(match closest(verb, names) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint(format!("the verbs are {}", names.join(", "))),
        });
    };
    let known = || keys.iter().copied().chain(OF_ALL);
    let Some(key) = members.keys().find(|key| !known().any(|known| known == key.as_str())) else {
        return Ok(());
    };
    if let Some(uses) = uses(key) {
        return Err(invalid(format!("`{key}` was given to `{verb}`")).hint(format!("it goes with {uses}")));
    }
    let error = invalid(format!("`{key}` was not a key of `{verb}`"));
    Err(match closest(key, known()) {
        Some(meant) => error.hint(format!("did you mean `{meant}`?")),
        None => error.hint(format!("the keys are {}", known().collect::<Vec<_>>().join(", "))),
    })
}

/// Returns the verbs that have a use for a key.
fn uses(key: &str) -> Option<String> {
    let verbs = VERBS.iter().filter(|(_, keys)| keys.contains(&key)).map(|(verb, _)| format!("`{verb}`"));
    let verbs: Vec<String> = verbs.collect();
    (!verbs.is_empty()).then(|| verbs.join(", "))
}

fn order(members: &Map<String, Value>) -> Result<Order> {
    let Some(given) = members.get("order").filter(|order| !order.is_null()) else {
        return Ok(Order::InOrder);
    };
    let found = Order::ALL.into_iter().find(|order| given == order.name());
    found.ok_or_else(|| {
        let names = Order::ALL.map(Order::name);
        let error = invalid(format!("`order` was `{given}`"));
        match closest(given.as_str().unwrap_or_default(), names) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint(format!("the orders are {}", names.join(", "))),
        }
    })
}

fn text(members: &Map<String, Value>, key: &str) -> Result<String> {
    optional_text(members, key)?.ok_or_else(|| invalid(format!("`{key}` was missing")))
}

fn hint(members: &Map<String, Value>) -> Result<Option<String>> {
    optional_text(members, "hint")
}

fn optional_text(members: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(invalid(format!("`{key}` was `{other}`, not a text"))),
    }
}

fn within(members: &Map<String, Value>) -> Result<Option<Duration>> {
    match members.get("within_ms") {
        None | Some(Value::Null) => Ok(None),
        Some(millis) => millis
            .as_f64()
            .and_then(|millis| Duration::try_from_secs_f64(millis / 1e3).ok())
            .map(Some)
            .ok_or_else(|| invalid(format!("`within_ms` was `{millis}`, not a number of milliseconds"))),
    }
}

pub(super) fn invalid(message: String) -> ProbeError {
    ProbeError::new(ErrorCode::InvalidArgument, message)
}
