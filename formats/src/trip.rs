//! A value on its way there and back: is what was read what was written?

use serde_json::{Number, Value};

use crate::fault::{Fault, FaultKind, shown};
use crate::pointer::segment;
use crate::schema::Schema;

impl Schema {
    /// Writes a value, reads it back and compares the two; returns how many bytes the payload took. `message` is as for
    /// [`Schema::encode`].
    ///
    /// # Errors
    /// Those of [`Schema::encode`] and [`Schema::decode`], and those of [`changed`].
    pub fn round_trip(&self, value: &Value, message: Option<&str>) -> Result<usize, Fault> {
        let write = |value: &Value| {
            let mut payload = Vec::new();
            self.encode(value, message, &mut payload).map(|()| payload)
        };
        let payload = write(value)?;
        let read = self.decode(&payload)?;
        changed(value, &read, |value| write(value).ok().is_some_and(|other| other == payload))?;
        Ok(payload.len())
    }
}

/// Compares what was written with what was read back. Members that were not written may have come: defaults. What
/// reads otherwise than it was written (an instant as a count, a name in another spelling) is the same if it is the
/// same when it is written again: `is_same` tells of a whole value whether it becomes the payload that the written one
/// became. Numbers have to be the same in any case, since one that was rounded becomes the same payload too.
///
/// # Errors
/// A fault of kind [`FaultKind::Encode`] that names the first field that differs.
pub fn changed(given: &Value, read: &Value, is_same: impl Fn(&Value) -> bool) -> Result<(), Fault> {
    Trip { given, is_same }.compare(given, Some(read), "")
}

struct Trip<'a, F> {
    given: &'a Value,
    is_same: F,
}

impl<F: Fn(&Value) -> bool> Trip<'_, F> {
    fn compare(&self, given: &Value, read: Option<&Value>, path: &str) -> Result<(), Fault> {
        match (given, read) {
            (Value::Null, None) => Ok(()),
            (Value::Object(members), Some(Value::Object(found)))
                if members.iter().all(|(name, value)| value.is_null() || found.contains_key(name)) =>
            {
                members.iter().try_for_each(|(name, value)| {
                    self.compare(value, found.get(name), &format!("{path}{}", segment(name)))
                })
            }
            (Value::Array(items), Some(Value::Array(found))) if items.len() == found.len() => {
                (0..).zip(items.iter().zip(found)).try_for_each(|(place, (item, found)): (usize, _)| {
                    self.compare(item, Some(found), &format!("{path}{}", segment(place)))
                })
            }
            (Value::Number(number), Some(Value::Number(found))) if !is_equal(number, found) => {
                Err(differs(given, read, path).hint("the type of the field has not so many digits"))
            }
            (Value::Number(_), Some(Value::Number(_))) => Ok(()),
            (given, Some(found)) if given == found || self.reads_otherwise(path, found) => Ok(()),
            // Avro's wrapper that says which branch of a union is meant.
            (Value::Object(wrapper), Some(_)) if wrapper.len() == 1 => {
                wrapper.iter().try_for_each(|(branch, value)| {
                    self.compare(value, read, &format!("{path}{}", segment(branch)))
                })
            }
            _ => Err(differs(given, read, path)),
        }
    }

    /// Returns whether what was read, written in the place of what was given, makes no difference.
    fn reads_otherwise(&self, path: &str, read: &Value) -> bool {
        let mut other = self.given.clone();
        match other.pointer_mut(path) {
            Some(place) => *place = read.clone(),
            None => return false,
        }
        (self.is_same)(&other)
    }
}

fn differs(given: &Value, read: Option<&Value>, path: &str) -> Fault {
    let back = match read {
        Some(read) => format!("`{}` was read back", shown(read)),
        None => "nothing was read back".to_owned(),
    };
    Fault::new(FaultKind::Encode, format!("`{}` was written, and {back}", shown(given))).at(path)
}

/// Returns whether two numbers have the same value, however they are kept.
fn is_equal(one: &Number, other: &Number) -> bool {
    // A float that is an integer is one exactly, and integers of 64 bits fit into 128.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and such a number has no equal here"
    )]
    let integer = |number: &Number| {
        number.as_i128().or_else(|| number.as_f64().filter(|float| float.fract() == 0.0).map(|f| f as i128))
    };
    match (integer(one), integer(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.as_f64() == other.as_f64(),
        _ => false,
    }
}
