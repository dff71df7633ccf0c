//! Parts of an explanation. Each is one line, however long or broken what it speaks of is.

use std::time::Duration;

use serde_json::Value;

use super::{Coverage, Funnel, PartitionCoverage};
use crate::codec::rfc3339;
use crate::event::{Decoded, ReceivedEvent, bytes_to_json};

/// How much of one text is shown.
pub(super) const MOST: usize = 200;

/// Returns text on one line and not longer than [`MOST`] characters.
pub(super) fn clip(text: &str) -> String {
    let flat: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    match flat.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}... ({} characters)", &flat[..at], flat.chars().count()),
        None => flat,
    }
}

/// Returns a value as clipped JSON.
pub(super) fn shown(value: &Value) -> String {
    clip(&value.to_string())
}

/// Returns a duration as a test would say it: `500 ms`, `5 s`, `1.5 s`.
pub(super) fn duration(time: Duration) -> String {
    let millis = time.as_millis();
    if millis < 1_000 { format!("{millis} ms") } else { format!("{} s", millis as f64 / 1e3) }
}

/// Returns a count with its noun.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Returns where an event lies and what it is called.
pub(super) fn event(event: &ReceivedEvent, own: Option<bool>) -> String {
    let mut words = format!("partition {}, offset {}", event.partition, event.offset);
    if let Some(timestamp) = event.timestamp {
        words.push_str(&format!(", at {}", rfc3339(timestamp)));
    }
    if own == Some(true) {
        words.push_str(" (own)");
    }
    let envelope = &event.envelope;
    for (name, field) in [("id", &envelope.id), ("type", &envelope.event_type)] {
        if let Some(text) = field {
            words.push_str(&format!(", {name} {}", shown(&Value::from(text.as_str()))));
        }
    }
    words
}

/// Returns what an event carries.
pub(super) fn value(event: &ReceivedEvent) -> String {
    match &event.value {
        Decoded::Null => "a tombstone".to_owned(),
        Decoded::Json(value) => shown(value),
        Decoded::Text(text) => shown(&Value::from(text.as_str())),
        Decoded::Bytes => shown(&bytes_to_json(event.raw_value.as_deref().unwrap_or_default())),
        Decoded::Failed(error) => format!("undecodable: {}", clip(error.message())),
    }
}

/// Returns the funnel: `seen 214 -> other tests 190 -> other type 20 -> matched 0`. Stages at which
/// nothing fell out are left out.
pub(super) fn funnel(funnel: &Funnel) -> String {
    let mut line = format!("seen {}", funnel.seen);
    let first = [("other tests", funnel.other_tests), ("no test id", funnel.unattributed)];
    for (stage, records) in first.into_iter().chain(funnel.stages.iter().copied()) {
        if records > 0 {
            line.push_str(&format!(" -> {stage} {records}"));
        }
    }
    line.push_str(&format!(" -> matched {}", funnel.matched));
    if funnel.seen == 0 {
        line.push_str(" (no record at all was read since the session's start)");
    }
    line
}

/// Returns the coverage on one line, what was not read to its end first.
/// Where an end is not known `unanswered` says so, unless nobody needed it.
pub(super) fn coverage(topic: Option<&str>, coverage: &Coverage, unanswered: bool) -> String {
    const SHOWN: usize = 4;
    let of = topic.map(|topic| format!(" of `{}`", clip(topic))).unwrap_or_default();
    let id = match &coverage.topic_id {
        Some(id) => format!("topic id {}", clip(id)),
        None => "the topic was not there".to_owned(),
    };
    if coverage.partitions.is_empty() {
        return format!("coverage{of}: {id}, no partition was read");
    }
    let is_covered = |read: &PartitionCoverage| read.end.is_some_and(|end| read.next >= end);
    let mut parts: Vec<_> = coverage.partitions.iter().collect();
    parts.sort_by_key(|(_, read)| is_covered(read));
    let mut words: Vec<String> =
        parts.iter().take(SHOWN).map(|(number, read)| partition(**number, read, unanswered)).collect();
    if parts.len() > SHOWN {
        let rest = &parts[SHOWN..];
        let how = if rest.iter().all(|(_, read)| is_covered(read)) {
            ", read to their ends"
        } else if unanswered || rest.iter().any(|(_, read)| read.end.is_some()) {
            ", not all read to their ends"
        } else {
            ""
        };
        words.push(format!("and {} more{how}", rest.len()));
    }
    format!("coverage{of}: {id}; {}", words.join("; "))
}

fn partition(number: i32, read: &PartitionCoverage, unanswered: bool) -> String {
    let end = match read.end {
        Some(end) => format!(" of {end}"),
        None if unanswered => " and the end was not answered".to_owned(),
        None => String::new(),
    };
    format!("partition {number} from {} read up to {}{end}", read.from, read.next)
}
