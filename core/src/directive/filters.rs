//! Event filters. All entries of the form key and value make one alternative, each pair another.

use super::keys::{FILTER, PAIR};
use super::model::{EventFilters, FilterAlternative, FilterCondition, FilterOn, Source};
use super::sources::source;
use crate::document::{Content, Fields, Node, Problems, shown};

pub(super) fn event_filters(node: &Node, problems: &mut Problems) -> EventFilters {
    let Content::List(items) = &node.content else {
        problems.add(&node.place, format!("`eventFilters` was {}, not a list", node.kind()));
        return EventFilters::default();
    };
    let mut alternatives = Vec::new();
    let mut common: Option<usize> = None;
    for item in items {
        let is_pair = item.get("eventType").is_some() || item.get("eventVersion").is_some();
        if is_pair {
            alternatives.extend(pair(item, problems).map(|conditions| FilterAlternative { conditions }));
        } else if let Some(condition) = condition(item, problems) {
            let index = *common.get_or_insert_with(|| {
                alternatives.push(FilterAlternative::default());
                alternatives.len() - 1
            });
            add(&mut alternatives[index], condition);
        }
    }
    EventFilters { alternatives }
}

/// Several values for one key are alternatives of that key.
fn add(alternative: &mut FilterAlternative, new: FilterCondition) {
    match alternative.conditions.iter_mut().find(|condition| condition.on == new.on) {
        Some(condition) => {
            let fresh = new.any_of.into_iter().filter(|value| !condition.any_of.contains(value));
            let fresh: Vec<String> = fresh.collect();
            condition.any_of.extend(fresh);
        }
        None => alternative.conditions.push(new),
    }
}

fn pair(item: &Node, problems: &mut Problems) -> Option<Vec<FilterCondition>> {
    let fields = Fields::open(item, &PAIR, problems)?;
    let event_type = fields.text("eventType", problems)?;
    let version = fields.text("eventVersion", problems);
    let one = |key: &str, on, value| FilterCondition { key: key.to_owned(), on, any_of: vec![value] };
    let mut conditions = vec![one("eventType", FilterOn::EventType, event_type)];
    conditions.extend(version.map(|version| one("eventVersion", FilterOn::EventVersion, version)));
    Some(conditions)
}

fn condition(item: &Node, problems: &mut Problems) -> Option<FilterCondition> {
    let fields = Fields::open(item, &FILTER, problems)?;
    let key = fields.text("key", problems);
    let value = match fields.node("value") {
        Some(node) => crate::document::text_of(node, "value", problems).map(str::to_owned),
        None => None,
    };
    let key = key?;
    let Some(on) = looks_at(&key) else {
        let place = fields.node("key").map(|node| node.place.clone()).unwrap_or_default();
        problems
            .add(&place, format!("filter key `{}` was not a place in a record", shown(&key)))
            .hint("write `EventType`, `EventVersion`, a header name, `header:x`, `key` or `value:/pointer`");
        return None;
    };
    Some(FilterCondition { key, on, any_of: vec![value?] })
}

fn looks_at(key: &str) -> Option<FilterOn> {
    match key {
        "EventType" => Some(FilterOn::EventType),
        "EventVersion" => Some(FilterOn::EventVersion),
        "key" => Some(FilterOn::At(Source::Key)),
        _ if ["header:", "key:", "value:"].iter().any(|prefix| key.starts_with(prefix)) => {
            source(key).map(FilterOn::At)
        }
        _ => Some(FilterOn::At(Source::Header(key.to_owned()))),
    }
}
