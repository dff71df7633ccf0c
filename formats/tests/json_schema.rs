//! JSON Schema: values are validated when they are written, and nothing is fetched.

use std::sync::Arc;

use serde_json::{Value, json};
use test_probe_formats::{Fault, FaultKind, Reference, Schema, SchemaSource, SchemaType};

fn parse(schema: &Value, references: &[(&str, Value)]) -> Result<Schema, Fault> {
    let references = references.iter().map(|(name, schema)| Reference {
        name: (*name).to_owned(),
        source: Arc::new(SchemaSource::new(SchemaType::Json, schema.to_string())),
        at: None,
    });
    let source = SchemaSource::new(SchemaType::Json, schema.to_string());
    Schema::parse(&SchemaSource { references: references.collect(), ..source })
}

fn schema(schema: Value) -> Schema {
    parse(&schema, &[]).unwrap_or_else(|fault| panic!("{fault}"))
}

fn encode(schema: &Schema, value: &Value) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    schema.encode(value, None, &mut out)?;
    Ok(out)
}

fn order() -> Schema {
    schema(json!({
        "$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object",
        "properties": {
            "id": {"type": "string", "pattern": "^o-\\d+$", "maxLength": 8},
            "total": {"type": "integer", "minimum": 0, "exclusiveMaximum": 100, "multipleOf": 5},
            "kind": {"enum": ["a", "b"]},
            "items": {"type": "array", "items": {"type": ["string", "null"]}, "uniqueItems": true, "maxItems": 3},
            "a/b": {"const": 1},
            "either": {"oneOf": [{"type": "string"}, {"type": "number"}, {"minimum": 5}]},
        },
        "required": ["id"], "additionalProperties": false,
    }))
}

#[test]
fn a_value_that_fits_is_written_as_compact_json() {
    let schema = order();
    let value = json!({"id": "o-1", "total": 15, "items": ["x", null]});
    let bytes = encode(&schema, &value).unwrap();
    assert_eq!(std::str::from_utf8(&bytes).unwrap(), r#"{"id":"o-1","items":["x",null],"total":15}"#);
    assert_eq!(schema.decode(&bytes).unwrap(), value);
    assert_eq!(schema.decode_field(&bytes, "/items/0").unwrap(), Some(json!("x")));
    assert_eq!(schema.decode_field(&bytes, "/items/7").unwrap(), None);
    assert_eq!(schema.record_name(), Some("Order"));
}

#[test]
fn a_fault_names_the_path_the_keyword_and_what_was_expected() {
    let schema = order();
    for (value, path, message) in [
        (json!({}), "/id", "the required property was missing (`required`)"),
        (json!({"id": 1}), "/id", "string was expected, not `1` (`type`)"),
        (json!({"id": "x"}), "/id", "`\"x\"` did not match `^o-\\d+$` (`pattern`)"),
        (
            json!({"id": "o-1234567"}),
            "/id",
            "at most 8 characters were expected, not `\"o-1234567\"` (`maxLength`)",
        ),
        (json!({"id": "o-1", "total": -5}), "/total", "at least 0 was expected, not `-5` (`minimum`)"),
        (
            json!({"id": "o-1", "total": 100}),
            "/total",
            "less than 100 was expected, not `100` (`exclusiveMaximum`)",
        ),
        (json!({"id": "o-1", "total": 7}), "/total", "a multiple of 5 was expected, not `7` (`multipleOf`)"),
        (
            json!({"id": "o-1", "kind": "c"}),
            "/kind",
            "one of `[\"a\",\"b\"]` was expected, not `\"c\"` (`enum`)",
        ),
        (
            json!({"id": "o-1", "items": [1]}),
            "/items/0",
            "one of null, string was expected, not `1` (`type`)",
        ),
        (json!({"id": "o-1", "items": ["x", "x"]}), "/items", "items were not unique (`uniqueItems`)"),
        (json!({"id": "o-1", "a/b": 2}), "/a~1b", "`1` was expected, not `2` (`const`)"),
        (
            json!({"id": "o-1", "x": 1, "y": 2}),
            "",
            "properties were not allowed: `x`, `y` (`additionalProperties`)",
        ),
        (
            json!({"id": "o-1", "either": 7}),
            "/either",
            "`7` fitted more than one schema of `oneOf` (`oneOf`)",
        ),
        (json!("x"), "", "object was expected, not `\"x\"` (`type`)"),
    ] {
        let fault = encode(&schema, &value).unwrap_err();
        assert_eq!(
            (fault.kind, &*fault.path, &*fault.message),
            (FaultKind::Encode, path, message),
            "{value}"
        );
    }
}

#[test]
fn the_first_of_many_problems_is_told_with_the_count_of_the_others() {
    let schema = schema(json!({"items": {"type": "string"}}));
    let told = |length: usize| encode(&schema, &json!(vec![1; length])).unwrap_err();
    assert_eq!(told(1).message, "string was expected, not `1` (`type`)");
    assert_eq!(told(3).message, "string was expected, not `1` (`type`); there were 2 more problems");
    assert_eq!(
        told(5_000).message,
        "string was expected, not `1` (`type`); there were 999 more problems, or still more"
    );
    assert_eq!(told(3).path, "/0");
}

#[test]
fn references_are_found_by_name_and_by_id_and_nothing_is_fetched() {
    let address = json!({"type": "object", "properties": {"street": {"type": "string"}}, "definitions": {"n": {"type": "integer"}}});
    let with_id =
        json!({"$id": "https://example.com/schemas/place.json", "type": "object", "required": ["lat"]});
    let order = json!({
        "$id": "https://example.com/schemas/order.json",
        "properties": {
            "to": {"$ref": "address.json"},
            "number": {"$ref": "address.json#/definitions/n"},
            "at": {"$ref": "https://example.com/schemas/place.json"},
        },
    });
    let schema = parse(&order, &[("address.json", address.clone()), ("place", with_id)]).unwrap();
    assert_eq!(encode(&schema, &json!({"to": {"street": 1}})).unwrap_err().path, "/to/street");
    assert_eq!(encode(&schema, &json!({"number": "x"})).unwrap_err().path, "/number");
    assert_eq!(encode(&schema, &json!({"at": {}})).unwrap_err().path, "/at/lat");
    for reference in
        ["address.json", "http://127.0.0.1:1/x.json", "file:///etc/hostname", "#/definitions/none"]
    {
        let fault = parse(&json!({"properties": {"a": {"$ref": reference}}}), &[]).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Schema, "{reference}");
        assert!(fault.message.starts_with("a `$ref` led nowhere"), "{fault}");
    }
    let plain = json!({"properties": {"to": {"$ref": "address.json"}}});
    assert!(parse(&plain, &[("address.json", address)]).is_ok());
}

#[test]
fn every_draft_is_known_and_a_schema_that_names_none_is_draft_7() {
    for (draft, body) in [
        ("http://json-schema.org/draft-04/schema#", json!({"maximum": 3, "exclusiveMaximum": true})),
        ("http://json-schema.org/draft-06/schema#", json!({"exclusiveMaximum": 3})),
        (
            "http://json-schema.org/draft-07/schema",
            json!({"if": {"type": "number"}, "then": {"exclusiveMaximum": 3}}),
        ),
        (
            "https://json-schema.org/draft/2019-09/schema",
            json!({"$defs": {"a": {"exclusiveMaximum": 3}}, "$ref": "#/$defs/a"}),
        ),
        ("https://json-schema.org/draft/2020-12/schema", json!({"exclusiveMaximum": 3})),
    ] {
        let mut text = body;
        text["$schema"] = json!(draft);
        let schema = schema(text);
        assert!(encode(&schema, &json!(2)).is_ok() && encode(&schema, &json!(3)).is_err(), "{draft}");
    }
    let tuple = json!({"items": [{"type": "string"}]});
    assert!(encode(&schema(tuple), &json!([1])).is_err(), "a list of items is a tuple in draft 7");
    let newer = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "string"}]});
    assert!(encode(&schema(newer), &json!([1])).is_err());
}

#[test]
fn what_is_no_schema_is_told() {
    for (text, message) in [
        ("{", "the schema was no JSON"),
        ("[]", "a JSON Schema is an object"),
        (r#"{"type": "strin"}"#, "the schema was not valid"),
        (r#"{"pattern": "("}"#, "the pattern `\"(\"` was no regular expression"),
        (r#"{"minLength": -1}"#, "the schema was not valid"),
    ] {
        let fault = Schema::parse(&SchemaSource::new(SchemaType::Json, text)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Schema);
        assert!(fault.message.starts_with(message), "{fault}");
    }
    let fault = order().decode(b"{").unwrap_err();
    assert_eq!(fault.kind, FaultKind::Decode);
    assert!(fault.message.starts_with("the payload was no JSON"), "{fault}");
}

#[test]
fn no_pattern_runs_away() {
    let begun = std::time::Instant::now();
    let long = "a".repeat(40_000);
    for pattern in ["^(a+)+$", "^(?=(a+)+b)", "(a|aa)+$"] {
        let schema = schema(json!({"pattern": pattern}));
        assert!(encode(&schema, &json!(format!("{long}!"))).is_err(), "{pattern}");
    }
    let ahead = schema(json!({"pattern": "^(?!x)"}));
    assert!(encode(&ahead, &json!("y")).is_ok() && encode(&ahead, &json!("x")).is_err());
    assert!(parse(&json!({"pattern": "((a{100}){100}){100}"}), &[]).is_err());
    assert!(begun.elapsed().as_secs() < 20);
}

#[test]
fn recursion_has_an_end() {
    let tree = schema(json!({"properties": {"next": {"$ref": "#"}}, "required": ["name"]}));
    let mut value = json!({"name": 1});
    for _ in 0..120 {
        value = json!({"name": 1, "next": value});
    }
    let bytes = encode(&tree, &value).unwrap();
    assert_eq!(tree.decode(&bytes).unwrap(), value);
    for _ in 0..20 {
        value = json!({"name": 1, "next": value});
    }
    assert!(encode(&tree, &value).unwrap_err().message.contains("more than 127 deep"));
    let endless = parse(&json!({"$ref": "#"}), &[]);
    assert!(endless.is_err() || encode(&endless.unwrap(), &json!(1)).is_ok());
}

#[test]
fn a_canonical_text_knows_no_order_and_no_blanks() {
    let one = Schema::parse(&SchemaSource::new(
        SchemaType::Json,
        r#"{ "type": "object", "title":"T", "properties": {"b":{}, "a":{}}}"#,
    ));
    assert_eq!(one.unwrap().canonical(), r#"{"properties":{"a":{},"b":{}},"title":"T","type":"object"}"#);
}
