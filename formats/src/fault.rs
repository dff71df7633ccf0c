//! What can be wrong with a schema, or with a value under it.

use std::fmt;

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
        let segment = segment.to_string().replace('~', "~0").replace('/', "~1");
        self.path.insert_str(0, &format!("/{segment}"));
        self
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
