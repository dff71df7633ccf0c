//! What can be wrong with a schema, or with a value under it.

use std::fmt;
use std::io;

use serde_json::Value;

/// A result inside of this crate: on the way a fault is a pointer, since it is carried through every level of a
/// value that mostly has none.
pub(crate) type Faulty<T> = Result<T, Box<Fault>>;

/// What was wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// With what.
    pub kind: FaultKind,
    /// The field, as a JSON pointer into the value (`/items/2/price`); empty for the whole.
    pub path: String,
    /// What was wrong: lower case, one line, values in backticks, without the path.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// With what something was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The schema is none.
    Schema,
    /// The value does not fit the schema.
    Encode,
    /// The bytes are not what the schema says.
    Decode,
}

impl Fault {
    /// Makes a fault of the whole value or schema.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, path: String::new(), message: message.into(), hint: None }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that what was wrong is below a member of this name, or an element of this index.
    #[must_use]
    pub(crate) fn under(mut self, segment: impl fmt::Display) -> Self {
        self.path.insert_str(0, &crate::pointer::segment(segment));
        self
    }
}

impl Fault {
    /// Says what to do about it, on the way out.
    #[must_use]
    pub(crate) fn advise(mut self: Box<Self>, hint: impl Into<String>) -> Box<Self> {
        self.hint = Some(hint.into());
        self
    }

    /// Puts a key or an index before the path: a fault learns where it was found on its way out.
    #[must_use]
    pub(crate) fn within(mut self: Box<Self>, key: impl fmt::Display) -> Box<Self> {
        self.path.insert_str(0, &crate::pointer::segment(key));
        self
    }
}

/// How many characters of a value a message shows.
const SHOWN: usize = 80;

/// Returns a value fit for a message: JSON on one line, cut where it grows long. Costs no more than what it returns,
/// whatever the size of the value.
pub(crate) fn shown(value: &Value) -> String {
    let mut start = Start { bytes: Vec::new(), most: SHOWN * 4 };
    let whole = serde_json::to_writer(&mut start, value).is_ok();
    let text = String::from_utf8_lossy(&start.bytes);
    let text = if whole { &*text } else { text.trim_end_matches(char::REPLACEMENT_CHARACTER) };
    cut(text.chars(), whole)
}

/// Returns a name fit for a message: on one line, cut where it grows long.
pub(crate) fn plain(name: &str) -> String {
    let letters = name.chars().take(SHOWN + 1);
    let escaped =
        letters.map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter });
    cut(escaped, true)
}

fn cut(mut letters: impl Iterator<Item = char>, whole: bool) -> String {
    let mut text: String = letters.by_ref().take(SHOWN).collect();
    if letters.next().is_some() || !whole {
        text.push_str("...");
    }
    text
}

/// Takes the start of what is written, and refuses the rest.
struct Start {
    bytes: Vec<u8>,
    most: usize,
}

impl io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.most - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room { Err(io::ErrorKind::WriteZero.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "at `{}`: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
