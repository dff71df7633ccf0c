//! A match in words.

use serde_json::Value;

use super::{After, Match, Matcher, Mode};
use crate::event::bytes_to_json;

impl Match {
    /// Returns the conditions in words, on one line and in full: `id "evt-1", type "OrderCreated",
    /// value containing {"total":5}`, or `any event of this test`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut words = Vec::new();
        let fields = [("id", &self.id), ("type", &self.event_type), ("version", &self.version)];
        for (name, field) in fields {
            if let Some(text) = field {
                words.push(format!("{name} {}", Value::from(text.as_str())));
            }
        }
        if let Some(key) = &self.key {
            words.push(format!("key {}", bytes_to_json(key)));
        }
        for (name, value) in &self.headers {
            words.push(match value {
                Some(value) => format!("header {name} {}", bytes_to_json(value)),
                None => format!("header {name} null"),
            });
        }
        if let Some(value) = &self.value {
            let document = value.document();
            let is_structured = document.is_object() || document.is_array();
            words.push(match self.mode {
                Mode::Subset if is_structured => format!("value containing {document}"),
                Mode::AnyOrder if is_structured => format!("value containing in any order {document}"),
                Mode::Exact if is_structured => format!("value exactly {document}"),
                Mode::Subset | Mode::AnyOrder | Mode::Exact => format!("value {document}"),
            });
        }
        words.extend(self.matchers.iter().map(Matcher::describe));
        words.extend(self.where_.iter().map(|expression| format!("where {}", expression.source())));
        let conditions =
            if words.is_empty() { "any event of this test".to_owned() } else { words.join(", ") };
        let own = match self.own {
            Some(true) => ", own",
            Some(false) => ", not own",
            None => "",
        };
        let after = match &self.after {
            After::Start => String::new(),
            After::Mark(_) => ", after the mark".to_owned(),
            After::Position { topic, partition, offset } => {
                format!(", after `{topic}` partition {partition}, offset {offset}")
            }
        };
        format!("{conditions}{own}{after}")
    }
}

/// Returns a text that is no longer than so many characters, and says where it was cut.
pub(super) fn cut(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
