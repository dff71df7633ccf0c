//! Numbers by value: 5 is 5.0, and no digit of a large integer is lost.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::budget::Budget;

/// Returns whether numbers are equal by value.
pub(super) fn same(a: &Number, b: &Number) -> bool {
    order(a, b) == Some(Ordering::Equal)
}

/// Returns how numbers lie on the line.
pub(super) fn order(a: &Number, b: &Number) -> Option<Ordering> {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// Returns how an integer and a fraction lie on the line.
pub(super) fn order_mixed(a: i128, b: f64) -> Option<Ordering> {
    match whole(b) {
        Some(b) => Some(a.cmp(&b)),
        // A double with a fraction is small enough for its neighbours to be exact, and one beyond the
        // integers is beyond them all.
        None => (a as f64).partial_cmp(&b),
    }
}

/// Returns a number's exact value, if it is an integer that `i128` holds.
pub(super) fn integer(number: &Number) -> Option<i128> {
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    if let Some(value) = number.as_u64() {
        return Some(value.into());
    }
    number.as_f64().and_then(whole)
}

/// Returns a double's exact value, if it is an integer that `i128` holds.
pub(super) fn whole(float: f64) -> Option<i128> {
    const LIMIT: f64 = 1.7e38;
    #[expect(clippy::cast_possible_truncation, reason = "integral and within the limits of i128")]
    (float.fract() == 0.0 && float.abs() < LIMIT).then_some(float as i128)
}

/// Returns whether values are equal, with numbers by value.
pub(super) fn same_value(a: &Value, b: &Value, budget: &Budget) -> bool {
    if !budget.spend(1) {
        return false;
    }
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same(a, b),
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b, budget))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same_value(a, b, budget)))
        }
        _ => a == b,
    }
}
