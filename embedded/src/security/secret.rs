//! Text that must not be shown.

use std::fmt;

use subtle::ConstantTimeEq;

/// A password, a key or a token. It is compared in constant time and never shown, not by `{:?}` either.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the text to be kept.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for those who have to send or derive something from it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns whether it is this text. Only the length can be learned from the time it takes.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_is_compared_and_never_shown() {
        let secret = Secret::from("hunter2");
        assert!(secret.is("hunter2"));
        assert!(!secret.is("hunter") && !secret.is("hunter22") && !secret.is("Hunter2") && !secret.is(""));
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)), "<secret> Some(\n    <secret>,\n)");
    }
}
