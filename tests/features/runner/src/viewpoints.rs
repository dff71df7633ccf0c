//! From where the expectations of a scenario look, by topic.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use test_probe::{Mark, ReceivedEvent};

#[derive(Default)]
pub(crate) struct Viewpoints {
    marks: HashMap<String, Mark>,
    found: HashMap<String, Arc<ReceivedEvent>>,
}

impl Viewpoints {
    /// Looks from a mark on from now on; what was found before lies behind it.
    pub(crate) fn mark(&mut self, topic: &str, mark: Mark) {
        self.marks.insert(topic.to_owned(), mark);
        self.found.remove(topic);
    }

    /// Notes what an expectation found.
    pub(crate) fn found(&mut self, events: &[Arc<ReceivedEvent>]) {
        for event in events {
            self.found.insert(event.topic.to_string(), event.clone());
        }
    }

    /// Returns the last mark, or nothing for the session's start, as `after` of an expectation.
    pub(crate) fn from(&self, topic: &str) -> Option<Value> {
        self.marks.get(topic).map(|mark| json!({ "mark": mark.to_json() }))
    }

    /// Returns the event that was found last on the topic, else the last mark.
    pub(crate) fn behind(&self, topic: &str) -> Option<Value> {
        let event = self.found.get(topic);
        let position = event
            .map(|event| json!({ "topic": topic, "partition": event.partition, "offset": event.offset }));
        position.or_else(|| self.from(topic))
    }

    /// Returns whether an event comes after the last mark of its topic.
    pub(crate) fn is_new(&self, event: &ReceivedEvent) -> bool {
        let mark = self.marks.get(&*event.topic).and_then(|mark| mark.topics.get(&event.topic));
        mark.and_then(|mark| mark.ends.get(&event.partition)).is_none_or(|end| event.offset >= *end)
    }
}
