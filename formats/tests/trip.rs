//! Values that are written, read back and compared.

use serde_json::{Value, json};
use test_probe_formats::{Fault, Schema, SchemaSource, SchemaType};

fn avro(schema: &Value) -> Schema {
    Schema::parse(&SchemaSource::new(SchemaType::Avro, schema.to_string())).expect("a schema")
}

fn order() -> Schema {
    avro(&json!({"type": "record", "name": "Order", "fields": [
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "placed", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "note", "type": ["null", "string"], "default": null},
        {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
            {"name": "price", "type": "float"}]}}},
        {"name": "who", "type": ["null", "int", "long"], "default": null},
    ]}))
}

const SHOP: &str = "syntax = \"proto3\"; package shop; import \"google/protobuf/timestamp.proto\"; \
    message Key { string region = 1; } enum State { NEW = 0; PAID = 1; } \
    message Order { int64 order_number = 1; State state = 2; google.protobuf.Timestamp placed = 3; \
    optional float price = 4; map<string, double> rates = 5; }";

fn shop() -> Schema {
    Schema::parse(&SchemaSource::new(SchemaType::Protobuf, SHOP)).expect("a schema")
}

#[track_caller]
fn fails(result: Result<usize, Fault>) -> String {
    result.expect_err("it differs").to_string()
}

#[test]
fn what_reads_otherwise_than_it_was_written_is_the_same() {
    for value in [
        json!({"total": 12.5, "placed": "2026-01-02T03:04:05Z", "lines": []}),
        json!({"total": "12.50", "placed": 1, "note": "x", "lines": [{"price": 0.1}, {"price": 2}]}),
        json!({"total": 1, "placed": 1, "note": {"string": "x"}, "lines": [], "who": {"long": 7}}),
        json!({"total": 1, "placed": 1, "note": null, "lines": [], "who": 7}),
    ] {
        assert!(order().round_trip(&value, None).is_ok(), "{value}: {:?}", order().round_trip(&value, None));
    }
    for value in [
        json!({"orderNumber": "9007199254740993", "state": 1, "placed": "2026-01-02T04:04:05+01:00"}),
        json!({"order_number": 7, "state": "PAID", "placed": null, "price": 0.1, "rates": {"EUR": 1}}),
        json!({}),
    ] {
        let done = shop().round_trip(&value, Some("Order"));
        assert!(done.is_ok(), "{value}: {done:?}");
    }
}

#[test]
fn a_number_that_was_rounded_is_told_with_its_field() {
    let value = json!({"total": 1, "placed": 1, "lines": [{"price": 1}, {"price": 16_777_217}]});
    let said = fails(order().round_trip(&value, None));
    assert_eq!(said, "at `/lines/1/price`: `16777217` was written, and `16777216.0` was read back");
    let said = fails(shop().round_trip(&json!({"rates": {"E/R": 9_007_199_254_740_993_i64}}), Some("Order")));
    assert_eq!(
        said,
        "at `/rates/E~1R`: `9007199254740993` was written, and `9007199254740992.0` was read back"
    );
}

#[test]
fn what_breaks_the_schema_is_told_with_its_field() {
    let said = fails(order().round_trip(&json!({"total": 1, "placed": 1, "lines": [{"price": "x"}]}), None));
    assert!(said.starts_with("at `/lines/0/price`: "), "{said}");
    let said = fails(shop().round_trip(&json!({"regin": "eu"}), None));
    assert!(said.starts_with("at `/regin`: the message `shop.Key` has no such field"), "{said}");
    let json =
        Schema::parse(&SchemaSource::new(SchemaType::Json, r#"{"required": ["total"]}"#)).expect("a schema");
    assert!(fails(json.round_trip(&json!({}), None)).starts_with("at `/total`: "));
    assert_eq!(json.round_trip(&json!({"total": 9_007_199_254_740_993_i64}), None), Ok(26));
}

#[test]
fn a_message_is_known_by_its_full_and_by_its_simple_name() {
    assert_eq!(shop().message("Order"), Ok("shop.Order"));
    assert_eq!(shop().message("shop.Key"), Ok("shop.Key"));
    let fault = shop().message("Oder").expect_err("there is none");
    assert_eq!(fault.hint.as_deref(), Some("did you mean `Order`?"));
    let said = order().message("Order").expect_err("there are none").to_string();
    assert_eq!(said, "a schema of type AVRO has no messages");
}
