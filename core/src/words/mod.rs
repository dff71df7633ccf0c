//! What people write in steps and on command lines, read as the documents of events, matches and topics.
//!
//! Every step library and the command ask here, so that a table or a doc string means the same in each language.
//! Cells of a table are text: one is read as JSON where it is JSON, else taken as it is.

mod event;
mod table;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub use event::events_from_yaml;

use crate::config::duration;
use crate::document::{Problems, shown};
use crate::error::{ErrorCode, ProbeError, Result};

/// Reads words as a document. `words` is an object with `read` and what it needs:
///
/// | `read` | with | gives |
/// |---|---|---|
/// | `duration` | `text` (`5 seconds`, `500 ms`, `PT5S`) | `{"ms"}` |
/// | `events` | `yaml` (an event, or a list), or `table` (columns `type, version, id, key, value, partition, timestamp, header:NAME`) | `{"events": [{"type", "version", "id", "key", "headers", "value" or "raw", "partition", "timestamp"}]}` |
/// | `match` | `table` (columns `path, matcher, value`), and the fields of a match that hold besides | a match |
/// | `matches` | `table` (columns `type, version, id, key, topic, header:NAME, path, matcher, value`) | `{"matches": [...]}` |
/// | `topic` | `topic`, and `partitions` or `cluster` | directives that create the topic where it is missing |
///
/// A `table` is a list of rows, the first of them the names of the columns; a cell is text or null. Keys, `raw` and
/// the values of headers are text, or `{"base64"}`.
///
/// # Errors
/// INVALID_ARGUMENT with everything that is wrong at once.
///
/// ```
/// use serde_json::json;
/// let table = json!([["path", "matcher", "value"], ["$.total", "between", "[1, 5]"]]);
/// let read = test_probe::words::read(&json!({"read": "match", "type": "OrderConfirmed", "table": table}))?;
/// assert_eq!(read["type"], "OrderConfirmed");
/// assert_eq!(read["matchers"][0], json!({"path": "$.total", "matcher": "between", "text": "[1, 5]"}));
/// # Ok::<(), test_probe::ProbeError>(())
/// ```
pub fn read(words: &Value) -> Result<Value> {
    let text = |key: &str| words.get(key).and_then(Value::as_str);
    match text("read") {
        Some("duration") => {
            let written = text("text").unwrap_or_default();
            let found = duration(written).ok_or_else(|| {
                invalid(format!("`{}` was no duration", shown(written)))
                    .hint("write it as `5 seconds`, `500 ms` or `PT5S`")
            })?;
            Ok(json!({ "ms": found.as_secs_f64() * 1e3 }))
        }
        Some("events") => match (text("yaml"), words.get("table")) {
            (Some(yaml), _) => Ok(json!({ "events": event::documents(yaml)? })),
            (None, Some(rows)) => of_table(rows, table::events).map(|events| json!({ "events": events })),
            (None, None) => Err(invalid("neither `yaml` nor `table` was there".to_owned())),
        },
        Some("match") => {
            let matchers = words.get("table").map(|rows| of_table(rows, table::matchers)).transpose()?;
            let fields = words.as_object().into_iter().flatten();
            let mut read: Map<String, Value> = fields
                .filter(|(key, _)| !matches!(key.as_str(), "read" | "table"))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            read.extend(matchers.map(|matchers| ("matchers".to_owned(), matchers)));
            Ok(Value::Object(read))
        }
        Some("matches") => {
            let rows = words.get("table").unwrap_or(&Value::Null);
            of_table(rows, table::matches).map(|matches| json!({ "matches": matches }))
        }
        Some("topic") => Ok(topic(words)),
        _ => Err(invalid("`read` was none of duration, events, match, matches, topic".to_owned())),
    }
}

/// Reads words as a boundary hands them over: a document in, a document out.
///
/// # Errors
/// As [`read`].
pub fn read_document(words: &str) -> Result<String> {
    let words = serde_json::from_str(words)
        .map_err(|error| invalid(format!("the words were no JSON document: {error}")))?;
    Ok(read(&words)?.to_string())
}

/// A topic of a step: both roles, and created where it is missing. The step says no more, and a test that begins
/// on an empty cluster shall run.
fn topic(words: &Value) -> Value {
    let mut create = Map::new();
    create.extend(words.get("partitions").map(|partitions| ("partitions".to_owned(), partitions.clone())));
    let mut directive = Map::new();
    directive.insert("topic".to_owned(), words.get("topic").cloned().unwrap_or_default());
    directive.insert("role".to_owned(), "both".into());
    directive.insert("create".to_owned(), Value::Object(create));
    directive.extend(words.get("cluster").map(|cluster| ("cluster".to_owned(), cluster.clone())));
    json!({ "topics": [directive] })
}

fn of_table(rows: &Value, read: impl Fn(&table::Table<'_>, &mut Problems) -> Value) -> Result<Value> {
    let mut problems = Problems::new(ErrorCode::InvalidArgument);
    let read = table::Table::open(rows, &mut problems).map(|table| read(&table, &mut problems));
    problems.finish(read)
}

fn invalid(message: String) -> ProbeError {
    ProbeError::new(ErrorCode::InvalidArgument, message)
}
