//! What a path finds.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::syntax::{Comparison, Condition, Operand, Pattern, Query, Segment, Selector};
use crate::matcher::budget::Budget;
use crate::matcher::{number, pattern};

pub(super) fn nodes<'a>(
    query: &Query,
    root: &'a Value,
    current: &'a Value,
    budget: &Budget,
) -> Vec<&'a Value> {
    let mut found = vec![if query.is_absolute { root } else { current }];
    for segment in &query.segments {
        let mut next = Vec::new();
        for node in found {
            select(segment, root, node, budget, &mut next);
        }
        found = next;
    }
    found
}

fn select<'a>(
    segment: &Segment,
    root: &'a Value,
    node: &'a Value,
    budget: &Budget,
    found: &mut Vec<&'a Value>,
) {
    if !budget.spend(1) {
        return;
    }
    for selector in &segment.selectors {
        apply(selector, root, node, budget, found);
    }
    if segment.is_descendant {
        for child in children(node) {
            select(segment, root, child, budget, found);
        }
    }
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    let elements = node.as_array().into_iter().flatten();
    elements.chain(node.as_object().into_iter().flat_map(|members| members.values()))
}

fn apply<'a>(
    selector: &Selector,
    root: &'a Value,
    node: &'a Value,
    budget: &Budget,
    found: &mut Vec<&'a Value>,
) {
    match selector {
        Selector::Name(name) => found.extend(node.as_object().and_then(|members| members.get(name))),
        Selector::Wildcard => {
            for child in children(node) {
                if !budget.spend(1) {
                    return;
                }
                found.push(child);
            }
        }
        Selector::Index(index) => {
            if let Some(elements) = node.as_array() {
                found.extend(position(*index, elements.len()).and_then(|index| elements.get(index)));
            }
        }
        Selector::Slice(start, end, step) => {
            if let Some(elements) = node.as_array() {
                slice(elements, *start, *end, *step, budget, found);
            }
        }
        Selector::Filter(condition) => {
            for child in children(node) {
                if !budget.spend(1) {
                    return;
                }
                if holds(condition, root, child, budget) {
                    found.push(child);
                }
            }
        }
    }
}

/// Returns the index that counts from the start.
fn position(index: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    usize::try_from(if index < 0 { len.checked_add(index)? } else { index }).ok()
}

fn slice<'a>(
    elements: &'a [Value],
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
    budget: &Budget,
    found: &mut Vec<&'a Value>,
) {
    let Ok(len) = i64::try_from(elements.len()) else { return };
    let from_start = |index: i64| if index < 0 { len.saturating_add(index) } else { index };
    if step == 0 {
        return;
    }
    let (mut at, last) = if step > 0 {
        let start = from_start(start.unwrap_or(0)).clamp(0, len);
        (start, from_start(end.unwrap_or(len)).clamp(0, len))
    } else {
        let start = from_start(start.unwrap_or(len - 1)).clamp(-1, len - 1);
        // An absent end lies before the first element, which no index says.
        (start, end.map_or(-1, from_start).clamp(-1, len - 1))
    };
    while if step > 0 { at < last } else { at > last } {
        if !budget.spend(1) {
            return;
        }
        found.extend(usize::try_from(at).ok().and_then(|at| elements.get(at)));
        at = at.saturating_add(step);
    }
}

fn holds(condition: &Condition, root: &Value, current: &Value, budget: &Budget) -> bool {
    match condition {
        Condition::Or(parts) => parts.iter().any(|part| holds(part, root, current, budget)),
        Condition::And(parts) => parts.iter().all(|part| holds(part, root, current, budget)),
        Condition::Not(inner) => !holds(inner, root, current, budget),
        Condition::Compare(left, comparison, right) => {
            let (left, right) = (value(left, root, current, budget), value(right, root, current, budget));
            compare(left.as_deref(), *comparison, right.as_deref(), budget)
        }
        Condition::Exists(query) => !nodes(query, root, current, budget).is_empty(),
        Condition::Match(operand, pattern) => {
            let text = value(operand, root, current, budget);
            let Some(text) = text.as_deref().and_then(Value::as_str) else { return false };
            budget.spend_on(text) && matches(pattern, text, root, current, budget)
        }
    }
}

fn matches(pattern: &Pattern, text: &str, root: &Value, current: &Value, budget: &Budget) -> bool {
    /// What the compilation of a pattern is worth.
    const COMPILATION: usize = 5_000;
    match pattern {
        Pattern::Compiled(regex) => regex.is_match(text),
        Pattern::Nothing => false,
        Pattern::Dynamic { is_whole, operand } => {
            let pattern = value(operand, root, current, budget);
            let Some(pattern) = pattern.as_deref().and_then(Value::as_str) else { return false };
            budget.spend(COMPILATION + pattern.len())
                && pattern::interoperable(pattern, *is_whole).is_ok_and(|regex| regex.is_match(text))
        }
    }
}

/// Returns the value of an operand; `None` is the RFC's Nothing.
fn value<'a>(
    operand: &'a Operand,
    root: &'a Value,
    current: &'a Value,
    budget: &Budget,
) -> Option<Cow<'a, Value>> {
    match operand {
        Operand::Literal(value) => Some(Cow::Borrowed(value)),
        Operand::Singular(query) | Operand::ValueOf(query) => match nodes(query, root, current, budget)[..] {
            [only] => Some(Cow::Borrowed(only)),
            _ => None,
        },
        Operand::Count(query) => Some(Cow::Owned(nodes(query, root, current, budget).len().into())),
        Operand::Length(of) => {
            let length = match value(of, root, current, budget)?.as_ref() {
                Value::String(text) => text.chars().count(),
                Value::Array(elements) => elements.len(),
                Value::Object(members) => members.len(),
                Value::Null | Value::Bool(_) | Value::Number(_) => return None,
            };
            Some(Cow::Owned(length.into()))
        }
    }
}

fn compare(left: Option<&Value>, comparison: Comparison, right: Option<&Value>, budget: &Budget) -> bool {
    let is_equal = || match (left, right) {
        (Some(left), Some(right)) => number::same_value(left, right, budget),
        (None, None) => true,
        _ => false,
    };
    let is_less = |left: Option<&Value>, right: Option<&Value>| match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => {
            number::order(left, right) == Some(Ordering::Less)
        }
        (Some(Value::String(left)), Some(Value::String(right))) => left < right,
        _ => false,
    };
    match comparison {
        Comparison::Equal => is_equal(),
        Comparison::NotEqual => !is_equal(),
        Comparison::Less => is_less(left, right),
        Comparison::Greater => is_less(right, left),
        Comparison::LessOrEqual => is_less(left, right) || is_equal(),
        Comparison::GreaterOrEqual => is_less(right, left) || is_equal(),
    }
}
