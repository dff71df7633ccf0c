//! One event against one match.

use serde_json::{Value, json};

use super::{Match, hints, value};
use crate::event::{Decoded, ReceivedEvent, bytes_to_json};

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Every condition holds.
    Matches,
    /// The value could not be decoded, and every condition that does not need it holds: the event
    /// might be the one. Never a match, also when the match asks nothing of the value.
    Undecided,
    /// Conditions do not hold; never empty, in the order of [`Stage`].
    Differs(Vec<Difference>),
}

/// One place in which an event is not what a match asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The condition.
    pub stage: Stage,
    /// Where, as `type`, `header h`, `value.items[2].sku`.
    pub path: String,
    /// What was asked for.
    pub expected: Value,
    /// What is there; `None` when nothing is.
    pub actual: Option<Value>,
    /// What may be behind it.
    pub hint: Option<String>,
}

/// Where a record falls out of the funnel, in the order in which a match looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// It lies before the point from which the expectation looks.
    BeforeMark,
    /// An eventFilter keeps it out of the journal.
    HiddenByFilters,
    /// It is own, or not, and was asked to be the other.
    Own,
    /// It has another id.
    Id,
    /// It has another type.
    Type,
    /// It has another payload version.
    Version,
    /// It has another key.
    Key,
    /// It lacks a header.
    Headers,
    /// Its value could not be decoded.
    Undecodable,
    /// Its value is another.
    Value,
}

impl Stage {
    /// Every stage in its order.
    pub const ALL: [Stage; 10] = [
        Self::BeforeMark,
        Self::HiddenByFilters,
        Self::Own,
        Self::Id,
        Self::Type,
        Self::Version,
        Self::Key,
        Self::Headers,
        Self::Undecodable,
        Self::Value,
    ];

    /// Returns the words of the funnel.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::BeforeMark => "before the mark",
            Self::HiddenByFilters => "hidden by eventFilters",
            Self::Own => "own",
            Self::Id => "other id",
            Self::Type => "other type",
            Self::Version => "other version",
            Self::Key => "other key",
            Self::Headers => "other headers",
            Self::Undecodable => "undecodable",
            Self::Value => "other value",
        }
    }
}

impl Comparison {
    /// Returns the stage at which the event falls out; `None` for a match.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Self::Matches => None,
            Self::Undecided => Some(Stage::Undecodable),
            Self::Differs(differences) => differences.first().map(|difference| difference.stage),
        }
    }
}

impl Match {
    /// Compares an event with every condition but `after`; `own` says whether this session
    /// produced it.
    ///
    /// An event whose value could not be decoded never matches: it is `Undecided` unless a
    /// condition on own, id, type, version, key or headers excludes it.
    #[must_use]
    pub fn compare(&self, event: &ReceivedEvent, own: bool) -> Comparison {
        let mut found = Vec::new();
        if let Some(wanted) = self.own.filter(|wanted| *wanted != own) {
            found.push(Difference {
                stage: Stage::Own,
                path: "own".to_owned(),
                expected: wanted.into(),
                actual: Some(own.into()),
                hint: None,
            });
        }
        let envelope = &event.envelope;
        text(&mut found, Stage::Id, self.id.as_deref(), envelope.id.as_deref(), event);
        text(&mut found, Stage::Type, self.event_type.as_deref(), envelope.event_type.as_deref(), event);
        text(&mut found, Stage::Version, self.version.as_deref(), envelope.version.as_deref(), event);
        if let Some(wanted) = self.key.as_deref()
            && event.raw_key.as_deref() != Some(wanted)
        {
            let (expected, actual) = (bytes_to_json(wanted), event.raw_key.as_deref().map(bytes_to_json));
            let hint = actual.as_ref().and_then(|actual| hints::texts(&expected, actual));
            found.push(Difference { stage: Stage::Key, path: "key".to_owned(), expected, actual, hint });
        }
        for (name, wanted) in &self.headers {
            header(&mut found, name, wanted.as_deref(), event);
        }
        if matches!(event.value, Decoded::Failed(_)) {
            return if found.is_empty() { Comparison::Undecided } else { Comparison::Differs(found) };
        }
        if let Some(wanted) = &self.value {
            value::compare(&mut found, wanted, event);
        }
        if found.is_empty() { Comparison::Matches } else { Comparison::Differs(found) }
    }

    /// Returns the first stage at which the envelope or the key excludes an event, without a word
    /// about why: what a long journal is scanned with.
    pub(crate) fn excluded_at(&self, event: &ReceivedEvent) -> Option<Stage> {
        let other = |wanted: &Option<String>, found: &Option<String>| wanted.is_some() && wanted != found;
        let envelope = &event.envelope;
        if other(&self.id, &envelope.id) {
            Some(Stage::Id)
        } else if other(&self.event_type, &envelope.event_type) {
            Some(Stage::Type)
        } else if other(&self.version, &envelope.version) {
            Some(Stage::Version)
        } else if self.key.is_some() && self.key.as_deref() != event.raw_key.as_deref() {
            Some(Stage::Key)
        } else {
            None
        }
    }

    /// Returns whether the match asks nothing of an event (`after` and `hint` aside).
    #[must_use]
    pub fn is_unconditional(&self) -> bool {
        self.conditions() == 0
    }

    /// Returns how many conditions there are; each header counts, the value counts as one.
    pub(crate) fn conditions(&self) -> usize {
        let Self { id, event_type, version, key, headers, value, own, after: _, hint: _ } = self;
        let single = [
            id.is_some(),
            event_type.is_some(),
            version.is_some(),
            key.is_some(),
            value.is_some(),
            own.is_some(),
        ];
        single.into_iter().filter(|is_there| *is_there).count() + headers.len()
    }
}

fn text(
    found: &mut Vec<Difference>,
    stage: Stage,
    wanted: Option<&str>,
    actual: Option<&str>,
    event: &ReceivedEvent,
) {
    let Some(wanted) = wanted.filter(|wanted| Some(*wanted) != actual) else { return };
    let (path, header) = match stage {
        Stage::Id => ("id", "ce_correlationid"),
        Stage::Type => ("type", "ce_type"),
        _ => ("version", "ce_payloadversion"),
    };
    let (expected, actual) = (json!(wanted), actual.map(Value::from));
    let hint = match &actual {
        Some(actual) => hints::texts(&expected, actual),
        None => hints::unread_header(event, header, path),
    };
    found.push(Difference { stage, path: path.to_owned(), expected, actual, hint });
}

fn header(found: &mut Vec<Difference>, name: &str, wanted: Option<&[u8]>, event: &ReceivedEvent) {
    if event.headers.get_all(name).any(|value| value == wanted) {
        return;
    }
    let as_json = |value: Option<&[u8]>| value.map_or(Value::Null, bytes_to_json);
    let mut values: Vec<Value> = event.headers.get_all(name).map(as_json).collect();
    let actual = if values.len() > 1 { Some(Value::Array(values)) } else { values.pop() };
    let expected = as_json(wanted);
    let hint = match &actual {
        Some(actual) => hints::texts(&expected, actual),
        None => hints::header_variant(event, name),
    };
    found.push(Difference { stage: Stage::Headers, path: format!("header {name}"), expected, actual, hint });
}
