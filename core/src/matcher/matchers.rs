//! A matcher at its place: `{"path": "$.items[0].sku", "matcher": "equals", "value": "a"}`.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::budget::Budget;
use super::compare::{Difference, Stage};
use super::criterion::{Argument, Criterion, Refusal, spelled};
use super::hints;
use super::path::JsonPath;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Decoded, ReceivedEvent, bytes_to_json};

/// What one place of an event is asked. Cheap to clone.
#[derive(Clone)]
pub struct Matcher(Arc<Compiled>);

struct Compiled {
    /// As it was written.
    document: Map<String, Value>,
    path: String,
    place: Place,
    criterion: Criterion,
}

/// Where a matcher looks.
enum Place {
    Id,
    Type,
    Version,
    Key,
    Header(String),
    Value,
    Json(JsonPath),
}

impl Matcher {
    /// Makes a matcher. `path` is `id`, `type`, `version`, `key`, `header:NAME`, `value`, a JSONPath
    /// into the value as `$.items[0].sku`, or the same without `$.`.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a path or a matcher that is not understood.
    pub fn new(path: &str, matcher: &str, value: Option<Value>) -> Result<Self> {
        let mut document = Map::new();
        document.insert("path".to_owned(), path.into());
        document.insert("matcher".to_owned(), matcher.into());
        document.extend(value.map(|value| ("value".to_owned(), value)));
        Self::read(document, 0)
    }

    /// Reads a matcher from its document, `{"path", "matcher", "value"}` or, with a cell of a table,
    /// `{"path", "matcher", "text"}`; `index` is its place in the list, for what is said.
    pub(super) fn from_json(document: &Value, index: usize) -> Result<Self> {
        const KEYS: [&str; 4] = ["path", "matcher", "value", "text"];
        let invalid = |message: String| ProbeError::new(ErrorCode::InvalidArgument, message);
        let Value::Object(members) = document else {
            return Err(invalid(format!("`matchers[{index}]` of a match was not an object")));
        };
        if let Some(key) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(invalid(format!("unknown key `{key}` in `matchers[{index}]` of a match"))
                .hint(format!("known: {}", KEYS.join(", "))));
        }
        if members.contains_key("value") && members.contains_key("text") {
            return Err(invalid(format!("`matchers[{index}]` of a match had `value` and `text`"))
                .hint("`text` is a cell of a table, `value` is JSON"));
        }
        Self::read(members.clone(), index)
    }

    fn read(document: Map<String, Value>, index: usize) -> Result<Self> {
        let refuse = |refusal: Refusal| {
            let message = format!("`matchers[{index}]` of a match was not understood: {}", refusal.message);
            let error = ProbeError::new(ErrorCode::InvalidArgument, message);
            match refusal.hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        };
        let text = |key: &str| {
            document
                .get(key)
                .and_then(Value::as_str)
                .ok_or_else(|| refuse(Refusal { message: format!("`{key}` was not a string"), hint: None }))
        };
        let path = text("path")?.to_owned();
        let place = Place::new(&path).map_err(refuse)?;
        let argument = match (document.get("value"), document.get("text")) {
            (Some(value), _) => Argument::Value(value),
            (None, Some(_)) => Argument::Cell { text: text("text")?, of_text: place.is_text() },
            (None, None) => Argument::Absent,
        };
        let criterion = Criterion::new(text("matcher")?, &argument).map_err(refuse)?;
        Ok(Self(Arc::new(Compiled { document, path, place, criterion })))
    }

    /// Returns the document from which it is read.
    pub(super) fn document(&self) -> Value {
        Value::Object(self.0.document.clone())
    }

    /// Returns where it looks and what it asks, in words: `$.total between 1 and 5`.
    pub(super) fn describe(&self) -> String {
        format!("{} {}", self.0.path, self.words())
    }

    fn words(&self) -> String {
        let name = self.0.document["matcher"].as_str().unwrap_or_default().replace('-', " ");
        let (value, text) = (self.0.document.get("value"), self.0.document.get("text"));
        match (&self.0.criterion, value.or(text)) {
            (Criterion::Between(low, high), _) => format!("between {low} and {high}"),
            (Criterion::Ordered(bound, _), _) => format!("{name} {bound}"),
            (Criterion::Equals(value), _) => format!("equals {value}"),
            (Criterion::Contains(text, node), _) => {
                let document = node.document();
                if document.is_array() || document.is_object() {
                    format!("contains {document}")
                } else {
                    format!("contains {}", Value::from(text.as_str()))
                }
            }
            (Criterion::Matches(_) | Criterion::HeaderInt(_), Some(given)) => format!("{name} {given}"),
            _ => name,
        }
    }

    /// Returns at which stage an event falls out that does not have it.
    pub(super) fn stage(&self) -> Stage {
        match self.0.place {
            Place::Id => Stage::Id,
            Place::Type => Stage::Type,
            Place::Version => Stage::Version,
            Place::Key => Stage::Key,
            Place::Header(_) => Stage::Headers,
            Place::Value | Place::Json(_) => Stage::Value,
        }
    }

    /// Returns whether no event could fail it.
    pub(super) fn is_vacuous(&self) -> bool {
        matches!(self.0.criterion, Criterion::Anything)
            || matches!((&self.0.criterion, &self.0.place), (Criterion::Present, Place::Value))
    }

    /// Returns whether it holds. Of several values at one place one must; `absent` asks for none.
    pub(super) fn holds(&self, event: &ReceivedEvent, budget: &Budget) -> bool {
        self.holds_for(&self.values(event, budget), budget)
    }

    fn holds_for(&self, values: &[Cow<'_, Value>], budget: &Budget) -> bool {
        let criterion = &self.0.criterion;
        if values.is_empty() {
            return criterion.holds_for_nothing();
        }
        values.iter().any(|value| {
            // An envelope, a key and a header are text, also where they spell a number.
            let number = if self.0.place.is_text() && criterion.is_numeric() {
                value.as_str().and_then(spelled).map(Value::Number)
            } else {
                None
            };
            criterion.holds(number.as_ref().unwrap_or(value), budget)
        })
    }

    /// Returns what is wrong, if it does not hold; `index` is its place in the list.
    pub(super) fn difference(
        &self,
        condition: usize,
        index: usize,
        event: &ReceivedEvent,
        budget: &Budget,
    ) -> Option<Difference> {
        const SHOWN: usize = 5;
        let values = self.values(event, budget);
        if self.holds_for(&values, budget) {
            return None;
        }
        let criterion = &self.0.criterion;
        let actual = match &values[..] {
            [] => None,
            [only] => Some(only.as_ref().clone()),
            several => Some(several.iter().take(SHOWN).map(|value| value.as_ref().clone()).collect()),
        };
        let hint = match (criterion, &values[..]) {
            (_, several) if several.len() > 1 && !matches!(criterion, Criterion::Absent) => {
                Some(format!("none of {} values there", several.len()))
            }
            (Criterion::Equals(wanted), [only]) => {
                hints::types(wanted, only).or_else(|| hints::texts(wanted, only))
            }
            (Criterion::Matches(_), [only]) if !only.is_string() => {
                Some("a pattern is looked for in text only".to_owned())
            }
            (Criterion::Between(..) | Criterion::Ordered(..) | Criterion::AnyNumber, [only]) => {
                let number = only.as_str().and_then(spelled).filter(|_| !self.0.place.is_text());
                number.map(|number| format!("it is text: {only}, not {number}"))
            }
            (_, []) => self.missing(event),
            _ => None,
        };
        let (expected, wanted) = match criterion {
            Criterion::Equals(value) => (value.clone(), None),
            _ => {
                let mut asked = self.0.document.clone();
                asked.remove("path");
                (Value::Object(asked), Some(self.words()))
            }
        };
        Some(Difference {
            stage: self.stage(),
            condition,
            path: format!("matchers[{index}] {}", self.0.path),
            expected,
            wanted,
            actual,
            hint,
        })
    }

    fn missing(&self, event: &ReceivedEvent) -> Option<String> {
        match &self.0.place {
            Place::Header(name) => hints::header_variant(event, name),
            Place::Json(_) if matches!(event.value, Decoded::Null) => {
                Some("the record is a tombstone".to_owned())
            }
            Place::Json(_) if matches!(event.value, Decoded::Text(_) | Decoded::Bytes) => {
                Some("the value is not JSON; set `format: json`".to_owned())
            }
            _ => None,
        }
    }

    /// Returns every value at the place, none when there is nothing.
    fn values<'a>(&self, event: &'a ReceivedEvent, budget: &Budget) -> Vec<Cow<'a, Value>> {
        let text = |field: &Option<String>| field.iter().map(|text| Cow::Owned(json!(text))).collect();
        match &self.0.place {
            Place::Id => text(&event.envelope.id),
            Place::Type => text(&event.envelope.event_type),
            Place::Version => text(&event.envelope.version),
            // A record always has a key and a value; without one it is null.
            Place::Key => vec![Cow::Owned(event.shown_key().map_or(Value::Null, bytes_to_json))],
            Place::Header(name) => {
                let values = event.headers.get_all(name);
                values.map(|value| Cow::Owned(value.map_or(Value::Null, bytes_to_json))).collect()
            }
            Place::Value => match value_of(event) {
                Some(value) => vec![value],
                None => Vec::new(),
            },
            Place::Json(path) => match &event.value {
                Decoded::Json(value) => path.nodes_of(value, budget),
                Decoded::Null | Decoded::Text(_) | Decoded::Bytes | Decoded::Failed(_) => Vec::new(),
            },
        }
    }
}

fn value_of(event: &ReceivedEvent) -> Option<Cow<'_, Value>> {
    Some(match &event.value {
        Decoded::Json(value) => Cow::Borrowed(value),
        Decoded::Null => Cow::Owned(Value::Null),
        Decoded::Text(text) => Cow::Owned(json!(text)),
        Decoded::Bytes => Cow::Owned(bytes_to_json(event.raw_value.as_deref().unwrap_or_default())),
        Decoded::Failed(_) => return None,
    })
}

impl Place {
    fn new(path: &str) -> Result<Self, Refusal> {
        if let Some(name) = path.strip_prefix("header:") {
            return Ok(Self::Header(name.to_owned()));
        }
        let (json, added) = match path {
            "id" => return Ok(Self::Id),
            "type" => return Ok(Self::Type),
            "version" => return Ok(Self::Version),
            "key" => return Ok(Self::Key),
            "value" => return Ok(Self::Value),
            path if path.starts_with('$') => (path.to_owned(), 0),
            path if path.starts_with('[') => (format!("${path}"), 1),
            path => (format!("$.{path}"), 2),
        };
        JsonPath::new(&json).map(Self::Json).map_err(|wrong| Refusal {
            message: format!(
                "path `{path}` at column {}: {}",
                wrong.column.saturating_sub(added).max(1),
                wrong.what
            ),
            hint: None,
        })
    }

    /// Returns whether what lies there is text, whatever it spells.
    fn is_text(&self) -> bool {
        matches!(self, Self::Id | Self::Type | Self::Version | Self::Key | Self::Header(_))
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.0.document == other.0.document
    }
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matcher({})", self.document())
    }
}
