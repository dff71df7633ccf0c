//! What values are as JSON, and what is understood for them.

use serde_json::{Value, json};

use crate::{bytes, misfit, schema, trip};

fn record(fields: &Value) -> Value {
    json!({"type": "record", "name": "Order", "namespace": "com.shop", "fields": fields})
}

#[test]
fn plain_values_come_back_as_they_were() {
    let cases = [
        (json!("null"), json!(null)),
        (json!("boolean"), json!(true)),
        (json!("int"), json!(i32::MIN)),
        (json!("long"), json!(i64::MIN)),
        (json!("long"), json!(i64::MAX)),
        (json!("float"), json!(0.1)),
        (json!("float"), json!(16_777_216.0)),
        (json!("double"), json!(0.1)),
        (json!("double"), json!("-Infinity")),
        (json!("float"), json!("NaN")),
        (json!("string"), json!("Grüße \u{1F600}\n")),
        (json!("bytes"), json!("AP8=")),
        (json!({"type": "fixed", "name": "F", "size": 2}), json!("AP8=")),
        (json!({"type": "enum", "name": "E", "symbols": ["A", "B"]}), json!("B")),
        (json!({"type": "array", "items": "int"}), json!([1, 2, 3])),
        (json!({"type": "array", "items": "int"}), json!([])),
        (json!({"type": "map", "values": "long"}), json!({"a": 1, "b/~": 2})),
        (record(&json!([{"name": "a", "type": "int"}])), json!({"a": 1})),
    ];
    for (of, value) in cases {
        assert_eq!(trip(&schema(&of), &value), value, "{of}");
    }
}

#[test]
fn bytes_are_those_of_the_specification() {
    let cases = [
        (json!("long"), json!(-64), vec![0x7f]),
        (json!("long"), json!(64), vec![0x80, 1]),
        (json!("string"), json!("foo"), vec![6, 0x66, 0x6f, 0x6f]),
        (json!({"type": "array", "items": "long"}), json!([3, 27]), vec![4, 6, 54, 0]),
        (json!(["null", "string"]), json!(null), vec![0]),
        (json!(["null", "string"]), json!("a"), vec![2, 2, 0x61]),
        (json!("float"), json!(1.0), vec![0, 0, 0x80, 0x3f]),
    ];
    for (of, value, expected) in cases {
        assert_eq!(bytes(&schema(&of), &value), expected, "{of}");
    }
}

#[test]
fn logical_types_take_their_texts_and_give_what_avro_has() {
    let logical = |of: &str, name: &str| json!({"type": of, "logicalType": name});
    let cases = [
        (logical("int", "date"), json!("2026-01-02"), json!(20_455)),
        (logical("int", "time-millis"), json!("03:04:05.678"), json!(11_045_678)),
        (logical("long", "time-micros"), json!("03:04:05.678901"), json!(11_045_678_901_i64)),
        (
            logical("long", "timestamp-millis"),
            json!("2026-01-02T03:04:05.678Z"),
            json!(1_767_323_045_678_i64),
        ),
        (logical("long", "timestamp-micros"), json!(12), json!(12)),
        (logical("long", "timestamp-nanos"), json!("1970-01-01T00:00:00.000000001Z"), json!(1)),
        (logical("long", "local-timestamp-millis"), json!("1970-01-01T00:00:01"), json!(1000)),
        (
            logical("string", "uuid"),
            json!("6F9619FF-8B86-D011-B42D-00CF4FC964FF"),
            json!("6F9619FF-8B86-D011-B42D-00CF4FC964FF"),
        ),
        (
            json!({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}),
            json!("6F9619FF-8B86-D011-B42D-00CF4FC964FF"),
            json!("6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
        ),
        (
            json!({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}),
            json!({"months": 1, "days": 2, "millis": u32::MAX}),
            json!({"months": 1, "days": 2, "millis": u32::MAX}),
        ),
    ];
    for (of, value, read) in cases {
        let schema = schema(&of);
        assert_eq!(trip(&schema, &value), read, "{of}");
        assert_eq!(trip(&schema, &read), read, "{of}: what was read is taken again");
    }
}

#[test]
fn a_decimal_is_text_with_all_digits_of_its_scale() {
    let money = json!({"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2});
    let of = schema(&money);
    for (value, read) in [
        (json!("12.3"), "12.30"),
        (json!(12.3), "12.30"),
        (json!(-5), "-5.00"),
        (json!("9999.99"), "9999.99"),
        (json!({"base64": "BM4="}), "12.30"),
    ] {
        assert_eq!(trip(&of, &value), json!(read));
    }
    assert_eq!(bytes(&of, &json!("12.30")), [4, 0x04, 0xce]);
    assert_eq!(
        misfit(&of, &json!("12.345")),
        "bytes (decimal(6, 2)) was expected, not `\"12.345\"`, a number with more than 2 decimal places"
    );
    assert_eq!(
        misfit(&of, &json!(10000)),
        "bytes (decimal(6, 2)) was expected, not `10000`, a number with more than 6 digits at scale 2"
    );
    let fixed = json!({"type": "fixed", "name": "M", "size": 4, "logicalType": "decimal", "precision": 6, "scale": 2});
    assert_eq!(bytes(&schema(&fixed), &json!("-0.01")), [0xff; 4]);
    assert_eq!(trip(&schema(&fixed), &json!("-0.01")), json!("-0.01"));
    // A precision that the size cannot hold makes the logical type none.
    let small = json!({"type": "fixed", "name": "M", "size": 1, "logicalType": "decimal", "precision": 3});
    assert_eq!(trip(&schema(&small), &json!("AQ==")), json!("AQ=="));
}

#[test]
fn a_union_takes_the_branch_that_fits_best() {
    let created = json!({"type": "record", "name": "com.Created", "fields": [
        {"name": "id", "type": "string"}, {"name": "note", "type": ["null", "string"], "default": null}]});
    let removed =
        json!({"type": "record", "name": "com.Removed", "fields": [{"name": "id", "type": "string"}]});
    let colour = json!({"type": "enum", "name": "Colour", "symbols": ["RED"]});
    let date = json!({"type": "int", "logicalType": "date"});
    let map = json!({"type": "map", "values": "string"});
    let cases = [
        (json!(["null", "int", "long"]), json!(5), 1),
        (json!(["null", "int", "long"]), json!(5_000_000_000_i64), 2),
        (json!(["double", "long"]), json!(5), 1),
        (json!(["double", "long"]), json!(5.5), 0),
        (json!(["float", "double"]), json!(0.5), 0),
        (json!(["float", "double"]), json!(0.123_456_789_012), 1),
        (json!(["string", colour]), json!("RED"), 1),
        (json!(["string", colour]), json!("BLUE"), 0),
        (json!(["bytes", "string"]), json!("AP8="), 1),
        (json!(["string", "bytes"]), json!({"base64": "AP8="}), 1),
        (json!(["string", "bytes"]), json!({"bytes": "AP8="}), 1),
        (json!([date, "string"]), json!("2026-01-02"), 1),
        (json!([date, "string"]), json!({"int": "2026-01-02"}), 0),
        (json!(["null", date]), json!("2026-01-02"), 1),
        (json!(["null", date]), json!({"int": "2026-01-02"}), 1),
        (json!([created, removed]), json!({"id": "1"}), 1),
        (json!([created, removed]), json!({"id": "1", "note": "x"}), 0),
        (json!([created, removed]), json!({"com.Created": {"id": "1"}}), 0),
        (json!([map, removed]), json!({"id": "1"}), 1),
        (json!([removed, map]), json!({"id": "1", "x": "y"}), 1),
        (json!(["null", {"type": "array", "items": "int"}]), json!([1]), 1),
    ];
    for (of, value, branch) in cases {
        assert_eq!(bytes(&schema(&of), &value)[0], branch * 2, "{value} in {of}");
    }
}

#[test]
fn a_record_is_chosen_by_what_is_deep_inside_of_it() {
    let event = |name: &str, of: &str| {
        json!({"type": "record", "name": name, "fields": [{"name": "data", "type":
            {"type": "record", "name": format!("{name}Data"), "fields": [{"name": "x", "type": of}]}}]})
    };
    let of = schema(&json!([event("A", "int"), event("B", "string")]));
    assert_eq!(bytes(&of, &json!({"data": {"x": 1}}))[0], 0);
    assert_eq!(bytes(&of, &json!({"data": {"x": "1"}}))[0], 2);
    assert_eq!(misfit(&of, &json!({"data": {"x": true}})), "at `/data/x`: an int was expected, not `true`");
}

#[test]
fn absent_fields_take_their_defaults() {
    let inner =
        json!({"type": "record", "name": "Inner", "fields": [{"name": "n", "type": "int", "default": 7}]});
    let of = schema(&record(&json!([
        {"name": "a", "type": "int"},
        {"name": "text", "type": ["null", "string"], "default": null},
        {"name": "late", "type": ["null", "string"], "default": "second branch"},
        {"name": "raw", "type": "bytes", "default": "\u{0}\u{ff}"},
        {"name": "list", "type": {"type": "array", "items": "int"}, "default": [1, 2]},
        {"name": "map", "type": {"type": "map", "values": "long"}, "default": {"k": 1}},
        {"name": "inner", "type": inner, "default": {}},
    ])));
    let whole = json!({"a": 1, "text": null, "late": "second branch", "raw": "AP8=", "list": [1, 2],
        "map": {"k": 1}, "inner": {"n": 7}});
    assert_eq!(trip(&of, &json!({"a": 1})), whole);
}

#[test]
fn a_fault_names_the_field_with_what_was_expected_and_found() {
    let line = json!({"type": "record", "name": "Line", "fields": [
        {"name": "price", "type": "long"},
        {"name": "when", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], "default": null},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "CLOSED"]}, "default": "OPEN"},
    ]});
    let of = schema(&record(&json!([{"name": "lines", "type": {"type": "array", "items": line}}])));
    let misfit = |line: Value| misfit(&of, &json!({"lines": [{"price": 1}, line]}));
    assert_eq!(misfit(json!({"price": "12"})), "at `/lines/1/price`: a long was expected, not `\"12\"`");
    assert_eq!(misfit(json!({"price": 1.5})), "at `/lines/1/price`: a long was expected, not `1.5`");
    assert_eq!(
        misfit(json!({"price": u64::MAX})),
        "at `/lines/1/price`: a long was expected, not `18446744073709551615`"
    );
    assert_eq!(
        misfit(json!({"price": 1, "when": "yesterday"})),
        "at `/lines/1/when`: a long (timestamp-millis) was expected, not `\"yesterday\"`\n\
         a number, or text like `2026-01-02T03:04:05.678Z`"
    );
    assert_eq!(
        misfit(json!({"price": 1, "state": "OPENED"})),
        "at `/lines/1/state`: an enum `com.shop.State` has no symbol `OPENED`\ndid you mean `OPEN`?"
    );
    assert_eq!(
        misfit(json!({"price": 1, "stat": "OPEN"})),
        "at `/lines/1`: record `com.shop.Line` has no field `stat`\ndid you mean `state`?"
    );
    assert_eq!(
        misfit(json!({"prize": 1})),
        "at `/lines/1/price`: it was missing and has no default; a long was expected\n\
         `prize` was there; did you mean `price`?"
    );
}

#[test]
fn a_long_value_is_cut_in_a_message() {
    let of = schema(&json!("int"));
    for value in
        [json!("x".repeat(1_000_000)), json!(vec!["ü"; 1_000_000]), json!({"a": {"b": "ü".repeat(500)}})]
    {
        let message = misfit(&of, &value);
        assert!(message.len() < 250 && message.contains("..."), "{message}");
    }
    assert_eq!(misfit(&of, &json!("a\"b\n")), "an int was expected, not `\"a\\\"b\\n\"`");
}

#[test]
fn a_value_that_fits_no_branch_is_told_the_branches() {
    let of = schema(&json!(["null", "int", "string"]));
    assert_eq!(misfit(&of, &json!(true)), "one of `null`, `int`, `string` was expected, not `true`");
    assert_eq!(misfit(&schema(&json!(["null", "int"])), &json!("x")), "an int was expected, not `\"x\"`");
}

#[test]
fn a_value_deeper_than_the_limit_is_a_fault_and_no_overflow() {
    let of =
        schema(&json!({"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}));
    let chain = |length: usize| (0..length).fold(json!({"next": null}), |inner, _| json!({"next": inner}));
    let reached = trip(&of, &chain(100));
    assert_eq!(reached, chain(100));
    assert!(misfit(&of, &chain(400)).contains("nested more than 256 deep"));
}

#[test]
fn a_value_that_could_be_meant_in_endless_ways_comes_to_an_end() {
    // Every level may be an A or a B, which look the same: 2^60 ways to find out that the last one is neither.
    let b = json!({"type": "record", "name": "B", "fields": [{"name": "next", "type": ["null", "A", "B"]}]});
    let of = schema(
        &json!({"type": "record", "name": "A", "fields": [{"name": "next", "type": ["null", "A", b]}]}),
    );
    let value = |last: Value| (0..60).fold(json!({"next": last}), |inner, _| json!({"next": inner}));
    assert_eq!(trip(&of, &value(json!(null))), value(json!(null)));
    let message = misfit(&of, &value(json!(true)));
    assert!(message.ends_with("one of `null`, `A`, `B` was expected, not `true`"), "{message}");
}
