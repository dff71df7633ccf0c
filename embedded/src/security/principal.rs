//! Who a client is.

use std::fmt;
use std::sync::Arc;

/// Who a client is, shown as Kafka shows it: `User:alice`. The type is always `User`, as with the principal
/// builder that Kafka has by default.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    name: Arc<str>,
}

impl Principal {
    /// Returns the user with this name.
    pub fn user(name: &str) -> Self {
        Self { name: name.into() }
    }

    /// Returns who everybody is that did not have to say: `User:ANONYMOUS`.
    pub fn anonymous() -> Self {
        Self::user("ANONYMOUS")
    }

    /// Returns the name without its type.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User:{}", self.name)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
