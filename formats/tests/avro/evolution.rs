//! What a reader's schema makes of what another one wrote.

use serde_json::{Value, json};

use crate::{bytes, schema};

fn record(name: &str, fields: &Value) -> Value {
    json!({"type": "record", "name": name, "fields": fields})
}

/// Writes with one schema and reads with another one.
fn evolved(writer: &Value, reader: &Value, value: &Value) -> Result<Value, String> {
    let (writer, reader) = (schema(writer), schema(reader));
    let read = writer.decode_as(&reader, &bytes(&writer, value)).map_err(|fault| fault.to_string());
    if read.is_err() {
        assert_ne!(
            reader.problems_reading(&writer),
            [""; 0],
            "a problem that was found is also told beforehand"
        );
    }
    read
}

fn problems(reader: &Value, writer: &Value) -> Vec<String> {
    schema(reader).problems_reading(&schema(writer))
}

#[test]
fn numbers_and_texts_are_read_as_wider_ones() {
    let cases = [
        ("int", "long", json!(7), json!(7)),
        ("int", "float", json!(7), json!(7.0)),
        ("int", "double", json!(7), json!(7.0)),
        ("long", "float", json!(7), json!(7.0)),
        ("long", "double", json!(7), json!(7.0)),
        ("float", "double", json!(0.5), json!(0.5)),
        ("string", "bytes", json!("a"), json!("YQ==")),
        ("bytes", "string", json!("YQ=="), json!("a")),
    ];
    for (writer, reader, value, read) in cases {
        assert_eq!(evolved(&json!(writer), &json!(reader), &value), Ok(read.clone()), "{writer} as {reader}");
        assert_eq!(problems(&json!(reader), &json!(writer)), [""; 0]);
        let (nullable, listed) =
            (json!(["null", reader]), json!({"type": "array", "items": ["null", writer]}));
        assert_eq!(evolved(&json!(writer), &nullable, &value), Ok(read.clone()));
        let list = json!({"type": "array", "items": nullable});
        assert_eq!(evolved(&listed, &list, &json!([value, null])), Ok(json!([read, null])));
    }
    assert_eq!(
        problems(&json!("int"), &json!("long")),
        ["the value: the reader had an int, which does not read a long"]
    );
}

#[test]
fn fields_are_matched_by_name_then_by_alias_and_the_rest_is_skipped_or_defaulted() {
    let writer = record(
        "com.a.Order",
        &json!([
        {"name": "gone", "type": {"type": "array", "items": "string"}},
        {"name": "b", "type": "string"}, {"name": "a", "type": "int"}, {"name": "old", "type": "long"}]),
    );
    let reader = record(
        "com.b.Order",
        &json!([
        {"name": "a", "type": "long"}, {"name": "b", "type": ["null", "string"]},
        {"name": "renamed", "type": "long", "aliases": ["old"]},
        {"name": "added", "type": {"type": "map", "values": "int"}, "default": {"k": 1}}]),
    );
    let value = json!({"gone": ["x"], "b": "t", "a": 1, "old": 9});
    let read = json!({"a": 1, "b": "t", "renamed": 9, "added": {"k": 1}});
    assert_eq!(evolved(&writer, &reader, &value), Ok(read));
    assert_eq!(problems(&reader, &writer), [""; 0]);
    assert_eq!(
        problems(&writer, &reader),
        [
            "`/gone`: the reader's field had no default, and the writer had no such field",
            "`/b`: the reader had a string, which does not read null",
            "`/a`: the reader had an int, which does not read a long",
            "`/old`: the reader's field had no default, and the writer had no such field",
        ]
    );
}

#[test]
fn an_enum_reads_unknown_symbols_as_its_default() {
    let of = |symbols: Value, default: Value| {
        let mut of = json!({"type": "enum", "name": "E", "symbols": symbols});
        if !default.is_null() {
            of["default"] = default;
        }
        of
    };
    let writer = of(json!(["A", "B", "C"]), json!(null));
    assert_eq!(evolved(&writer, &of(json!(["C", "A"]), json!("A")), &json!("B")), Ok(json!("A")));
    assert_eq!(evolved(&writer, &of(json!(["C", "A"]), json!("A")), &json!("C")), Ok(json!("C")));
    let strict = of(json!(["C"]), json!(null));
    assert_eq!(
        problems(&strict, &writer),
        ["the value: the reader's enum `E` had no default and lacked `A`, `B`"]
    );
    assert_eq!(evolved(&writer, &strict, &json!("C")), Ok(json!("C")));
    assert_eq!(
        evolved(&writer, &strict, &json!("A")),
        Err("the symbol 0 was written, which `E` lacks".to_owned())
    );
}

#[test]
fn a_union_may_grow_and_a_branch_that_is_missing_is_found_out_when_it_is_met() {
    let (narrow, wide) = (json!(["null", "string"]), json!(["null", "string", "int"]));
    assert_eq!(problems(&wide, &narrow), [""; 0]);
    assert_eq!(problems(&narrow, &wide), ["the value: the reader's union had no branch that reads an int"]);
    assert_eq!(evolved(&wide, &narrow, &json!("x")), Ok(json!("x")));
    assert!(evolved(&wide, &narrow, &json!(1)).is_err());
    assert_eq!(evolved(&json!(["null", "int"]), &json!("long"), &json!(1)), Ok(json!(1)));
    assert!(evolved(&json!(["null", "int"]), &json!("long"), &json!(null)).is_err());
}

#[test]
fn records_of_a_union_are_matched_by_name_and_by_alias() {
    let a = record("ns.A", &json!([{"name": "x", "type": "int"}]));
    let b = record("ns.B", &json!([{"name": "x", "type": "int"}]));
    let mut renamed =
        record("ns.C", &json!([{"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 5}]));
    renamed["aliases"] = json!(["B"]);
    let (writer, reader) = (json!([a, b]), json!([a, renamed]));
    let named = |name: &str| json!({ name: {"x": 1} });
    assert_eq!(evolved(&writer, &reader, &named("ns.B")), Ok(json!({"x": 1, "y": 5})));
    assert_eq!(evolved(&writer, &reader, &named("ns.A")), Ok(json!({"x": 1})));
    assert_eq!(
        problems(&b, &a),
        ["the value: the reader had a record `ns.B`, which does not read a record `ns.A`"]
    );
}

#[test]
fn recursive_types_are_resolved_and_compared_without_end() {
    let tree = |more: Value| {
        let mut fields = vec![json!({"name": "kids", "type": {"type": "array", "items": "Tree"}})];
        fields.extend(more.as_array().cloned().unwrap_or_default());
        record("Tree", &json!(fields))
    };
    let (writer, reader) = (tree(json!([])), tree(json!([{"name": "n", "type": "int", "default": 1}])));
    let value = json!({"kids": [{"kids": []}, {"kids": [{"kids": []}]}]});
    let read = json!({"n": 1, "kids": [{"n": 1, "kids": []}, {"n": 1, "kids": [{"n": 1, "kids": []}]}]});
    assert_eq!(evolved(&writer, &reader, &value), Ok(read));
    assert_eq!(problems(&reader, &writer), [""; 0]);
    let broken = tree(json!([{"name": "n", "type": "int"}]));
    assert_eq!(
        problems(&broken, &writer),
        ["`/n`: the reader's field had no default, and the writer had no such field"]
    );
}

#[test]
fn decimals_of_another_scale_are_refused_and_not_read_wrong() {
    let of = |scale: u32| json!({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": scale});
    let (writer, reader) = (schema(&of(2)), schema(&of(3)));
    let fault = writer.decode_as(&reader, &bytes(&writer, &json!("1.25"))).expect_err("another scale");
    assert_eq!(fault.message, "bytes (decimal(9, 2)) was written, which bytes (decimal(9, 3)) does not read");
    // Registries look at the types alone.
    assert_eq!(reader.problems_reading(&writer), [""; 0]);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let writer = record(
        "R",
        &json!([
        {"name": "list", "type": {"type": "array", "items": record("I", &json!([{"name": "x", "type": "string"}]))}},
        {"name": "map", "type": {"type": "map", "values": {"type": "fixed", "name": "F", "size": 2}}},
        {"name": "one", "type": ["null", "I"]}]),
    );
    let reader = record(
        "R",
        &json!([
        {"name": "list", "type": {"type": "array", "items": record("I", &json!([{"name": "x", "type": "int"}]))}},
        {"name": "map", "type": {"type": "map", "values": {"type": "fixed", "name": "F", "size": 3}}},
        {"name": "one", "type": ["null", "I"]}, {"name": "new", "type": "int"}]),
    );
    assert_eq!(
        problems(&reader, &writer),
        [
            "`/list/*/x`: the reader had an int, which does not read a string",
            "`/map/*`: the reader had a fixed `F`, which does not read a fixed `F` (2 bytes, and the reader has 3)",
            "`/one`: the reader's union had no branch that reads a record `I`",
            "`/new`: the reader's field had no default, and the writer had no such field",
        ]
    );
}
