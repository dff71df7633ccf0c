//! The tree.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::problems::shown;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

/// What a value is. Scalars keep their source text, so that `1.10` stays `1.10` where text is wanted.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// `plain` is false when the value was quoted. `reference` is what stood there before `${...}` was replaced.
    Scalar { text: String, plain: bool, reference: Option<String> },
    /// A list.
    List(Vec<Node>),
    /// An object, in document order, keys unique.
    Object(Vec<Entry>),
}

/// One key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

/// Where something stands. Lines and columns count from 1; 0 means that there is no text (a dict, a variable).
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) path: Path,
    pub(crate) origin: Option<Arc<Origin>>,
}

/// Which of several documents something came from.
#[derive(Debug)]
pub(crate) struct Origin {
    /// How messages call it.
    pub(crate) label: String,
    /// Where relative paths start.
    pub(crate) directory: Option<PathBuf>,
    /// Values are taken as they are: `${...}` means nothing in them.
    pub(crate) literal: bool,
}

/// The way from the root, as `topics[0].role`. Shared, so that deep trees stay small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path(Option<Arc<(Path, Segment)>>);

/// One step of a [`Path`].
#[derive(Clone, Debug)]
pub(crate) enum Segment {
    Key(Arc<str>),
    Index(usize),
}

impl Path {
    pub(crate) fn key(&self, key: &Arc<str>) -> Self {
        Self(Some(Arc::new((self.clone(), Segment::Key(key.clone())))))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        Self(Some(Arc::new((self.clone(), Segment::Index(index)))))
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(step) = &self.0 else { return Ok(()) };
        let (parent, segment) = &**step;
        parent.fmt(f)?;
        match segment {
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) => match safe_key(key) {
                key if key.contains(['.', '[', ' ', '"']) => write!(f, "[{key:?}]"),
                key if parent.is_root() => f.write_str(&key),
                key => write!(f, ".{key}"),
            },
        }
    }
}

impl Node {
    /// A scalar that no document holds.
    pub(crate) fn scalar(text: impl Into<String>, plain: bool, place: Place) -> Self {
        Self { place, content: Content::Scalar { text: text.into(), plain, reference: None } }
    }

    /// Returns the text of a scalar that is not null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Returns whether the value is null by the core schema of YAML 1.2.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true, .. } if means_null(text))
    }

    /// Returns what stood there before references were replaced.
    pub(crate) fn reference(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { reference, .. } => reference.as_deref(),
            _ => None,
        }
    }

    /// Returns the value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// Returns the entries of an object.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns what the value is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            _ if self.is_null() => "nothing",
            Content::Scalar { .. } => "text",
            Content::List(_) => "a list",
            Content::Object(_) => "an object",
        }
    }

    /// Returns a boolean by the core schema; `no` and `off` are none.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match &self.content {
            Content::Scalar { text, plain: true, .. } => match text.as_str() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns an integer. A leading zero makes text of it.
    pub(crate) fn integer(&self) -> Option<i64> {
        match &self.content {
            Content::Scalar { text, plain: true, .. } => integer_of(text),
            _ => None,
        }
    }

    /// Returns a number.
    pub(crate) fn number(&self) -> Option<f64> {
        match &self.content {
            Content::Scalar { text, plain: true, .. } => number_of(text),
            _ => None,
        }
    }

    /// Returns the value as JSON, scalars by the core schema.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar { .. } if self.is_null() => Value::Null,
            Content::Scalar { text, .. } => {
                if let Some(boolean) = self.boolean() {
                    Value::Bool(boolean)
                } else if let Some(integer) = self.integer() {
                    Value::from(integer)
                } else if let Some(number) = self.number() {
                    Value::from(number)
                } else {
                    Value::from(text.as_str())
                }
            }
            Content::List(items) => items.iter().map(Node::to_json).collect(),
            Content::Object(entries) => {
                let fields = entries.iter().map(|entry| (entry.key.to_string(), entry.value.to_json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// Moves the node, as where an alias stands; lines and columns stay those of the text.
    pub(crate) fn move_to(&mut self, path: Path) {
        match &mut self.content {
            Content::Scalar { .. } => {}
            Content::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.move_to(path.index(index));
                }
            }
            Content::Object(entries) => {
                for entry in entries {
                    let below = path.key(&entry.key);
                    entry.key_place.path = below.clone();
                    entry.value.move_to(below);
                }
            }
        }
        self.place.path = path;
    }
}

/// Returns a key fit for a message. It ends at a colon or an equals sign: in `{password:hunter2}`, where the
/// blank was forgotten, all of it is a key.
pub(crate) fn safe_key(key: &str) -> String {
    match key.split_once([':', '=']) {
        Some((name, _)) => format!("{}...", shown(name)),
        None => shown(key),
    }
}

/// Returns whether a plain scalar is null.
pub(crate) fn means_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn integer_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain && !leading_zero { text.parse().ok() } else { None }
}

fn number_of(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    let plain = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let number: f64 = if plain && !leading_zero { text.parse().ok()? } else { return None };
    number.is_finite().then_some(number)
}
