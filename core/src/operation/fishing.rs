//! Fishing: a function of the test looks at one event after the other, a batch at a time, in the
//! caller's own thread.
//!
//! Between two batches the engine keeps nothing: what it has to know to go on crosses to the caller
//! and back, so that a caller who stops, whatever the reason, leaves nothing behind.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Expectation;
use super::document::{self, invalid};
use crate::error::Result;

/// What the function of `fish_for_event` answers to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fish {
    /// Ends the fishing with this event.
    Complete,
    /// Keeps this event and goes on.
    Collect,
    /// Goes on.
    Ignore,
    /// Ends the fishing as a failure.
    Fail(String),
}

impl Fish {
    /// Reads `"complete"`, `"collect"`, `"ignore"` or `{"fail": text}`.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for anything else.
    pub fn from_json(document: &Value) -> Result<Self> {
        match document {
            Value::String(word) if word == "complete" => Ok(Self::Complete),
            Value::String(word) if word == "collect" => Ok(Self::Collect),
            Value::String(word) if word == "ignore" => Ok(Self::Ignore),
            Value::Object(members) if members.len() == 1 && members.contains_key("fail") => {
                let text = members["fail"].as_str().unwrap_or_default();
                Ok(Self::Fail(text.to_owned()))
            }
            other => Err(invalid(format!("`{other}` was not an answer of fishing"))
                .hint("the answers are complete, collect, ignore and {\"fail\": text}")),
        }
    }

    /// Returns whether nothing follows it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Complete | Self::Fail(_) => true,
            Self::Collect | Self::Ignore => false,
        }
    }
}

/// A fishing between two batches. Opaque to callers: it is handed back as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Fishing {
    /// What is fished for, with its window.
    pub(crate) expectation: Expectation,
    /// Microseconds since the probe began.
    pub(crate) deadline: u64,
    /// The first entry of the journal that was not looked at.
    pub(crate) next: usize,
    /// The entries of the last batch.
    pub(crate) shown: Vec<usize>,
    /// The entries that the function collected.
    pub(crate) collected: Vec<usize>,
    /// How many events the function has answered to.
    pub(crate) answered: usize,
    /// The generation and ends of the topic, once they were asked for after the deadline.
    pub(crate) ends: Option<(u32, Vec<i64>)>,
}

impl Fishing {
    /// Returns how long is fished altogether.
    #[must_use]
    pub fn window(&self) -> std::time::Duration {
        self.expectation.within.unwrap_or_default()
    }

    /// Returns it as a document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let window = self.window();
        let matching = self.expectation.wanted.first().map(|wanted| wanted.matching.to_json());
        let ends = self
            .ends
            .as_ref()
            .map(|(generation, offsets)| json!({ "generation": generation, "offsets": offsets }));
        json!({
            "topic": self.expectation.topic, "match": matching,
            "within_ms": window.as_secs_f64() * 1e3, "deadline": self.deadline, "next": self.next,
            "shown": self.shown, "collected": self.collected, "answered": self.answered, "ends": ends,
        })
    }

    /// Reads what [`Fishing::to_json`] wrote.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for anything else.
    pub fn from_json(document: &Value) -> Result<Self> {
        let malformed = || {
            invalid("`fishing` was not what an earlier call of fish_for_event returned".to_owned())
                .hint("hand it back as it came")
        };
        let members = document.as_object().ok_or_else(malformed)?;
        let number = |key: &str| members.get(key).and_then(Value::as_u64).ok_or_else(malformed);
        let index = |value: &Value| value.as_u64().and_then(|value| usize::try_from(value).ok());
        let indexes = |key: &str| {
            let list = members.get(key).and_then(Value::as_array).ok_or_else(malformed)?;
            list.iter().map(|value| index(value).ok_or_else(malformed)).collect::<Result<Vec<_>>>()
        };
        let ends = match members.get("ends") {
            None | Some(Value::Null) => None,
            Some(ends) => {
                let generation = ends["generation"].as_u64().and_then(|n| u32::try_from(n).ok());
                let offsets = ends["offsets"].as_array().ok_or_else(malformed)?;
                let offsets: Option<Vec<i64>> = offsets.iter().map(Value::as_i64).collect();
                Some(generation.zip(offsets).ok_or_else(malformed)?)
            }
        };
        let wanted: BTreeMap<&str, &Value> = ["topic", "match", "within_ms"]
            .into_iter()
            .filter_map(|key| Some((key, members.get(key)?)))
            .collect();
        Ok(Self {
            expectation: document::fished(&json!(wanted)).map_err(|_| malformed())?,
            deadline: number("deadline")?,
            next: members.get("next").and_then(index).ok_or_else(malformed)?,
            shown: indexes("shown")?,
            collected: indexes("collected")?,
            answered: members.get("answered").and_then(index).ok_or_else(malformed)?,
            ends,
        })
    }
}
