//! What a command is read with: an object, with where it stands.

use std::fmt;

use serde_json::{Map, Value};

use super::ControlError;

/// An object of a command, with where it stands.
pub(crate) struct Place<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Place<'a> {
    pub(crate) fn root(command: &'a Value) -> Result<Self, ControlError> {
        match command.as_object() {
            Some(object) => Ok(Self { path: String::new(), object }),
            None => Err(ControlError(format!("the command was `{command}`, which is no object"))),
        }
    }

    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(crate) fn inside(&self, key: &str) -> Self {
        Self { path: self.path_of(key), object: self.object }
    }

    pub(crate) fn wrong(&self, error: &dyn fmt::Display) -> ControlError {
        match self.path.as_str() {
            "" => ControlError(error.to_string()),
            path => ControlError(format!("`{path}`: {error}")),
        }
    }

    pub(crate) fn missing(&self, key: &str) -> ControlError {
        ControlError(format!("`{}` was missing", self.path_of(key)))
    }

    pub(crate) fn unlike(&self, key: &str, what: &str, value: &Value) -> ControlError {
        ControlError(format!("`{}` was `{value}`, which is not {what}", self.path_of(key)))
    }

    /// Refuses keys that mean nothing here.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ControlError> {
        match self.object.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(ControlError(format!(
                "`{}` is not known, these keys are: `{}`",
                self.path_of(key),
                known.join("`, `")
            ))),
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Returns a value; null is none.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn object(&self, key: &str) -> Result<Self, ControlError> {
        let value = self.get(key).ok_or_else(|| self.missing(key))?;
        let object = value.as_object().ok_or_else(|| self.unlike(key, "an object", value))?;
        Ok(Self { path: self.path_of(key), object })
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, ControlError> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| self.unlike(key, "a text", value));
        self.get(key).map(text).transpose()
    }

    pub(crate) fn whole(&self, key: &str) -> Result<Option<u64>, ControlError> {
        let whole = |value: &Value| value.as_u64().ok_or_else(|| self.unlike(key, "a whole number", value));
        self.get(key).map(whole).transpose()
    }

    /// Returns a number that must be there.
    pub(crate) fn needed(&self, key: &str) -> Result<i32, ControlError> {
        let value = self.get(key).ok_or_else(|| self.missing(key))?;
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        number.ok_or_else(|| self.unlike(key, "a whole number", value))
    }

    pub(crate) fn one_of(&self, key: &str, known: &[&'static str]) -> Result<&'static str, ControlError> {
        let name = self.text(key)?.ok_or_else(|| self.missing(key))?;
        known.iter().copied().find(|one| *one == name).ok_or_else(|| {
            let known = known.join("`, `");
            ControlError(format!("`{}` was `{name}`, which is not one of `{known}`", self.path_of(key)))
        })
    }
}
