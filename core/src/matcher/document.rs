//! Matches as documents.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::describe::cut;
use super::{After, Expected, Mark, Match, Matcher, Mode, Where};
use crate::document::closest;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::bytes_to_json;

const KEYS: &[&str] = &[
    "id", "type", "version", "key", "headers", "value", "mode", "matchers", "where", "own", "after", "hint",
];

/// What later versions will understand.
const LATER: &[&str] = &["predicate"];

/// Names that others use for ours.
const ALIASES: &[(&str, &str)] = &[
    ("eventType", "type"),
    ("event_type", "type"),
    ("eventVersion", "version"),
    ("payloadVersion", "version"),
    ("eventTestId", "id"),
    ("correlationId", "id"),
    ("payload", "value"),
    ("data", "value"),
    ("cel", "where"),
    ("jsonPath", "matchers"),
    ("jsonpath", "matchers"),
    ("regex", "matchers"),
];

impl Match {
    /// Reads a match from its document.
    ///
    /// Keys, all optional: `id`, `type`, `version`, `hint` (strings), `key` (string or
    /// `{"base64"}`), `headers` (object of name to value, or list of pairs; a value is a string,
    /// null, `{"base64"}` or a list of these that must all be there), `value` (any JSON; null asks
    /// for a tombstone or a JSON null), `mode` (`subset`, `exact` or `any_order`), `matchers` (a list
    /// of `{"path", "matcher", "value"}`), `where` (a CEL expression), `own` (bool) and `after` (`"start"`, `{"mark": ...}` or
    /// `{"topic", "partition", "offset"}`). A null stands for nothing but itself: `"id": null` is
    /// refused, since a test that lost its id would match every event.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for an unknown key or a malformed value, UNSUPPORTED for what a later
    /// version will understand.
    pub fn from_json(document: &Value) -> Result<Self> {
        let members = members(document, "match", KEYS)?;
        let text = |key: &str| members.get(key).map(|value| string(value, key)).transpose();
        if members.contains_key("mode") && !members.contains_key("value") {
            return Err(invalid("`mode` of a match stood without `value`".to_owned())
                .hint("`mode` says how `value` is compared"));
        }
        Ok(Self {
            id: text("id")?,
            event_type: text("type")?,
            version: text("version")?,
            key: members.get("key").map(|value| bytes(value, "key")).transpose()?,
            headers: members.get("headers").map(headers).transpose()?.unwrap_or_default(),
            value: members.get("value").map(Expected::new).transpose()?,
            mode: text("mode")?.map_or(Ok(Mode::default()), |name| mode(&name))?,
            matchers: members.get("matchers").map(matchers).transpose()?.unwrap_or_default(),
            where_: text("where")?.map(|expression| Where::new(&expression)).transpose()?,
            own: members.get("own").map(own).transpose()?,
            after: members.get("after").map(After::from_json).transpose()?.unwrap_or_default(),
            hint: text("hint")?,
            ..Self::default()
        })
    }

    /// Returns the match as a document that [`Match::from_json`] reads back as the same match;
    /// headers are a list of pairs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        let mut add = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                members.insert(key.to_owned(), value);
            }
        };
        add("id", self.id.as_deref().map(Value::from));
        add("type", self.event_type.as_deref().map(Value::from));
        add("version", self.version.as_deref().map(Value::from));
        add("key", self.key.as_deref().map(bytes_to_json));
        let pairs: Vec<Value> = self
            .headers
            .iter()
            .map(|(name, value)| json!([name, value.as_deref().map(bytes_to_json)]))
            .collect();
        add("headers", (!pairs.is_empty()).then_some(Value::Array(pairs)));
        add("value", self.value.as_ref().map(Expected::document));
        add("mode", (self.mode != Mode::default()).then(|| self.mode.name().into()));
        let matchers: Vec<Value> = self.matchers.iter().map(Matcher::document).collect();
        add("matchers", (!matchers.is_empty()).then_some(Value::Array(matchers)));
        add("where", self.where_.as_ref().map(|expression| expression.source().into()));
        add("own", self.own.map(Value::from));
        add("hint", self.hint.as_deref().map(Value::from));
        add(
            "after",
            match &self.after {
                After::Start => None,
                After::Mark(mark) => Some(json!({ "mark": mark.to_json() })),
                After::Position { topic, partition, offset } => {
                    Some(json!({ "topic": &**topic, "partition": partition, "offset": offset }))
                }
            },
        );
        Value::Object(members)
    }
}

/// Returns the members of an object that has no keys but these.
pub(super) fn members<'a>(document: &'a Value, what: &str, keys: &[&str]) -> Result<&'a Map<String, Value>> {
    let Value::Object(members) = document else {
        return Err(invalid(format!("a {what} was not an object: `{}`", short(document))));
    };
    if let Some(key) = members.keys().find(|key| !keys.contains(&key.as_str())) {
        if keys == KEYS && LATER.contains(&key.as_str()) {
            return Err(ProbeError::new(
                ErrorCode::Unsupported,
                format!("`{key}` of a match is not in this version"),
            )
            .with("key", key.as_str())
            .hint(format!("known: {}", KEYS.join(", "))));
        }
        if keys == KEYS && key == "topic" {
            return Err(invalid("`topic` of a match goes with `expect_all_of`".to_owned())
                .hint("name the topic in the call"));
        }
        let error = invalid(format!("unknown key `{key}` in a {what}")).with("key", key.as_str());
        return Err(match meant(key, keys) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint(format!("known: {}", keys.join(", "))),
        });
    }
    Ok(members)
}

/// Returns a whole number that is not negative.
pub(super) fn integer<T: TryFrom<u64>>(value: Option<&Value>, key: &str) -> Result<T> {
    let number = value.and_then(Value::as_u64).and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| {
        let found = value.map_or("absent".to_owned(), |value| format!("`{}`", short(value)));
        invalid(format!("`{key}` was not a whole number of its range: {found}"))
    })
}

fn string(value: &Value, key: &str) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| {
        let error = invalid(format!("`{key}` of a match was not a string: `{}`", short(value)));
        if value.is_null() { error.hint(format!("leave `{key}` out to ask nothing of it")) } else { error }
    })
}

fn mode(name: &str) -> Result<Mode> {
    let found = Mode::NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, mode)| mode);
    found.ok_or_else(|| {
        let names = Mode::NAMES.map(|(known, _)| known);
        let error = invalid(format!("`mode` of a match was `{name}`"));
        match closest(name, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("known: {}", names.join(", "))),
        }
    })
}

fn matchers(value: &Value) -> Result<Vec<Matcher>> {
    let Value::Array(documents) = value else {
        return Err(invalid(format!("`matchers` of a match was not a list: `{}`", short(value))));
    };
    documents.iter().enumerate().map(|(index, document)| Matcher::from_json(document, index)).collect()
}

fn own(value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| invalid(format!("`own` of a match was not a bool: `{}`", short(value))))
}

fn bytes(value: &Value, what: &str) -> Result<Vec<u8>> {
    let malformed = || {
        invalid(format!(
            "`{what}` of a match was neither a string nor {{\"base64\": ...}}: `{}`",
            short(value)
        ))
    };
    match value {
        Value::String(text) => Ok(text.clone().into_bytes()),
        Value::Object(members) if members.len() == 1 => {
            let text = members.get("base64").and_then(Value::as_str).ok_or_else(malformed)?;
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .map_err(|error| invalid(format!("`{what}` of a match was not base64: {error}")))
        }
        _ => Err(malformed()),
    }
}

fn headers(value: &Value) -> Result<Vec<(String, Option<Vec<u8>>)>> {
    let mut read = Vec::new();
    let mut add = |name: &str, value: &Value| -> Result<()> {
        let what = format!("header {name}");
        let mut one = |value: &Value| -> Result<()> {
            let bytes = if value.is_null() { None } else { Some(bytes(value, &what)?) };
            read.push((name.to_owned(), bytes));
            Ok(())
        };
        match value {
            Value::Array(values) => values.iter().try_for_each(one),
            value => one(value),
        }
    };
    match value {
        Value::Object(members) => members.iter().try_for_each(|(name, value)| add(name, value))?,
        Value::Array(pairs) => {
            pairs.iter().try_for_each(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(name), value]) => add(name, value),
                _ => Err(invalid(format!(
                    "a header of a match was not a pair of name and value: `{}`",
                    short(pair)
                ))),
            })?
        }
        other => {
            return Err(invalid(format!(
                "`headers` of a match was neither an object nor a list of pairs: `{}`",
                short(other)
            )));
        }
    }
    Ok(read)
}

impl After {
    /// Reads the point from which to look, as it stands under `after`.
    pub fn from_json(value: &Value) -> Result<After> {
        match value {
            Value::String(text) if text == "start" => Ok(After::Start),
            Value::Object(given) if given.contains_key("mark") => {
                let given = members(value, "`after`", &["mark"])?;
                Ok(After::Mark(Mark::from_json(&given["mark"])?))
            }
            Value::Object(_) => {
                let given = members(value, "`after`", &["topic", "partition", "offset"])?;
                let topic = given.get("topic").and_then(Value::as_str);
                let topic = topic.ok_or_else(|| invalid("`after` of a match named no topic".to_owned()))?;
                Ok(After::Position {
                    topic: topic.into(),
                    partition: integer(given.get("partition"), "partition")?,
                    offset: integer(given.get("offset"), "offset")?,
                })
            }
            other => Err(invalid(format!("`after` of a match was not understood: `{}`", short(other)))
                .hint("give \"start\", {\"mark\": ...} or {\"topic\", \"partition\", \"offset\"}")),
        }
    }
}

fn invalid(message: String) -> ProbeError {
    ProbeError::new(ErrorCode::InvalidArgument, message)
}

fn short(value: &Value) -> String {
    cut(value.to_string(), 80)
}

fn meant<'a>(key: &str, keys: &[&'a str]) -> Option<&'a str> {
    let alias = ALIASES
        .iter()
        .find(|(other, _)| *other == key)
        .and_then(|(_, ours)| keys.iter().find(|k| *k == ours));
    alias.copied().or_else(|| closest(key, keys.iter().copied()))
}
