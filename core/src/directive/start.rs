//! `start:`, and the one way to write a time.

use std::collections::BTreeMap;

use test_probe_formats::day;

use super::keys::{START, STARTS};
use super::model::Start;
use crate::document::{Content, Fields, Node, Problems, closest, shown};

const HINT: &str = "write `latest`, `earliest`, `{timestamp: 2026-01-31T12:00:00Z}` or `{offsets: {0: 42}}`";

pub(super) fn start(node: &Node, problems: &mut Problems) -> Start {
    if let Content::Object(_) = &node.content {
        return from_object(node, problems);
    }
    match node.text() {
        Some("latest") => Start::Latest,
        Some("earliest") => Start::Earliest,
        other => {
            let found = other.map_or_else(|| node.kind().to_owned(), |text| format!("`{}`", shown(text)));
            let problem = problems.add(&node.place, format!("`start` was {found}, no place to start from"));
            match other.and_then(|text| closest(text, STARTS.iter().copied())) {
                Some(word) => problem.hint(format!("did you mean `{word}`?")),
                None => problem.hint(HINT),
            }
            Start::Latest
        }
    }
}

fn from_object(node: &Node, problems: &mut Problems) -> Start {
    let Some(fields) = Fields::open(node, &START, problems) else { return Start::Latest };
    match (fields.node("timestamp"), fields.node("offsets")) {
        (Some(timestamp), None) => {
            let Some(text) = fields.text("timestamp", problems) else { return Start::Latest };
            let Some(millis) = rfc3339_millis(&text) else {
                let message = format!("`timestamp` was `{}`, not a time by RFC 3339", shown(&text));
                problems.add(&timestamp.place, message).hint("write it as `2026-01-31T12:00:00Z`");
                return Start::Latest;
            };
            Start::Timestamp(millis)
        }
        (None, Some(offsets)) => from_offsets(offsets, problems),
        (Some(_), Some(_)) => {
            problems.add(&node.place, "`timestamp` and `offsets` excluded each other").hint(HINT);
            Start::Latest
        }
        (None, None) => {
            problems.add(&node.place, "`start` named neither `timestamp` nor `offsets`").hint(HINT);
            Start::Latest
        }
    }
}

fn from_offsets(node: &Node, problems: &mut Problems) -> Start {
    let Some(entries) = node.entries() else {
        problems.add(&node.place, format!("`offsets` was {}, not an object", node.kind())).hint(HINT);
        return Start::Latest;
    };
    let mut offsets = BTreeMap::new();
    for entry in entries {
        let partition = entry.key.parse::<i32>().ok().filter(|partition| *partition >= 0);
        if partition.is_none() {
            problems.add(&entry.key_place, format!("`{}` was no partition", shown(&entry.key)));
        }
        let offset = entry.value.integer().filter(|offset| *offset >= 0);
        if offset.is_none() {
            problems.add(&entry.value.place, "an offset was no integer from 0");
        }
        offsets.extend(partition.zip(offset));
    }
    if entries.is_empty() {
        problems.add(&node.place, "`offsets` was empty").hint(HINT);
    }
    Start::Offsets(offsets)
}

/// Returns milliseconds since the epoch of an RFC 3339 time; smaller fractions are cut.
pub(crate) fn rfc3339_millis(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 20 {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = &text[from..to];
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let marks = [(4, b"-".as_slice()), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")];
    if !marks.iter().all(|(at, allowed)| allowed.contains(&bytes[*at])) {
        return None;
    }
    let days = day(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // A leap second counts as the next one.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &text[19..];
    let mut millis = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        millis = format!("{:0<3}", &fraction[..digits])[..3].parse().ok()?;
        rest = &fraction[digits..];
    }
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some((seconds - utc_offset_seconds(rest)?) * 1_000 + millis)
}

fn utc_offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" || text == "z" {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u8>().ok())?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then(|| sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60))
}
