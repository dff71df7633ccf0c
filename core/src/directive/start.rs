//! `start:`, and the one way to write a time.

use std::collections::BTreeMap;

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
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let in_range = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
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
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
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

fn days_of_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days in the proleptic Gregorian calendar, the year beginning in March.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns the RFC 3339 text of a time, the reverse of [`rfc3339_millis`].
pub(super) fn rfc3339_text(millis: i64) -> String {
    let (seconds, fraction) = (millis.div_euclid(1_000), millis.rem_euclid(1_000));
    let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}
