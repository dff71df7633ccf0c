//! The matches of `expect_all_of` in words: what serves each, and what came nearest to what is missing.

use serde_json::{Value, json};

use super::Row;
use super::explain::{MISSES, miss_lines};
use super::nearest::{Miss, OTHERWISE, nearest};
use super::words::{self, clip};

/// How many matches are listed.
const ROWS: usize = 5;

impl Row {
    /// Returns what came of the match as a document; `served` is null when nothing serves it.
    pub(super) fn to_json(&self) -> Value {
        let served = self.served.as_ref().map(|(event, own)| event.to_json(*own));
        let nearest: Vec<Value> = self.nearest().iter().map(Miss::to_json).collect();
        json!({
            "topic": &*self.topic, "served": served, "funnel": self.funnel.to_json(), "nearest": nearest,
        })
    }

    /// Returns the nearest misses of a match that nothing serves.
    fn nearest(&self) -> Vec<Miss<'_>> {
        if self.served.is_some() {
            return Vec::new();
        }
        nearest(&self.matching, &self.misses, OTHERWISE, MISSES)
    }
}

/// Returns a line for each match; where there are too many, what is missing goes first.
pub(super) fn overview(rows: &[Row]) -> Vec<String> {
    let mut numbered: Vec<(usize, &Row)> = (1..).zip(rows).collect();
    if numbered.len() > ROWS {
        numbered.sort_by_key(|(number, row)| (row.served.is_some(), *number));
        numbered.truncate(ROWS);
        numbered.sort_by_key(|(number, _)| *number);
    }
    let mut lines: Vec<String> = numbered
        .iter()
        .map(|(number, row)| {
            let came = match &row.served {
                Some((event, own)) => words::event(event, Some(*own)),
                None => "none".to_owned(),
            };
            format!("  {number}. {} on `{}`: {came}", clip(&row.matching.describe()), clip(&row.topic))
        })
        .collect();
    if rows.len() > ROWS {
        let rest = rows.len() - ROWS;
        lines.push(format!("  and {}", words::count(rest as u64, "more match", "more matches")));
    }
    lines
}

/// Returns for each match that is missing its funnel and its nearest misses, in the lines that are left.
pub(super) fn details(rows: &[Row], room: usize) -> Vec<String> {
    let missing: Vec<(usize, &Row)> = (1..).zip(rows).filter(|(_, row)| row.served.is_none()).collect();
    let shown = missing.len().min(MISSES).min(room);
    let mut lines = Vec::new();
    for (index, (number, row)) in missing.iter().take(shown).enumerate() {
        let share = (room - lines.len()) / (shown - index);
        lines.push(format!("match {number}: {}", words::funnel(&row.funnel)));
        let near = miss_lines(&row.nearest(), share.saturating_sub(1));
        lines.extend(near.into_iter().map(|line| format!("  {line}")));
    }
    lines
}
