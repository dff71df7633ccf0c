//! eventFilters: which events of a test enter its journal.

use serde_json::Value;

use super::json::{field_text, scalar_text};
use crate::directive::{EventFilters, FilterCondition, FilterOn, Source};
use crate::event::{Decoded, ReceivedEvent};

/// Returns whether the filters let an event in: any alternative of which all conditions hold, each
/// by any of its values; no alternatives let everything in.
///
/// A condition on the value of an event that could not be decoded keeps nothing out: nobody knows
/// whether it holds, and hiding the event would turn doubt into proof.
#[must_use]
pub fn admits(filters: &EventFilters, event: &ReceivedEvent) -> bool {
    filters.alternatives.is_empty()
        || filters
            .alternatives
            .iter()
            .any(|alternative| alternative.conditions.iter().all(|condition| holds(condition, event)))
}

fn holds(condition: &FilterCondition, event: &ReceivedEvent) -> bool {
    let is_any_of = |text: &str| condition.any_of.iter().any(|value| value == text);
    let are_any_of = |bytes: &[u8]| condition.any_of.iter().any(|value| value.as_bytes() == bytes);
    match &condition.on {
        FilterOn::EventType => event.envelope.event_type.as_deref().is_some_and(is_any_of),
        FilterOn::EventVersion => event.envelope.version.as_deref().is_some_and(is_any_of),
        FilterOn::At(Source::Header(name)) => event.headers.get_all(name).flatten().any(are_any_of),
        FilterOn::At(Source::Key) => event.shown_key().is_some_and(are_any_of),
        FilterOn::At(Source::KeyPointer(pointer)) => {
            event.shown_key().and_then(|key| serde_json::from_slice::<Value>(key).ok()).is_some_and(|key| {
                key.pointer(pointer).and_then(scalar_text).is_some_and(|text| is_any_of(&text))
            })
        }
        FilterOn::At(Source::ValuePointer(pointer)) => match &event.value {
            Decoded::Json(value) => {
                value.field(pointer).and_then(field_text).is_some_and(|text| is_any_of(&text))
            }
            Decoded::Failed(_) => true,
            Decoded::Null | Decoded::Text(_) | Decoded::Bytes => false,
        },
        FilterOn::At(Source::ProducedId | Source::None) => false,
    }
}
