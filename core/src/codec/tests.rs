use std::borrow::Cow;

use serde_json::{Value, json};

use super::testing::{directive, event, lend, read, read_of, received, source, wire, wire_to_json, write_of};
use super::*;
use crate::broker::OutgoingRecord;
use crate::directive::{EventFilters, FilterAlternative, FilterCondition, FilterOn, Role, TopicDirective};
use crate::error::ProbeError;
use crate::event::{Decoded, ReceivedEvent, bytes_to_json};
use crate::parity::Ran;

/// The files of vectors about events and records: those without a schema, and those with one.
fn vectors() -> [(&'static str, Value); 2] {
    let parsed = |text| serde_json::from_str(text).unwrap();
    [
        ("envelopes.json", parsed(include_str!("../../../tests/vectors/envelopes.json"))),
        ("schemas.json", parsed(include_str!("../../../tests/vectors/schemas.json"))),
    ]
}

/// Runs every case of a part of both files.
fn each(part: &'static str, mut run: impl FnMut(&Value)) {
    for (file, vectors) in vectors() {
        let mut ran = Ran::new(file, part);
        for case in vectors[part].as_array().unwrap() {
            ran.note(case);
            run(case);
        }
        ran.write();
    }
}

fn error_to_json(error: &ProbeError) -> Value {
    json!({"code": error.code().name(), "message": error.message(), "hint": error.hint_text()})
}

fn seen(event: &ReceivedEvent) -> Value {
    let envelope = &event.envelope;
    let document = event.to_json(false);
    let mut seen = json!({
        "envelope": {"testId": envelope.test_id, "id": envelope.id, "type": envelope.event_type, "version": envelope.version},
        "valueKind": document["valueKind"],
        "value": match &event.value {
            Decoded::Json(value) => value.to_value(),
            Decoded::Text(text) => text.as_str().into(),
            Decoded::Bytes => bytes_to_json(event.raw_value.as_deref().unwrap()),
            Decoded::Null | Decoded::Failed(_) => Value::Null,
        },
        "keyText": event.key_text,
    });
    if let Some(error) = event.error() {
        seen["error"] = error_to_json(error);
    }
    seen
}

#[test]
fn every_event_is_written_as_its_vector_says() {
    each("writes", |case| {
        let (record, written) = write_of(&case["topic"], &event(&case["event"])).unwrap();
        assert_eq!(wire_to_json(&record), case["record"], "{}", case["name"]);
        assert_eq!(
            (json!(&*written.id), json!(written.ce_id)),
            (case["id"].clone(), case["ceId"].clone()),
            "{}",
            case["name"]
        );
        let mut names: Vec<&str> = record.headers.iter().map(|(name, _)| name.as_str()).collect();
        let user: Vec<&str> =
            case["event"]["headers"].as_array().into_iter().flatten().filter_map(|h| h[0].as_str()).collect();
        names.retain(|name| !user.contains(name));
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "{}: {names:?}", case["name"]);
    });
}

#[test]
fn every_event_that_was_written_is_read_back_under_its_id() {
    for (_, vectors) in vectors() {
        for case in vectors["writes"].as_array().unwrap() {
            let (record, written) = write_of(&case["topic"], &event(&case["event"])).unwrap();
            if let Some(id) = read_of(&case["topic"], &record).unwrap().envelope.id {
                assert_eq!(*id, *written.id, "{}", case["name"]);
            }
        }
    }
}

#[test]
fn every_event_that_does_not_fit_is_refused_as_its_vector_says() {
    each("fails", |case| {
        let error = write_of(&case["topic"], &event(&case["event"])).unwrap_err();
        let wanted = json!({"code": case["code"], "message": case["message"], "hint": case["hint"]});
        assert_eq!(error_to_json(&error), wanted, "{}", case["name"]);
    });
}

#[test]
fn every_record_is_read_as_its_vector_says() {
    each("reads", |case| {
        let mut wanted = case.clone();
        for key in ["name", "topic", "record"] {
            wanted.as_object_mut().unwrap().remove(key);
        }
        let event = read_of(&case["topic"], &wire(&case["record"])).unwrap();
        assert_eq!(seen(&event), wanted, "{}", case["name"]);
    });
}

#[test]
fn the_hot_path_finds_the_same_test_id_and_id_as_the_event_has() {
    let (_, vectors) = &vectors()[0];
    for case in vectors["reads"].as_array().unwrap() {
        let reading = Reading::new(&directive(&case["topic"]));
        let (test_id, id) = lend(&wire(&case["record"]), |record| {
            let mut scratch = Scratch::new();
            let test_id = reading.test_id(record, &mut scratch).map(Cow::into_owned);
            (test_id, reading.id(record, &mut scratch).map(Cow::into_owned))
        });
        let envelope = &case["envelope"];
        assert_eq!(
            (json!(test_id), json!(id)),
            (envelope["testId"].clone(), envelope["id"].clone()),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn a_header_that_decides_is_borrowed_from_the_record() {
    let record = wire(&json!({"value": "{", "headers": [["ce_testid", "t"]]}));
    let reading = Reading::new(&TopicDirective::new("orders", Role::Both));
    lend(&record, |record| {
        let mut scratch = Scratch::new();
        assert!(matches!(reading.test_id(record, &mut scratch), Some(Cow::Borrowed("t"))));
        assert!(scratch.is_empty(), "the value was looked at");
    });
}

#[test]
fn everything_is_copied_into_one_buffer() {
    let record =
        wire(&json!({"key": "key", "value": "{\"a\":1}", "headers": [["h", "x"], ["n", null], ["e", ""]]}));
    let event = read(&TopicDirective::new("orders", Role::Both), &record);
    let key = event.raw_key.as_ref().unwrap().as_ptr() as usize;
    assert_eq!(event.raw_value.as_ref().unwrap().as_ptr() as usize, key + 3);
    assert_eq!(event.headers.get("h").flatten().unwrap().as_ptr() as usize, key + 10);
    assert_eq!((event.headers.get("n"), event.headers.get("e")), (Some(None), Some(Some(&b""[..]))));
    assert_ne!(key, record.key.as_ref().unwrap().as_ptr() as usize);
    assert_eq!((&*event.topic, event.offset, event.timestamp), ("orders", 12, Some(1_767_323_045_678)));
}

#[test]
fn scratch_turns_to_the_next_record_by_itself() {
    let reading = Reading::new(&directive(&json!({"correlation": {"testId": "value:/t"}})));
    let records: Vec<OutgoingRecord> =
        ["{\"t\":\"a\"}", "{\"t\":\"b\"}"].map(|value| wire(&json!({"value": value}))).into();
    let mut scratch = Scratch::new();
    for (record, wanted) in records.iter().zip(["a", "b"]) {
        lend(record, |record| {
            assert_eq!(reading.test_id(record, &mut scratch).as_deref(), Some(wanted));
            // Reading moves the value out; another look must not find it gone.
            let event = reading.read(record, 0, &mut scratch);
            assert_eq!(event.value, Decoded::Json(json!({"t": wanted}).into()));
            assert_eq!(reading.test_id(record, &mut scratch).as_deref(), Some(wanted));
            assert_eq!(reading.read(record, 0, &mut scratch), event);
        });
    }
}

fn filters(alternatives: &[&[(&str, &[&str])]]) -> EventFilters {
    let condition = |(key, any_of): &(&str, &[&str])| FilterCondition {
        key: (*key).to_owned(),
        on: match *key {
            "EventType" => FilterOn::EventType,
            "EventVersion" => FilterOn::EventVersion,
            key => FilterOn::At(source(key)),
        },
        any_of: any_of.iter().map(|value| (*value).to_owned()).collect(),
    };
    let alternative =
        |conditions: &&[_]| FilterAlternative { conditions: conditions.iter().map(condition).collect() };
    EventFilters { alternatives: alternatives.iter().map(alternative).collect() }
}

#[test]
fn filters_let_in_any_alternative_of_which_all_conditions_hold_by_any_value() {
    let event = received(
        &json!({}),
        &json!({"type": "T", "version": "1", "key": "{\"k\":\"x\"}", "headers": [["r", "eu"], ["r", "us"], ["n", null]],
            "value": {"s": "text", "n": 5, "f": 1.5, "b": true, "o": {}, "nul": null}}),
    );
    let one = |key: &str, value: &str| admits(&filters(&[&[(key, &[value])]]), &event);
    assert!(admits(&filters(&[]), &event));
    assert!(admits(&filters(&[&[]]), &event));
    assert!(admits(&filters(&[&[("EventType", &["X", "T"]), ("EventVersion", &["1"])]]), &event));
    assert!(!admits(&filters(&[&[("EventType", &["T"]), ("EventVersion", &["2"])]]), &event));
    assert!(admits(&filters(&[&[("EventType", &["X"])], &[("header:r", &["us"])]]), &event));
    for (key, value) in [
        ("header:r", "eu"),
        ("header:r", "us"),
        ("key", "{\"k\":\"x\"}"),
        ("key:/k", "x"),
        ("value:/s", "text"),
        ("value:/n", "5"),
        ("value:/f", "1.5"),
        ("value:/b", "true"),
    ] {
        assert!(one(key, value), "{key} {value}");
    }
    for (key, value) in [
        ("header:r", "EU"),
        ("header:R", "eu"),
        ("header:n", ""),
        ("header:absent", ""),
        ("value:/o", "{}"),
        ("value:/nul", "null"),
        ("value:/absent", ""),
        ("value:/n", "5.0"),
        ("key:/k", "y"),
        ("none", ""),
        ("produced-id", ""),
    ] {
        assert!(!one(key, value), "{key} {value}");
    }
}

#[test]
fn a_filter_on_a_value_that_cannot_be_read_keeps_nothing_out() {
    let event = received(&json!({}), &json!({"type": "T", "raw": "{"}));
    assert!(admits(&filters(&[&[("value:/s", &["x"]), ("EventType", &["T"])]]), &event));
    assert!(!admits(&filters(&[&[("value:/s", &["x"]), ("EventType", &["X"])]]), &event));
    let tombstone = received(&json!({}), &json!({"type": "T"}));
    assert!(!admits(&filters(&[&[("value:/s", &["x"])]]), &tombstone));
}

#[test]
fn no_bytes_make_reading_panic() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let topics = [
        json!({}),
        json!({"envelope": "ce-structured", "format": "bytes"}),
        json!({"envelope": "ce-key", "correlation": {"testId": "value:/a/0"}}),
        json!({"format": "string", "correlation": {"id": "key:/a"}}),
    ];
    let alphabet = b"{}[]\",:0aspecversion.data_base64\\u\x00\xff";
    for round in 0..20_000 {
        let mut bytes = || {
            let start: &[u8] = if random.bool() { b"{\"specversion\":1," } else { b"" };
            let tail = (0..random.usize(..24)).map(|_| alphabet[random.usize(..alphabet.len())]);
            Some(bytes::Bytes::from(start.iter().copied().chain(tail).collect::<Vec<u8>>()))
        };
        let record = OutgoingRecord {
            key: bytes(),
            value: bytes(),
            headers: vec![("ce_id".to_owned(), bytes())],
            ..wire(&json!({}))
        };
        let event = read(&directive(&topics[round % topics.len()]), &record);
        assert_eq!(event.raw_key, record.key, "seed {seed}");
        let _ = event.to_json(false);
    }
}
