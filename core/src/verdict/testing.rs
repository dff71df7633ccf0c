//! Documents of the vector file as evidence, for tests and trials.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

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
    let partition = partition(&document["partition"]);
    match (document["kind"].as_str().unwrap(), document["doubt"].as_str().unwrap_or_default()) {
        ("missing", _) => Finding::Missing {
            wanted: number(&document["wanted"]) as usize,
            found: number(&document["found"]) as usize,
        },
        ("unexpected", _) => Finding::Unexpected(record(&document["record"])),
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

/// What the engine knew, as `explanations.json` says.
pub(crate) fn evidence(document: &Value) -> Evidence {
    let verbs = ["expect_event", "expect_none", "receive_event", "receive_n"];
    let funnel = &document["funnel"];
    let list = |key: &str| document[key].as_array().map_or(&[][..], Vec::as_slice);
    let stage = |pair: &Value| {
        let stage = Stage::ALL.into_iter().find(|stage| pair[0] == stage.label()).unwrap();
        (stage.label(), number(&pair[1]))
    };
    let problem = &document["problem"];
    Evidence {
        verb: verbs.into_iter().find(|verb| document["verb"] == *verb).unwrap(),
        topic: document["topic"].as_str().unwrap().into(),
        expected: Match::from_json(&document["expected"]).unwrap(),
        within: Duration::from_millis(number(&document["within_ms"])),
        finding: finding(&document["finding"]),
        funnel: Funnel {
            seen: number(&funnel["seen"]),
            other_tests: number(&funnel["otherTests"]),
            unattributed: number(&funnel["unattributed"]),
            stages: funnel["stages"].as_array().into_iter().flatten().map(stage).collect(),
            matched: number(&funnel["matched"]),
        },
        misses: list("misses").iter().map(|miss| (record(miss), miss["own"] == true)).collect(),
        hints: list("hints").iter().map(|hint| hint.as_str().unwrap().to_owned()).collect(),
        coverage: coverage(&document["coverage"]),
        problem: problem["message"].as_str().map(|message| {
            let number = i32::try_from(number(&problem["code"])).unwrap();
            ProbeError::new(ErrorCode::from_number(number).unwrap(), message)
        }),
    }
}
