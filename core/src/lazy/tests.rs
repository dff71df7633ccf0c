use std::borrow::Cow;
use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Map, Value, json};
use test_probe_formats::{Schema, SchemaSource, SchemaType};

use super::LazyValue;
use crate::codec::testing::received;
use crate::event::{Decoded, ReceivedEvent};
use crate::matcher::{Match, Mode};

fn schema() -> Arc<Schema> {
    let text = json!({"type": "record", "name": "R", "fields": [
        {"name": "a", "type": ["null", "boolean", "long", "string"]},
        {"name": "b", "type": {"type": "map", "values": ["null", "long", "string", "R"]}},
        {"name": "c", "type": ["null", "R"]},
        {"name": "d", "type": {"type": "array", "items": ["null", "double", "string", "R"]}},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["x", "y"]}}]});
    let source = SchemaSource::new(SchemaType::Avro, text.to_string());
    Arc::new(Schema::parse(&source).unwrap_or_else(|fault| panic!("{fault}")))
}

fn scalar(random: &mut Rng) -> Value {
    match random.u8(..5) {
        0 => Value::Null,
        1 => json!(random.i32(0..3)),
        2 => json!(f64::from(random.u8(..3)) + 0.5),
        _ => json!(["x", "y", ""][random.usize(..3)]),
    }
}

/// Returns a value of the schema.
fn value(random: &mut Rng, depth: u32) -> Value {
    let inner = |random: &mut Rng| {
        if depth > 0 && random.u8(..3) == 0 { value(random, depth - 1) } else { scalar(random) }
    };
    let whole = |value: Value| if value.is_f64() { json!(7) } else { value };
    let broken = |value: Value| if value.is_i64() { json!(7.5) } else { value };
    let mut entries = Map::new();
    for _ in 0..random.usize(..3) {
        let name = ["0", "a", "k/~"][random.usize(..3)].to_owned();
        entries.insert(name, whole(inner(random)));
    }
    let elements: Vec<Value> = (0..random.usize(..3)).map(|_| broken(inner(random))).collect();
    let nested = if depth > 0 && random.bool() { value(random, depth - 1) } else { Value::Null };
    let e = ["x", "y"][random.usize(..2)];
    json!({"a": whole(scalar(random)), "b": entries, "c": nested, "d": elements, "e": e})
}

/// Makes of a value what a test might expect: less of it, something else in it, a placeholder.
fn expectation(random: &mut Rng, value: &Value) -> Value {
    match (random.u8(..16), value) {
        (0, _) => scalar(random),
        (1, _) => json!(["${json-unit.any-string}", "${json-unit.any-number}"][random.usize(..2)]),
        (2, _) => json!(["${json-unit.missing-or-null}", "${json-unit.regex}x|y"][random.usize(..2)]),
        (_, Value::Object(members)) => {
            let mut wanted: Map<String, Value> = Map::new();
            for (name, value) in members {
                if random.bool() {
                    wanted.insert(name.clone(), expectation(random, value));
                }
            }
            if random.u8(..6) == 0 {
                wanted
                    .insert(["0", "z"][random.usize(..2)].to_owned(), json!("${json-unit.missing-or-null}"));
            }
            wanted.into()
        }
        (_, Value::Array(elements)) => elements.iter().map(|one| expectation(random, one)).collect(),
        _ => value.clone(),
    }
}

/// Returns what a test might ask, in one of the three languages.
fn question(random: &mut Rng, value: &Value) -> Match {
    const PATHS: [&str; 10] =
        ["a", "b.a", "b", "c.a", "c.c.e", "c.b.a", "d", "d[0]", "['b']['k/~']", "b['0']"];
    const EXPRESSIONS: [&str; 7] = [
        "value.a == 1",
        "value.c.a == 'x' || value.e == 'y'",
        "value.c.c.e != value.e",
        "has(value.c.a) && value.b.a > 1",
        "value.b['k/~'] == null",
        "size(value.d) > value.a",
        "value.b.a.a.a == 'x'",
    ];
    match random.u8(..3) {
        0 => {
            let mode = [Mode::Subset, Mode::Exact, Mode::AnyOrder][random.usize(..3)];
            Match::new().value(expectation(random, value)).mode(mode)
        }
        1 => {
            let path = PATHS[random.usize(..PATHS.len())];
            match random.u8(..4) {
                0 => Match::new().matcher(path, "absent", Value::Null),
                1 => Match::new().matcher(path, "at-least", 1),
                _ => Match::new().matcher(path, "equals", scalar(random)),
            }
        }
        _ => Match::new().where_(EXPRESSIONS[random.usize(..EXPRESSIONS.len())]),
    }
}

fn event(value: LazyValue) -> ReceivedEvent {
    let mut event = received(&json!({}), &json!({"id": "e", "value": {}}));
    event.value = Decoded::Json(value);
    event
}

#[test]
fn a_value_that_was_not_decoded_is_judged_as_if_it_had_been() {
    let seed = std::env::var("TEST_PROBE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = Rng::with_seed(seed);
    let schema = schema();
    let (mut matched, mut decided) = (0, 0);
    for _ in 0..20_000 {
        let made = value(&mut random, 2);
        let mut bytes = Vec::new();
        schema.encode(&made, None, &mut bytes).unwrap_or_else(|fault| panic!("{fault}: {made}"));
        let matching = question(&mut random, &made);
        let whole = event(schema.decode(&bytes).unwrap().into());
        let lazy = event(LazyValue::read(&schema, Cow::Borrowed(&bytes)).unwrap());
        let wanted = matching.falls_out_at(&whole, false);
        assert_eq!(matching.falls_out_at(&lazy, false), wanted, "seed {seed}: {matching:?} of {made}");
        let Decoded::Json(inside) = &lazy.value else { unreachable!("it was made so") };
        matched += usize::from(wanted.is_none());
        decided += usize::from(wanted.is_some() && inside.is_undecoded());
        let compared = matching.compare(&lazy, false);
        assert_eq!(compared, matching.compare(&whole, false), "seed {seed}: {matching:?} of {made}");
    }
    assert!(matched > 1_000 && decided > 1_000, "seed {seed}: {matched} matched, {decided} without decoding");
}

#[test]
fn what_is_broken_behind_a_field_is_found_out_before_the_field_is_read() {
    let schema = schema();
    let good = json!({"a": "x", "b": {}, "c": null, "d": [], "e": "y"});
    let mut bytes = Vec::new();
    schema.encode(&good, None, &mut bytes).unwrap();
    *bytes.last_mut().unwrap() = 8;
    assert_eq!(schema.decode_field(&bytes, "/a"), Ok(Some(json!("x"))));
    let fault = LazyValue::read(&schema, Cow::Borrowed(&bytes)).unwrap_err();
    assert_eq!(Err(fault), schema.decode(&bytes));
}

#[test]
fn it_stands_on_the_bytes_of_its_record_and_is_the_value_however_it_is_taken() {
    let schema = schema();
    let made = json!({"a": 1, "b": {}, "c": null, "d": [], "e": "y"});
    let mut bytes = vec![0, 0, 0, 0, 1];
    schema.encode(&made, None, &mut bytes).unwrap();
    let raw = bytes::Bytes::from(bytes);
    let lazy = LazyValue::read(&schema, Cow::Borrowed(&raw[5..])).unwrap().on(&raw);
    let payload = &lazy.checked.as_ref().unwrap().payload;
    assert_eq!(payload.as_ptr(), raw[5..].as_ptr());
    assert_eq!(lazy.to_value(), made);
    assert!(lazy.is_undecoded());
    assert_eq!(lazy.clone().into_value(), made);
    assert_eq!((lazy["a"].clone(), lazy.is_undecoded()), (json!(1), false));
    assert_eq!(lazy.field("/e").as_deref(), Some(&json!("y")));
    assert_eq!(lazy.into_value(), made);
}
