//! Schemas as text.

use std::sync::Arc;

use serde_json::json;
use test_probe_formats::{AvroSchema, FaultKind, Reference, SchemaSource, SchemaType};

use crate::{bytes, parsed, schema};

#[test]
fn the_name_of_a_record_is_its_full_name() {
    let name = |json| schema(&json).record_name().map(str::to_owned);
    let record = |name: &str| json!({"type": "record", "name": name, "namespace": "com.shop", "fields": []});
    assert_eq!(name(record("Order")).as_deref(), Some("com.shop.Order"));
    assert_eq!(name(record("org.Order")).as_deref(), Some("org.Order"));
    assert_eq!(name(json!("string")), None);
}

#[test]
fn names_are_found_in_the_namespace_around_them() {
    let of = schema(&json!({"type": "record", "name": "a.R", "fields": [
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["X"]}},
        {"name": "again", "type": "E"}, {"name": "full", "type": "a.E"},
        {"name": "other", "type": {"type": "record", "name": "O", "namespace": "b", "fields": [
            {"name": "back", "type": ["null", "a.R"], "default": null},
            {"name": "own", "type": ["null", "O"], "default": null}]}},
        {"name": "after", "type": "E"}]}));
    let value = json!({"e": "X", "again": "X", "full": "X", "other": {}, "after": "X"});
    assert_eq!(bytes(&of, &value), [0, 0, 0, 0, 0, 0]);
}

#[test]
fn what_is_wrong_with_a_schema_is_said_with_its_place() {
    let record = |field: serde_json::Value| json!({"type": "record", "name": "R", "fields": [field]});
    let cases = [
        (json!("strin"), "no type is called `strin`"),
        (json!(5), "a type was expected, not `5`"),
        (json!({"type": "record", "name": "R"}), "record `R` had no list of `fields`"),
        (record(json!("x")), "at `/fields/0`: a field was no object: `\"x\"`"),
        (record(json!({"name": "a"})), "at `/fields/0`: the field `a` had no `type`"),
        (
            record(json!({"name": "a", "type": ["int", "int"]})),
            "at `/fields/0/type/1`: the union had `int` twice",
        ),
        (json!([["null"]]), "at `/0`: a union stood in a union"),
        (
            record(json!({"name": "a", "type": {"type": "array"}})),
            "at `/fields/0/type`: array had no `items`",
        ),
        (json!({"type": "enum", "name": "E", "symbols": ["A", "A"]}), "enum `E` had the symbol `A` twice"),
        (
            json!({"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}),
            "the default `B` of `E` was none of its symbols",
        ),
        (json!({"type": "fixed", "name": "F", "size": -1}), "at `/size`: a size was expected, not `-1`"),
        (
            json!({"type": "enum", "name": "int", "symbols": []}),
            "enum was called `int`, as a type of Avro is",
        ),
        (
            json!([{"type": "fixed", "name": "F", "size": 1}, {"type": "array", "items":
                {"type": "fixed", "name": "F", "size": 1}}]),
            "at `/1/items`: `F` was defined twice",
        ),
    ];
    for (text, message) in cases {
        let fault = parsed(&text.to_string()).map(drop).expect_err("no schema");
        assert_eq!((fault.to_string().as_str(), fault.kind), (message, FaultKind::Schema), "{text}");
    }
    assert_eq!(parsed("\"strng\"").unwrap_err().hint.as_deref(), Some("did you mean `string`?"));
    assert!(parsed("{").unwrap_err().message.starts_with("the schema was not JSON"));
}

#[test]
fn what_only_registries_refuse_is_read_and_told_apart() {
    let of = schema(&json!({"type": "record", "name": "R", "namespace": "my-topic", "fields": [
        {"name": "a", "type": ["string", "null"], "default": null},
        {"name": "b", "type": "int", "default": "1"},
        {"name": "c", "type": ["null", "string"], "default": "text"}]}));
    let lapses: Vec<_> = of.lapses().iter().map(ToString::to_string).collect();
    assert_eq!(
        lapses,
        [
            "`my-topic.R` was no name: letters, digits and `_`, no digit first",
            "the default of `b` did not fit: an int was expected, not `\"1\"`",
        ]
    );
    assert_eq!(of.decode(&[2, 2, 0]).unwrap(), json!({"a": null, "b": 1, "c": null}));
    let fault = of.encode(&json!({}), &mut Vec::new()).expect_err("a default that does not fit");
    assert_eq!(fault.to_string(), "at `/b`: it was missing, and its default does not fit its type");
}

#[test]
fn references_are_parsed_in_turn_and_each_name_once() {
    let source = |text: serde_json::Value, references: Vec<Reference>| {
        Arc::new(SchemaSource { schema_type: SchemaType::Avro, text: text.to_string(), references })
    };
    let to = |name: &str, source: &Arc<SchemaSource>| Reference {
        name: name.to_owned(),
        source: Arc::clone(source),
        at: None,
    };
    let money = source(json!({"type": "fixed", "name": "shop.Money", "size": 1}), vec![]);
    let line = source(
        json!({"type": "record", "name": "shop.Line", "fields": [{"name": "price", "type": "Money"}]}),
        vec![to("shop.Money", &money)],
    );
    let order = source(
        json!({"type": "record", "name": "shop.Order", "fields": [
            {"name": "line", "type": "Line"}, {"name": "sum", "type": "shop.Money"}]}),
        vec![to("shop.Line", &line), to("shop.Money", &money)],
    );
    let of = AvroSchema::parse(&order).expect("references that are right");
    assert_eq!(bytes(&of, &json!({"line": {"price": "AQ=="}, "sum": "Ag=="})), [1, 2]);
    assert_eq!(
        of.canonical(),
        r#"{"name":"shop.Order","type":"record","fields":[{"name":"line","type":"shop.Line","order":"ascending"},{"name":"sum","type":"shop.Money","order":"ascending"}]}"#
    );
    let broken = source(json!("x"), vec![to("shop.Bad", &source(json!("y"), vec![]))]);
    let fault = AvroSchema::parse(&broken).map(drop).expect_err("a reference that is broken");
    assert_eq!(fault.message, "in the reference `shop.Bad`: no type is called `y`");
}

#[test]
fn schemas_that_differ_in_nothing_that_matters_have_one_text() {
    let text = |text: &str| parsed(text).unwrap().canonical();
    let plain = text(r#"{"type":"record","name":"a.R","fields":[{"name":"x","type":"int"}]}"#);
    assert_eq!(
        plain,
        r#"{"name":"a.R","type":"record","fields":[{"name":"x","type":"int","order":"ascending"}]}"#
    );
    let same = r#" {"fields": [{"type": {"type": "int"}, "order": "ascending", "name": "x"}],
        "namespace": "a", "name": "R", "type": "record"} "#;
    assert_eq!(text(same), plain);
    let different = [
        r#"{"type":"record","name":"a.R","fields":[{"name":"x","type":"int","default":1}]}"#,
        r#"{"type":"record","name":"a.R","fields":[{"name":"x","type":"int","aliases":["y"]}]}"#,
        r#"{"type":"record","name":"a.R","fields":[{"name":"x","type":{"type":"int","logicalType":"date"}}]}"#,
        r#"{"type":"record","name":"a.R","doc":"d","fields":[{"name":"x","type":"int"}]}"#,
        r#"{"type":"record","name":"a.R","p":1,"fields":[{"name":"x","type":"int"}]}"#,
        r#"{"type":"record","name":"b.R","fields":[{"name":"x","type":"int"}]}"#,
    ];
    for other in different {
        assert_ne!(text(other), plain, "{other}");
        assert_eq!(text(&text(other)), text(other), "its own text");
    }
    assert_eq!(
        text(r#"{"type":"bytes","scale":2,"precision":4,"logicalType":"decimal"}"#),
        r#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#
    );
}
