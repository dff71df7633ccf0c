//! The conditions of a match.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// Conditions on one event; all must hold, and none is also a match (of every event of the test).
///
/// ```
/// use test_probe::Match;
/// let m = Match::new().id("evt-1").event_type("OrderCreated").value(serde_json::json!({"total": 5}));
/// assert_eq!(m.id.as_deref(), Some("evt-1"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    /// The eventTestId, exactly.
    pub id: Option<String>,
    /// The event type, exactly.
    pub event_type: Option<String>,
    /// The payload version, exactly.
    pub version: Option<String>,
    /// The key's bytes, exactly.
    pub key: Option<Vec<u8>>,
    /// Each must be among the values of the header of that name; `None` asks for a null value.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// A subset of the value: objects recursively, arrays element by element, numbers by value,
    /// `Some(Value::Null)` asks for a tombstone or a JSON null.
    pub value: Option<Value>,
    /// Only own events, or only those of others.
    pub own: Option<bool>,
    /// From where to look.
    pub after: After,
    /// A sentence of the test that failures repeat.
    pub hint: Option<String>,
}

impl Match {
    /// A match of every event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for an id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Asks for a type.
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Asks for a payload version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Asks for a key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Asks for a header with this value among its values.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    /// Asks for a header with a null value.
    #[must_use]
    pub fn null_header(mut self, name: impl Into<String>) -> Self {
        self.headers.push((name.into(), None));
        self
    }

    /// Asks for a value of which this is a subset.
    #[must_use]
    pub fn value(mut self, value: Value) -> Self {
        self.value = Some(value);
        self
    }

    /// Narrows to own events or to those of others.
    #[must_use]
    pub fn own(mut self, own: bool) -> Self {
        self.own = Some(own);
        self
    }

    /// Looks from a later point than the session's start.
    #[must_use]
    pub fn after(mut self, after: impl Into<After>) -> Self {
        self.after = after.into();
        self
    }

    /// Adds a sentence that failures repeat.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// From where an expectation looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum After {
    /// The session's start.
    #[default]
    Start,
    /// A mark: per partition the end offset when it was taken.
    Mark(Mark),
    /// A record, by where it lies: an acknowledgement or a received event. In its partition
    /// everything behind it; in others everything that this session read after it.
    Position {
        /// The name of the topic in the session's directives.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
    },
}

/// A point in the log of every topic that a session consumes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// By the name of the topic.
    pub topics: BTreeMap<Arc<str>, TopicMark>,
}

/// A point in the log of one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicMark {
    /// How often the topic had been created anew.
    pub generation: u32,
    /// Per partition the end offset. A partition that is not here was added later: from 0.
    pub ends: BTreeMap<i32, i64>,
}

impl From<Mark> for After {
    fn from(mark: Mark) -> Self {
        Self::Mark(mark)
    }
}

impl From<&crate::event::ProducedAck> for After {
    fn from(ack: &crate::event::ProducedAck) -> Self {
        Self::Position { topic: ack.topic.clone(), partition: ack.partition, offset: ack.offset }
    }
}

impl From<&crate::event::ReceivedEvent> for After {
    fn from(event: &crate::event::ReceivedEvent) -> Self {
        Self::Position { topic: event.topic.clone(), partition: event.partition, offset: event.offset }
    }
}
