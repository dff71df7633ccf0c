//! The conditions of a match.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Expected, Matcher, Where, cel::Unknown};
use crate::error::{ProbeError, Result};

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
    /// What the value is, as [`Mode`] says; a null asks for a tombstone or a JSON null.
    pub value: Option<Expected>,
    /// How the value is compared.
    pub mode: Mode,
    /// What single places are asked.
    pub matchers: Vec<Matcher>,
    /// An expression over the event that must be true.
    pub where_: Option<Where>,
    /// Only own events, or only those of others.
    pub own: Option<bool>,
    /// From where to look.
    pub after: After,
    /// A sentence of the test that failures repeat.
    pub hint: Option<String>,
    /// Fields of which nothing is known in an event whose value could not be decoded.
    pub(super) unknown: Unknown,
    /// The first thing that was given and not understood.
    pub(super) problem: Option<ProbeError>,
}

/// How an expected value is compared with the one that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Objects may have more members, lists have the same length and order.
    #[default]
    Subset,
    /// Nothing more and nothing less, in this order.
    Exact,
    /// As subset, and lists have the same elements in any order.
    AnyOrder,
}

impl Mode {
    /// Every mode and its name in documents.
    pub(super) const NAMES: [(&'static str, Self); 3] =
        [("subset", Self::Subset), ("exact", Self::Exact), ("any_order", Self::AnyOrder)];

    /// Returns the name in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subset => "subset",
            Self::Exact => "exact",
            Self::AnyOrder => "any_order",
        }
    }
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

    /// Asks for a value; see [`Mode`]. Placeholders in it, as `${json-unit.any-string}`, are
    /// understood; one that is not is refused by the verb, as [`Match::check`] says.
    #[must_use]
    pub fn value(mut self, value: Value) -> Self {
        let read = Expected::new(&value);
        self.value = self.noted(read);
        self
    }

    /// Chooses how the value is compared.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Asks one place: `id`, `type`, `version`, `key`, `header:NAME`, `value`, or a JSONPath into the
    /// value. What is not understood is refused by the verb, as [`Match::check`] says.
    ///
    /// ```
    /// use serde_json::json;
    /// use test_probe::Match;
    /// let m = Match::new().matcher("$.total", "between", json!([1, 5])).matcher("key", "present", ());
    /// assert!(m.check().is_ok());
    /// ```
    #[must_use]
    pub fn matcher(mut self, path: &str, matcher: &str, value: impl Into<Value>) -> Self {
        let value = Some(value.into()).filter(|value| !value.is_null() || matcher == "equals");
        let read = Matcher::new(path, matcher, value);
        let read = self.noted(read);
        self.matchers.extend(read);
        self
    }

    /// Asks that a CEL expression over `id`, `type`, `version`, `key`, `headers`, `value`, `topic`,
    /// `partition`, `offset` and `timestamp` is true. What is not understood is refused by the verb,
    /// as [`Match::check`] says.
    ///
    /// ```
    /// use test_probe::Match;
    /// assert!(Match::new().where_("value.total > 3 && key == 'o-1'").check().is_ok());
    /// assert!(Match::new().where_("valeu.total > 3").check().is_err());
    /// ```
    #[must_use]
    pub fn where_(mut self, expression: &str) -> Self {
        let read = Where::new(expression);
        self.where_ = self.noted(read);
        self
    }

    fn noted<T>(&mut self, read: Result<T>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                None
            }
        }
    }

    /// Returns what was given and not understood. Every verb asks this first.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with the place.
    pub fn check(&self) -> Result<()> {
        match &self.problem {
            Some(problem) => Err(problem.clone()),
            None => Ok(()),
        }
    }

    /// Returns whether something in it was not understood.
    pub(super) fn is_broken(&self) -> bool {
        self.problem.is_some()
    }

    /// Returns the match without what is asked of fields that an undecodable value could have said.
    #[must_use]
    pub(crate) fn relaxed(&self, id: bool, event_type: bool, version: bool) -> Self {
        use super::Stage;
        let mut relaxed = self.clone();
        relaxed.unknown = Unknown { id, event_type, version, value: true };
        let keep =
            |field: &mut Option<String>, is_unknown: bool| *field = field.take().filter(|_| !is_unknown);
        keep(&mut relaxed.id, id);
        keep(&mut relaxed.event_type, event_type);
        keep(&mut relaxed.version, version);
        relaxed.matchers.retain(|matcher| match matcher.stage() {
            Stage::Id => !id,
            Stage::Type => !event_type,
            Stage::Version => !version,
            _ => true,
        });
        relaxed
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
