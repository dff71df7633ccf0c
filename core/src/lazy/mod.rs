//! A value that is known to be good, and decoded when somebody looks at all of it (adr/0039).

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;
use test_probe_formats::{Fault, Schema};

/// JSON-like data. What came in bytes whose schema can check them without decoding (Avro) is decoded when it is first
/// looked at as a whole, and once; a single field is read without that.
///
/// It is a [`Value`] wherever one is read:
/// ```
/// use test_probe::LazyValue;
/// let value = LazyValue::from(serde_json::json!({"total": 5}));
/// assert_eq!(value["total"], 5);
/// ```
#[derive(Clone)]
pub struct LazyValue {
    whole: OnceLock<Value>,
    /// What the whole is decoded from.
    checked: Option<Checked>,
}

/// A payload that its schema has nothing against.
#[derive(Clone)]
struct Checked {
    schema: Arc<Schema>,
    payload: Bytes,
}

impl LazyValue {
    /// Checks a payload, and decodes it where only that tells whether it is good.
    pub(crate) fn read(schema: &Arc<Schema>, payload: Cow<'_, [u8]>) -> Result<Self, Fault> {
        match schema.check(&payload) {
            Some(checked) => checked.map(|()| Self {
                whole: OnceLock::new(),
                checked: Some(Checked { schema: schema.clone(), payload: Bytes::from(payload.into_owned()) }),
            }),
            None => schema.decode(&payload).map(Self::from),
        }
    }

    /// Lets it stand on a record's copy that ends with its payload, in place of bytes of its own.
    pub(crate) fn on(mut self, raw: &Bytes) -> Self {
        if let Some(checked) = &mut self.checked
            && raw.ends_with(&checked.payload)
        {
            checked.payload = raw.slice(raw.len() - checked.payload.len()..);
        }
        self
    }

    /// Returns what a JSON pointer leads to, without decoding the rest.
    pub(crate) fn field(&self, pointer: &str) -> Option<Cow<'_, Value>> {
        if self.whole.get().is_none()
            && let Some(checked) = &self.checked
            && let Ok(found) = checked.schema.decode_field(&checked.payload, pointer)
        {
            return found.map(Cow::Owned);
        }
        self.pointer(pointer).map(Cow::Borrowed)
    }

    /// Returns whether single fields are read without the rest.
    pub(crate) fn is_undecoded(&self) -> bool {
        self.whole.get().is_none()
    }

    /// Returns the value; one that nobody looked at yet is decoded for the caller alone.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match (self.whole.get(), &self.checked) {
            (None, Some(checked)) => checked.decode(),
            _ => Value::clone(self),
        }
    }

    /// Returns the value.
    #[must_use]
    pub fn into_value(mut self) -> Value {
        match (self.whole.take(), self.checked) {
            (Some(whole), _) => whole,
            (None, Some(checked)) => checked.decode(),
            (None, None) => Value::Null,
        }
    }
}

/// Returns a member's name as a part of a JSON pointer.
pub(crate) fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl Checked {
    fn decode(&self) -> Value {
        // Checking is decoding into nothing: what passed it decodes.
        let decoded = self.schema.decode(&self.payload);
        decoded.unwrap_or_else(|fault| unreachable!("a payload was good, and did not decode: {fault}"))
    }
}

impl From<Value> for LazyValue {
    fn from(value: Value) -> Self {
        Self { whole: OnceLock::from(value), checked: None }
    }
}

impl Deref for LazyValue {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.whole.get_or_init(|| self.checked.as_ref().map_or(Value::Null, Checked::decode))
    }
}

impl PartialEq for LazyValue {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for LazyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for LazyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
