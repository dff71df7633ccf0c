//! Documents of the vector file as evidence, for tests and trials.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::delivery::testing::report;
use super::delivery::{DeliveryCheck, Kind};
use super::*;
use crate::codec::testing::received;
use crate::error::{ErrorCode, ProbeError};
use crate::event::ReceivedEvent;
use crate::matcher::{Match, Stage};

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn partition(value: &Value) -> Option<i32> {
    value.as_i64().map(|partition| partition.try_into().unwrap())
}

/// `{topic, event, partition, offset, timestamp, generation}`.
pub(crate) fn record(document: &Value) -> Arc<ReceivedEvent> {
    let mut event = received(&document["topic"], &document["event"]);
    event.partition = partition(&document["partition"]).unwrap_or_default();
    event.offset = document["offset"].as_i64().unwrap();
    event.timestamp = document.get("timestamp").map_or(event.timestamp, Value::as_i64);
    event.generation = number(&document["generation"]) as u32;
    Arc::new(event)
}

/// As [`Coverage::to_json`] writes it.
pub(crate) fn coverage(document: &Value) -> Coverage {
    let read = |read: &Value| PartitionCoverage {
        from: read["from"].as_i64().unwrap(),
        next: read["next"].as_i64().unwrap(),
        end: read["end"].as_i64(),
    };
    let partitions = document["partitions"].as_object().into_iter().flatten();
    Coverage {
        topic_id: document["topicId"].as_str().map(str::to_owned),
        partitions: partitions.map(|(number, part)| (number.parse().unwrap(), read(part))).collect(),
    }
}

fn finding(document: &Value) -> Finding {
    let why = || document["why"].as_str().unwrap().to_owned();
    let lag = |lag: &Value| Lag {
        partition: partition(&lag["partition"]).unwrap(),
        committed: lag["committed"].as_i64(),
        end: lag["end"].as_i64().unwrap(),
    };
    let partition = partition(&document["partition"]);
    match (document["kind"].as_str().unwrap(), document["doubt"].as_str().unwrap_or_default()) {
        ("missing", _) => Finding::Missing {
            wanted: number(&document["wanted"]) as usize,
            found: number(&document["found"]) as usize,
        },
        ("unexpected", _) => Finding::Unexpected(record(&document["record"])),
        ("count", _) => Finding::Count {
            wanted: number(&document["wanted"]) as usize,
            found: number(&document["found"]) as usize,
            extra: document.get("record").map(record),
        },
        ("unserved", _) => Finding::Unserved,
        ("wrong order", _) => Finding::WrongOrder { until: number(&document["until"]) as usize },
        ("not caught", _) => Finding::NotCaught {
            shown: number(&document["shown"]) as usize,
            collected: number(&document["collected"]) as usize,
        },
        ("refused", _) => Finding::Refused {
            event: record(&document["record"]),
            text: document["text"].as_str().unwrap().to_owned(),
        },
        ("lagging", _) => {
            Finding::Lagging(document["partitions"].as_array().unwrap().iter().map(lag).collect())
        }
        ("misdelivered", _) => Finding::Misdelivered(
            Kind::ALL.into_iter().find(|kind| document["worst"] == kind.name()).unwrap(),
        ),
        (_, "NOT_COVERED") if document["of"] == "group" => {
            Finding::Doubtful(Doubt::Unanswered { why: why() })
        }
        (_, "NOT_COVERED") => Finding::Doubtful(Doubt::NotCovered { partition, why: why() }),
        (_, "READ_GAP") => Finding::Doubtful(Doubt::ReadGap { partition, why: why() }),
        (_, "UNDECODABLE") => Finding::Doubtful(Doubt::Undecodable(record(&document["record"]))),
        (_, "NOT_ATTRIBUTABLE") => Finding::Doubtful(match document.get("dropped") {
            Some(dropped) => Doubt::TooManyUnattributed { dropped: number(dropped) },
            None => Doubt::NotAttributable(record(&document["record"])),
        }),
        other => panic!("no finding: {other:?}"),
    }
}

fn funnel(funnel: &Value) -> Funnel {
    let stage = |pair: &Value| {
        let stage = Stage::ALL.into_iter().find(|stage| pair[0] == stage.label()).unwrap();
        (stage.label(), number(&pair[1]))
    };
    Funnel {
        seen: number(&funnel["seen"]),
        other_tests: number(&funnel["otherTests"]),
        unattributed: number(&funnel["unattributed"]),
        stages: funnel["stages"].as_array().into_iter().flatten().map(stage).collect(),
        matched: number(&funnel["matched"]),
    }
}

fn events(list: &Value) -> Vec<(Arc<ReceivedEvent>, bool)> {
    list.as_array().into_iter().flatten().map(|miss| (record(miss), miss["own"] == true)).collect()
}

/// A match, `{"order", "matches": [{"topic", "match", "served", "funnel", "misses"}]}`, `{"group", "hint"}`, or
/// `{"checks", "output", "match"}` with a report.
fn expected(document: &Value, delivery: &Value) -> Expected {
    let row = |row: &Value| Row {
        topic: row["topic"].as_str().unwrap().into(),
        matching: Match::from_json(&row["match"]).unwrap(),
        served: row.get("served").map(|event| (record(event), event["own"] == true)),
        funnel: funnel(&row["funnel"]),
        misses: events(&row["misses"]),
    };
    if let Some(order) = Order::ALL.into_iter().find(|order| document["order"] == order.name()) {
        return Expected::AllOf(order, document["matches"].as_array().unwrap().iter().map(row).collect());
    }
    if let Some(names) = document["checks"].as_array() {
        let check =
            |name: &Value| DeliveryCheck::ALL.into_iter().find(|check| *name == check.name()).unwrap();
        return Expected::Delivery(Box::new(Verified {
            output: document["output"].as_str().map(Into::into),
            checks: names.iter().map(check).collect(),
            matching: Match::from_json(&document["match"]).unwrap(),
            report: report(delivery),
        }));
    }
    match document["group"].as_str() {
        Some(group) => {
            Expected::CaughtUp { group: group.to_owned(), hint: document["hint"].as_str().map(str::to_owned) }
        }
        None => Expected::Match(Box::new(Match::from_json(document).unwrap())),
    }
}

const VERBS: [&str; 9] = [
    "expect_event",
    "expect_none",
    "expect_exactly",
    "expect_all_of",
    "receive_event",
    "receive_n",
    "fish_for_event",
    "expect_group_caught_up",
    "verify_delivery",
];

/// What the engine knew, as `explanations.json` says.
pub(crate) fn evidence(document: &Value) -> Evidence {
    let problem = &document["problem"];
    let others = document["otherTopics"].as_object().into_iter().flatten();
    Evidence {
        verb: VERBS.into_iter().find(|verb| document["verb"] == *verb).unwrap(),
        topic: document["topic"].as_str().unwrap().into(),
        expected: expected(&document["expected"], &document["delivery"]),
        within: Duration::from_millis(number(&document["within_ms"])),
        finding: finding(&document["finding"]),
        own: document["finding"]["own"].as_bool(),
        funnel: funnel(&document["funnel"]),
        misses: events(&document["misses"]),
        hints: document["hints"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|hint| hint.as_str().unwrap().to_owned())
            .collect(),
        notes: Vec::new(),
        coverage: coverage(&document["coverage"]),
        other_topics: others.map(|(topic, read)| (topic.as_str().into(), coverage(read))).collect(),
        problem: problem["message"].as_str().map(|message| {
            let number = i32::try_from(number(&problem["code"])).unwrap();
            ProbeError::new(ErrorCode::from_number(number).unwrap(), message)
        }),
    }
}
