//! One event against one match.

use serde_json::{Value, json};

use super::budget::Budget;
use super::cel::{Outcome, Unknown};
use super::{Match, hints, value};
use crate::event::{ReceivedEvent, bytes_to_json};

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Every condition holds.
    Matches,
    /// The value could not be decoded, or is too large to be judged by this match, and every
    /// condition that could be judged holds: the event might be the one. Never a match, also when the
    /// match asks nothing of the value.
    Undecided,
    /// Conditions do not hold; never empty, in the order of [`Stage`].
    Differs(Vec<Difference>),
}

/// One place in which an event is not what a match asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where the event falls out.
    pub stage: Stage,
    /// Which of the match's conditions it is about.
    pub(crate) condition: usize,
    /// Where, as `type`, `header h`, `value.items[2].sku`, `matchers[1] $.total`, `where`.
    pub path: String,
    /// What was asked for.
    pub expected: Value,
    /// The same in words, where it is not just a value: `between 1 and 5`.
    pub wanted: Option<String>,
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
    /// The expression is not true of it.
    Where,
}

impl Stage {
    /// Every stage in its order.
    pub const ALL: [Stage; 11] = [
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
        Self::Where,
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
            Self::Where => "where not true",
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

/// The places of single conditions in the count of all.
#[derive(Clone, Copy)]
enum Single {
    Own,
    Id,
    Type,
    Version,
    Key,
    Value,
    Where,
    /// The first header or matcher.
    Others,
}

impl Match {
    /// Compares an event with every condition but `after`; `own` says whether this session
    /// produced it.
    ///
    /// An event whose value could not be decoded never matches: it is `Undecided` unless a
    /// condition that does not need the value excludes it.
    #[must_use]
    pub fn compare(&self, event: &ReceivedEvent, own: bool) -> Comparison {
        if self.is_broken() {
            return Comparison::Undecided;
        }
        let mut found = Vec::new();
        if let Some(wanted) = self.own.filter(|wanted| *wanted != own) {
            found.push(Difference {
                stage: Stage::Own,
                condition: Single::Own as usize,
                path: "own".to_owned(),
                expected: wanted.into(),
                wanted: None,
                actual: Some(own.into()),
                hint: None,
            });
        }
        let envelope = &event.envelope;
        text(&mut found, Stage::Id, self.id.as_deref(), envelope.id.as_deref(), event);
        text(&mut found, Stage::Type, self.event_type.as_deref(), envelope.event_type.as_deref(), event);
        text(&mut found, Stage::Version, self.version.as_deref(), envelope.version.as_deref(), event);
        if let Some(wanted) = self.key.as_deref()
            && event.shown_key() != Some(wanted)
        {
            let (expected, actual) = (bytes_to_json(wanted), event.shown_key().map(bytes_to_json));
            let hint = actual.as_ref().and_then(|actual| hints::texts(&expected, actual));
            let (condition, path) = (Single::Key as usize, "key".to_owned());
            found.push(Difference {
                stage: Stage::Key,
                condition,
                path,
                expected,
                wanted: None,
                actual,
                hint,
            });
        }
        for (index, (name, wanted)) in self.headers.iter().enumerate() {
            header(&mut found, Single::Others as usize + index, name, wanted.as_deref(), event);
        }
        let is_decoded = event.error().is_none();
        let is_doubtful = self.compare_rest(&mut found, event, is_decoded);
        if found.is_empty() {
            return if is_doubtful || !is_decoded { Comparison::Undecided } else { Comparison::Matches };
        }
        found.sort_by_key(|difference| difference.stage);
        Comparison::Differs(found)
    }

    /// Compares what may take a while: the value, the matchers and the expression. Returns whether
    /// something of it could not be judged; what could is right all the same.
    fn compare_rest(&self, found: &mut Vec<Difference>, event: &ReceivedEvent, is_decoded: bool) -> bool {
        let budget = Budget::new();
        let first = Single::Others as usize + self.headers.len();
        for (index, matcher) in self.matchers.iter().enumerate() {
            if is_decoded || matcher.stage() != Stage::Value {
                found.extend(
                    matcher
                        .difference(first + index, index, event, &budget)
                        .filter(|_| !budget.is_exhausted()),
                );
            }
        }
        if let Some(wanted) = self.value.as_ref().filter(|_| is_decoded && !budget.is_exhausted()) {
            let before = found.len();
            value::compare(found, Single::Value as usize, wanted, self.mode, event, &budget);
            if budget.is_exhausted() {
                found.truncate(before);
            }
        }
        let mut is_doubtful = false;
        let unknown = self.unknown_in(is_decoded);
        for outcome in self.where_.iter().flat_map(|expression| expression.outcomes(event, unknown, &budget))
        {
            match outcome {
                Outcome::Holds => {}
                Outcome::Unknown => is_doubtful = true,
                Outcome::Fails(failure) => found.push(Difference {
                    stage: Stage::Where,
                    condition: Single::Where as usize,
                    path: "where".to_owned(),
                    expected: failure.part.as_str().into(),
                    wanted: Some(failure.part),
                    actual: failure.actual,
                    hint: failure.hint,
                }),
            }
        }
        is_doubtful || budget.is_exhausted()
    }

    /// Returns the stage at which an event falls out, [`Stage::Undecodable`] when that is not known, and
    /// `None` for a match: what [`Match::compare`] comes to, without a word about why. A long journal is
    /// scanned with it, so what costs least comes first.
    #[must_use]
    pub(crate) fn falls_out_at(&self, event: &ReceivedEvent, own: bool) -> Option<Stage> {
        if self.is_broken() {
            return Some(Stage::Undecodable);
        }
        let other = |wanted: &Option<String>, found: &Option<String>| wanted.is_some() && wanted != found;
        let envelope = &event.envelope;
        let budget = Budget::new();
        let fails = |stage: Stage| {
            self.matchers.iter().any(|matcher| matcher.stage() == stage && !matcher.holds(event, &budget))
        };
        if self.own.is_some_and(|wanted| wanted != own) {
            return Some(Stage::Own);
        }
        if other(&self.id, &envelope.id) || fails(Stage::Id) {
            return Some(Stage::Id);
        }
        if other(&self.event_type, &envelope.event_type) || fails(Stage::Type) {
            return Some(Stage::Type);
        }
        if other(&self.version, &envelope.version) || fails(Stage::Version) {
            return Some(Stage::Version);
        }
        if self.key.is_some() && self.key.as_deref() != event.shown_key() || fails(Stage::Key) {
            return Some(Stage::Key);
        }
        let has = |(name, wanted): &(String, Option<Vec<u8>>)| {
            event.headers.get_all(name).any(|value| value == wanted.as_deref())
        };
        if !self.headers.iter().all(has) || fails(Stage::Headers) {
            return Some(Stage::Headers);
        }
        let is_decoded = event.error().is_none();
        if is_decoded {
            let is_other =
                self.value.as_ref().is_some_and(|wanted| !value::holds(wanted, self.mode, event, &budget));
            if is_other || fails(Stage::Value) {
                return Some(if budget.is_exhausted() { Stage::Undecodable } else { Stage::Value });
            }
        }
        let unknown = self.unknown_in(is_decoded);
        let truth =
            self.where_.as_ref().map_or(Some(true), |expression| expression.truth(event, unknown, &budget));
        match truth {
            _ if budget.is_exhausted() => Some(Stage::Undecodable),
            Some(false) => Some(Stage::Where),
            Some(true) if is_decoded => None,
            Some(true) | None => Some(Stage::Undecodable),
        }
    }

    fn unknown_in(&self, is_decoded: bool) -> Unknown {
        if is_decoded { Unknown::default() } else { Unknown { value: true, ..self.unknown } }
    }

    /// Returns whether the match asks nothing of an event (`after` and `hint` aside).
    #[must_use]
    pub fn is_unconditional(&self) -> bool {
        self.conditions() == 0
    }

    /// Returns whether nothing that the match asks tells one event of the test from another.
    #[must_use]
    pub fn is_vacuous(&self) -> bool {
        let Self { id, event_type, version, key, headers, own, .. } = self;
        let envelope = [id.is_some(), event_type.is_some(), version.is_some(), key.is_some(), own.is_some()];
        envelope.into_iter().all(|is_there| !is_there)
            && headers.is_empty()
            && self.value.as_ref().is_none_or(|value| value.node().is_vacuous(self.mode))
            && self.matchers.iter().all(super::Matcher::is_vacuous)
            && self.where_.as_ref().is_none_or(super::Where::is_trivial)
    }

    /// Returns how many conditions there are; each header and each matcher counts, the value and the
    /// expression count as one.
    pub(crate) fn conditions(&self) -> usize {
        let single = [
            self.id.is_some(),
            self.event_type.is_some(),
            self.version.is_some(),
            self.key.is_some(),
            self.value.is_some(),
            self.where_.is_some(),
            self.own.is_some(),
        ];
        single.into_iter().filter(|is_there| *is_there).count() + self.headers.len() + self.matchers.len()
    }

    /// Returns how many conditions an event meets.
    pub(crate) fn held(&self, event: &ReceivedEvent, comparison: &Comparison) -> usize {
        let mut failed: Vec<usize> = match comparison {
            Comparison::Differs(differences) => differences.iter().map(|d| d.condition).collect(),
            Comparison::Matches | Comparison::Undecided => Vec::new(),
        };
        failed.sort_unstable();
        failed.dedup();
        // What needs a value that nobody could read does not hold.
        let unread = if event.error().is_some() {
            let of_value = self.matchers.iter().filter(|matcher| matcher.stage() == Stage::Value).count();
            let is_where_open = self.where_.is_some() && !failed.contains(&(Single::Where as usize));
            of_value + usize::from(self.value.is_some()) + usize::from(is_where_open)
        } else {
            0
        };
        self.conditions().saturating_sub(failed.len() + unread)
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
    let (path, header, condition) = match stage {
        Stage::Id => ("id", "ce_correlationid", Single::Id),
        Stage::Type => ("type", "ce_type", Single::Type),
        _ => ("version", "ce_payloadversion", Single::Version),
    };
    let (expected, actual) = (json!(wanted), actual.map(Value::from));
    let hint = match &actual {
        Some(actual) => hints::texts(&expected, actual),
        None => hints::unread_header(event, header, path),
    };
    let (condition, path) = (condition as usize, path.to_owned());
    found.push(Difference { stage, condition, path, expected, wanted: None, actual, hint });
}

fn header(
    found: &mut Vec<Difference>,
    condition: usize,
    name: &str,
    wanted: Option<&[u8]>,
    event: &ReceivedEvent,
) {
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
    let path = format!("header {name}");
    found.push(Difference { stage: Stage::Headers, condition, path, expected, wanted: None, actual, hint });
}
