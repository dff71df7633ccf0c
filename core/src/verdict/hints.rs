//! Hints in words: what may be behind a verdict that is not a pass. What each says was found out by the
//! engine; one that speaks of a match of `expect_all_of` names its number.

use std::time::Duration;

use super::words::{self, clip, count, shown};
use crate::codec::rfc3339;
use crate::event::ReceivedEvent;

/// The test forgot something.
pub(crate) const NOTHING_SENT: &str = "this session produced no event";

/// Whose event it is, by what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// This test's.
    This,
    /// It carries no test id.
    Nobody,
    /// That of another test id.
    Other(String),
}

/// Returns what to say of an event before the session's start that would have done.
pub(crate) fn before_start(
    number: Option<usize>,
    whose: &Whose,
    distance: i64,
    event: &ReceivedEvent,
) -> String {
    let what = match (whose, number) {
        (Whose::This, None) => "a matching event lies".to_owned(),
        (Whose::This, Some(number)) => format!("an event that meets match {number} lies"),
        (Whose::Nobody, number) => format!("an event that meets {} and carries no test id lies", of(number)),
        (Whose::Other(test_id), number) => {
            format!("an event that meets {} and carries test id {} lies", of(number), text(test_id))
        }
    };
    let distance = count(u64::try_from(distance).unwrap_or_default(), "offset", "offsets");
    format!("{what} {distance} before your start: {}", place(event.partition, event.offset, event.timestamp))
}

/// Returns what to say of an event that came too late; `is_more` where others were in time.
pub(crate) fn late(number: Option<usize>, is_more: bool, by: Duration, event: &ReceivedEvent) -> String {
    let what = match number {
        Some(number) => format!("an event that meets match {number}"),
        None => if is_more { "one more" } else { "it" }.to_owned(),
    };
    let place = place(event.partition, event.offset, event.timestamp);
    format!("{what} came {} after the deadline: {place}", words::duration(by))
}

/// Returns what to say of an event of another test; `fields` are those that it has in common with a
/// match of which the rest is not known, and none where it meets all of it.
pub(crate) fn other_test(number: Option<usize>, fields: &[&str], test_id: &str, place: &str) -> String {
    let what = if fields.is_empty() {
        format!("an event that meets {}", of(number))
    } else {
        format!("an event with the {} that {} asks", fields.join(" and "), of(number))
    };
    format!("{what} carries test id {}: {place}", text(test_id))
}

/// Returns where an event lies.
pub(crate) fn place(partition: i32, offset: i64, timestamp: Option<i64>) -> String {
    let at = timestamp.map(|millis| format!(", at {}", rfc3339(millis))).unwrap_or_default();
    format!("partition {partition}, offset {offset}{at}")
}

/// Returns on which other topic of the session a match is; `cluster` where that is another one.
pub(crate) fn elsewhere(number: Option<usize>, topic: &str, cluster: Option<&str>) -> String {
    let of = number.map(|number| format!(" of {number}")).unwrap_or_default();
    let cluster = cluster.map(|cluster| format!(" of cluster `{}`", clip(cluster))).unwrap_or_default();
    format!("a match{of} is on topic `{}`{cluster}", clip(topic))
}

/// Returns that a header is there by nearly the name that is looked for.
pub(crate) fn header(variant: &str, asked: &str) -> String {
    format!("header {} exists, the filter asks {}", text(variant), text(asked))
}

/// Returns that no event has the header that eventFilters look for.
pub(crate) fn filter_without_header(asked: &str, is_type: bool) -> String {
    let name = text(asked);
    let remedy =
        if is_type { format!("; {name} is a type, which key `EventType` asks for") } else { String::new() };
    format!("no event of this test carries header {name}, which eventFilters ask for{remedy}")
}

/// Returns that nothing came since a time, and when the last record of the topic came, if that is known.
pub(crate) fn silence(since: i64, last: Option<i64>) -> Vec<String> {
    let mut said = vec![format!("no record at all since {}, when the session began to look", rfc3339(since))];
    said.extend(last.map(|last| format!("the last record of the topic came at {}", rfc3339(last))));
    said
}

/// Returns where the last event that the session sent there was acknowledged, and how long before the
/// deadline, or after it.
pub(crate) fn acknowledged(partition: i32, offset: i64, distance: Duration, is_after: bool) -> String {
    let side = if is_after { "after" } else { "before" };
    let distance = words::duration(distance);
    format!(
        "your last event there was acknowledged at partition {partition}, offset {offset}, {distance} {side} the deadline"
    )
}

fn of(number: Option<usize>) -> String {
    number.map_or_else(|| "the match".to_owned(), |number| format!("match {number}"))
}

fn text(text: &str) -> String {
    shown(&text.into())
}
