//! Small changes to a tree of the configuration.

use std::collections::HashMap;
use std::sync::Arc;

use crate::document::{Content, Entry, Node, Place};

/// Returns an empty object.
pub(super) fn object(place: Place) -> Node {
    Node { place, content: Content::Object(Vec::new()) }
}

/// Takes an entry out of an object.
pub(super) fn take(node: &mut Node, key: &str) -> Option<Entry> {
    let Content::Object(entries) = &mut node.content else { return None };
    let index = entries.iter().position(|entry| &*entry.key == key)?;
    Some(entries.remove(index))
}

/// Returns the value under a key of an object, put there as an empty object when missing.
pub(super) fn child<'a>(node: &'a mut Node, key: &str, place: &Place) -> Option<&'a mut Node> {
    let Content::Object(entries) = &mut node.content else { return None };
    let index = entries.iter().position(|entry| &*entry.key == key).unwrap_or_else(|| {
        entries.push(Entry { key: Arc::from(key), key_place: place.clone(), value: object(place.clone()) });
        entries.len() - 1
    });
    Some(&mut entries[index].value)
}

/// Lays one tree over another: objects by key, everything else replaces. The upper wins, unless it is null.
pub(super) fn overlay(lower: &mut Node, upper: Node) {
    match (&mut lower.content, upper.content) {
        (Content::Object(below), Content::Object(above)) => {
            let known = below.iter().enumerate().map(|(index, entry)| (entry.key.clone(), index));
            let known: HashMap<Arc<str>, usize> = known.collect();
            for entry in above {
                match known.get(&entry.key) {
                    Some(_) if entry.value.is_null() => {}
                    Some(index) => {
                        below[*index].key_place = entry.key_place;
                        overlay(&mut below[*index].value, entry.value);
                    }
                    None => below.push(entry),
                }
            }
            lower.place = upper.place;
        }
        (_, content) => *lower = Node { place: upper.place, content },
    }
}
