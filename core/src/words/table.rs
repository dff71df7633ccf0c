//! Tables of steps.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::event::to_json;
use crate::directive::rfc3339_millis;
use crate::document::{Place, Problems, closest, quoted, shown};
use crate::event::{Event, Payload};

const EVENT: &[&str] = &["type", "version", "id", "key", "value", "partition", "timestamp"];
const MATCHER: &[&str] = &["path", "matcher", "value"];
const MATCH: &[&str] = &["type", "version", "id", "key", "topic", "path", "matcher", "value"];
const HEADER: &str = "header:";

/// Rows under the names of their columns.
pub(super) struct Table<'a> {
    columns: Vec<&'a str>,
    rows: Vec<Vec<Option<&'a str>>>,
}

impl<'a> Table<'a> {
    /// Returns the table; an empty cell counts as none.
    pub(super) fn open(rows: &'a Value, problems: &mut Problems) -> Option<Self> {
        let mut lines = rows.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(cells);
        let (Some(columns), true) = (lines.next(), lines.len() > 0) else {
            problems.add(&Place::default(), "the table had no row").hint("its first line names the columns");
            return None;
        };
        let columns: Vec<&str> = columns.into_iter().map(Option::unwrap_or_default).collect();
        let rows: Vec<_> = lines.collect();
        for (row, number) in rows.iter().zip(1..) {
            if row.len() != columns.len() {
                let message =
                    format!("row {number} of the table had {} cells, not {}", row.len(), columns.len());
                problems.add(&Place::default(), message);
            }
        }
        Some(Self { columns, rows })
    }

    fn check(&self, known: &[&'static str], headers: bool, problems: &mut Problems) {
        for column in &self.columns {
            if known.contains(column) || headers && column.starts_with(HEADER) {
                continue;
            }
            let problem =
                problems.add(&Place::default(), format!("the table had a column `{}`", shown(column)));
            match closest(column, known.iter().copied()) {
                Some(name) => problem.hint(format!("did you mean `{name}`?")),
                None => problem.hint(format!("known columns: {}", quoted(known.iter().copied()))),
            }
        }
    }

    /// The cells of a row that are there, each with its column.
    fn entries(&self, row: &[Option<&'a str>]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pairs: Vec<_> = self
            .columns
            .iter()
            .zip(row)
            .filter_map(|(column, cell)| cell.map(|cell| (*column, cell)))
            .collect();
        pairs.into_iter()
    }
}

fn cells(row: &Value) -> Vec<Option<&str>> {
    let cells = row.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    cells.map(|cell| cell.as_str().map(str::trim).filter(|text| !text.is_empty())).collect()
}

/// Returns the event of each row.
pub(super) fn events(table: &Table<'_>, problems: &mut Problems) -> Value {
    table.check(EVENT, true, problems);
    table.rows.iter().map(|row| to_json(&event(table, row, problems))).collect()
}

fn event(table: &Table<'_>, row: &[Option<&str>], problems: &mut Problems) -> Event {
    let mut event = Event::default();
    for (column, cell) in table.entries(row) {
        match column {
            "type" => event.event_type = Some(cell.to_owned()),
            "version" => event.version = Some(cell.to_owned()),
            "id" => event.id = Some(cell.to_owned()),
            "key" => event.key = Some(Bytes::copy_from_slice(cell.as_bytes())),
            "value" => event.payload = value(cell, problems).map_or(Payload::Null, Payload::Json),
            "partition" => event.partition = number(cell, column, problems),
            "timestamp" => {
                event.timestamp = match rfc3339_millis(cell) {
                    Some(millis) => Some(millis),
                    None => number(cell, column, problems),
                }
            }
            header => {
                let name = header.strip_prefix(HEADER).unwrap_or(header);
                event.headers.push(name, Some(Bytes::copy_from_slice(cell.as_bytes())));
            }
        }
    }
    event
}

fn number<T: std::str::FromStr>(cell: &str, column: &str, problems: &mut Problems) -> Option<T> {
    let number = cell.parse().ok();
    if number.is_none() {
        problems.add(&Place::default(), format!("`{column}` was `{}`, no number of its range", shown(cell)));
    }
    number
}

/// JSON where it is JSON, else text. What begins like an object, a list or a text and is none is a mistake.
fn value(cell: &str, problems: &mut Problems) -> Option<Value> {
    match serde_json::from_str(cell) {
        Ok(value) => Some(value),
        Err(error) if cell.starts_with(['{', '[', '"']) => {
            problems.add(&Place::default(), format!("the cell `{}` was no JSON: {error}", shown(cell)));
            None
        }
        Err(_) => Some(cell.into()),
    }
}

/// Returns the matcher of each row.
pub(super) fn matchers(table: &Table<'_>, problems: &mut Problems) -> Value {
    table.check(MATCHER, false, problems);
    let rows = table.rows.iter().zip(1..);
    rows.filter_map(|(row, number)| {
        let matcher = matcher(table.entries(row), problems);
        if matcher.is_none() {
            problems.add(&Place::default(), format!("row {number} of the table named no `path`"));
        }
        matcher
    })
    .collect()
}

/// Returns the condition that a row states on its `path`; `equals` where it names no matcher.
fn matcher<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>, problems: &mut Problems) -> Option<Value> {
    let (mut path, mut matcher, mut text) = (None, "equals", None);
    for (column, cell) in entries {
        match column {
            "path" => path = Some(cell),
            "matcher" => matcher = cell,
            "value" => text = Some(cell),
            _ => {}
        }
    }
    let mut read = json!({ "path": path?, "matcher": matcher });
    if let Some(text) = text {
        value(text, problems)?;
        read["text"] = text.into();
    }
    Some(read)
}

/// Returns the match of each row: envelope fields, headers, and the condition on its `path`.
pub(super) fn matches(table: &Table<'_>, problems: &mut Problems) -> Value {
    table.check(MATCH, true, problems);
    let rows = table.rows.iter().zip(1..);
    rows.map(|(row, number)| {
        let mut read = Map::new();
        let mut headers: Vec<Value> = Vec::new();
        for (column, cell) in table.entries(row) {
            match (column, column.strip_prefix(HEADER)) {
                ("path" | "matcher" | "value", _) => {}
                (_, Some(name)) => headers.push(json!([name, cell])),
                (field, None) => {
                    read.insert(field.to_owned(), cell.into());
                }
            }
        }
        if !headers.is_empty() {
            read.insert("headers".to_owned(), Value::Array(headers));
        }
        let states_a_value = table.entries(row).any(|(column, _)| matches!(column, "matcher" | "value"));
        match matcher(table.entries(row), problems) {
            Some(matcher) => {
                read.insert("matchers".to_owned(), json!([matcher]));
            }
            None if states_a_value => {
                let message = format!("row {number} of the table had a value and no `path`");
                problems.add(&Place::default(), message).hint("`$` is the whole value");
            }
            None => {}
        }
        Value::Object(read)
    })
    .collect()
}
