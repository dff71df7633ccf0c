//! Which schema reads what another one wrote, as Confluent's registry judges it.

use serde_json::{Value, json};
use test_probe_formats::{Schema, SchemaSource, SchemaType};

fn problems(kind: SchemaType, writer: &str, reader: &str) -> Vec<String> {
    let parse = |text: &str| {
        Schema::parse(&SchemaSource::new(kind, text)).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    };
    parse(reader).problems_reading(&parse(writer))
}

fn proto(writer: &str, reader: &str) -> Vec<String> {
    let file = |body: &str| {
        format!(
            "syntax = \"proto3\"; package p; message Other {{ int32 x = 1; }} enum E {{ Z = 0; }} message M {{ {body} }}"
        )
    };
    problems(SchemaType::Protobuf, &file(writer), &file(reader))
}

fn proto2(writer: &str, reader: &str) -> Vec<String> {
    let file = |body: &str| format!("syntax = \"proto2\"; message M {{ {body} }}");
    problems(SchemaType::Protobuf, &file(writer), &file(reader))
}

fn json(writer: &Value, reader: &Value) -> Vec<String> {
    problems(SchemaType::Json, &writer.to_string(), &reader.to_string())
}

#[test]
fn protobuf_reads_on_when_nothing_is_lost() {
    for (writer, reader) in [
        ("int32 a = 1;", ""),
        ("", "int32 a = 1;"),
        ("int32 a = 1;", "int32 b = 1;"),
        ("int32 a = 1;", "uint64 a = 1;"),
        ("bool a = 1;", "E a = 1;"),
        ("string a = 1;", "bytes a = 1;"),
        ("fixed32 a = 1;", "sfixed32 a = 1;"),
        ("string a = 1;", "repeated string a = 1;"),
        ("oneof o { int32 a = 1; }", ""),
        ("oneof o { int32 a = 1; }", "oneof o { int32 a = 1; int32 b = 2; }"),
        ("oneof o { int32 a = 1; int32 b = 2; }", "int32 a = 1; oneof o { int32 b = 2; }"),
        ("int32 a = 1;", "oneof o { int32 a = 1; int32 b = 2; }"),
        ("M m = 1;", "M m = 1; int32 a = 2;"),
        ("map<string, int32> m = 1;", "map<string, int64> m = 1;"),
        ("", "message N { int32 x = 1; } N n = 1;"),
        ("enum F { A = 0; B = 1; } F f = 1;", "enum F { A = 0; C = 1; } F f = 1;"),
    ] {
        assert_eq!(proto(writer, reader), [""; 0], "{writer} -> {reader}");
    }
}

#[test]
fn protobuf_says_what_is_lost() {
    for (writer, reader, expected) in [
        ("int32 a = 1;", "string a = 1;", "field 1 (`p.M.a`) was int32 and is string"),
        ("int32 a = 1;", "sint32 a = 1;", "field 1 (`p.M.a`) was int32 and is sint32"),
        ("int32 a = 1;", "Other a = 1;", "field 1 (`p.M.a`) was int32 and is `p.Other`"),
        ("Other a = 1;", "M a = 1;", "field 1 (`p.M.a`) was `p.Other` and is `p.M`"),
        ("Other a = 1;", "map<string, int32> a = 1;", "field 1 (`p.M.a`) was `p.Other` and is a map"),
        (
            "map<string, int32> a = 1;",
            "map<string, string> a = 1;",
            "field 2 (`p.M.AEntry.value`) was int32 and is string",
        ),
        ("message N { int32 x = 1; }", "", "the message `p.M.N` was removed"),
        (
            "oneof o { int32 a = 1; int32 b = 2; }",
            "oneof o { int32 a = 1; }",
            "field 2 (`p.M.b`) was removed from the oneof `o`",
        ),
        (
            "int32 a = 1; int32 b = 2;",
            "oneof o { int32 a = 1; int32 b = 2; }",
            "fields of `p.M` that could be set at once became members of the oneof `o`",
        ),
        ("optional int32 a = 1;", "repeated int32 a = 1;", "field 1 (`p.M.a`) was optional and is repeated"),
    ] {
        assert_eq!(proto(writer, reader), [expected], "{writer} -> {reader}");
    }
    assert_eq!(
        proto2("optional int32 a = 1;", "required int32 a = 1;"),
        ["field 1 (`M.a`) was optional and is required"]
    );
    assert_eq!(proto2("", "required int32 a = 1;"), ["field 1 (`M.a`) is required and was added"]);
    assert_eq!(proto2("required int32 a = 1;", ""), ["field 1 (`M.a`) was required and was removed"]);
    let nested = "message N { int32 x = 1; } N n = 1;";
    assert_eq!(
        proto(nested, &nested.replace("int32 x", "string x")),
        ["field 1 (`p.M.N.x`) was int32 and is string", "the message of field 1 (`p.M.n`) cannot be read"]
    );
    let package = |name: &str| format!("syntax = \"proto3\"; package {name}; message M {{}}");
    assert_eq!(
        problems(SchemaType::Protobuf, &package("a"), &package("b")),
        ["the file was in package `a` and is in package `b`"]
    );
}

#[test]
fn json_schema_accepts_on_when_nothing_is_lost() {
    let closed = |properties: Value| json!({"type": "object", "properties": properties, "additionalProperties": false});
    let tree = json!({"properties": {"next": {"$ref": "#"}, "name": {"type": "string"}}});
    let looser = json!({"properties": {"next": {"$ref": "#"}, "name": {"type": ["string", "null"]}}});
    for (writer, reader) in [
        (json!({"type": "string"}), json!({"type": ["string", "null"]})),
        (json!({"type": "integer"}), json!({"type": "number"})),
        (json!({"type": "string"}), json!({})),
        (json!({"type": "string"}), json!(true)),
        (json!(false), json!({"type": "string"})),
        (json!({"enum": ["a"]}), json!({"enum": ["a", "b"]})),
        (json!({"const": 1}), json!({"type": "integer"})),
        (json!({"type": "string", "maxLength": 5}), json!({"type": "string", "maxLength": 6})),
        (json!({"type": "string", "pattern": "x"}), json!({"type": "string"})),
        (json!({"multipleOf": 6}), json!({"multipleOf": 3})),
        (json!({"title": "A"}), json!({"title": "B", "description": "c"})),
        (closed(json!({})), closed(json!({"a": {"type": "string"}}))),
        (closed(json!({"a": {}})), json!({"type": "object"})),
        (json!({"properties": {"a": {"type": "string"}}}), json!({"properties": {}})),
        (json!({"required": ["a"], "properties": {"a": {}}}), json!({"properties": {"a": {}}})),
        (json!({"properties": {"a": {}}}), json!({"properties": {"a": {"default": 1}}, "required": ["a"]})),
        (json!({"properties": {}}), json!({"properties": {"a": {}}})),
        (
            json!({"additionalProperties": {"type": "string"}}),
            json!({"properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}),
        ),
        (json!({"anyOf": [{"type": "string"}]}), json!({"anyOf": [{"type": "null"}, {"type": "string"}]})),
        (json!({"type": "string"}), json!({"oneOf": [{"type": "null"}, {"type": "string"}]})),
        (json!({"allOf": [{"type": "string"}, {"maxLength": 3}]}), json!({"allOf": [{"type": "string"}]})),
        (
            json!({"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
            json!({"type": "object", "title": "x"}),
        ),
        (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), json!({"type": ["string", "null"]})),
        (json!({"allOf": [{"type": "string"}, {"maxLength": 3}]}), json!({"type": "string"})),
        (json!({"not": {"type": ["string", "null"]}}), json!({"not": {"type": "string"}})),
        (json!({"items": {"type": "integer"}}), json!({"items": {"type": "number"}})),
        (tree, looser),
    ] {
        assert_eq!(json(&writer, &reader), [""; 0], "{writer} -> {reader}");
    }
}

#[test]
fn json_schema_says_what_is_lost() {
    let a = |schema: Value| json!({"properties": {"a": schema}});
    for (writer, reader, expected) in [
        (
            a(json!({"type": ["string", "null"]})),
            a(json!({"type": "string"})),
            "at `/properties/a`: type null is not accepted any more",
        ),
        (
            a(json!({"type": "number"})),
            a(json!({"type": "integer"})),
            "at `/properties/a`: `type` went from number to integer",
        ),
        (
            a(json!({"type": "string"})),
            a(json!({"type": "string", "maxLength": 5})),
            "at `/properties/a`: `maxLength` was added",
        ),
        (
            a(json!({"type": "string", "maxLength": 6})),
            a(json!({"type": "string", "maxLength": 5})),
            "at `/properties/a`: `maxLength` went from 6 to 5",
        ),
        (json!({"minimum": 1}), json!({"minimum": 2}), "`minimum` went from 1 to 2"),
        (json!({"enum": ["a", "b"]}), json!({"enum": ["a"]}), "the value `\"b\"` is not accepted any more"),
        (json!({"type": "string"}), json!({"type": "string", "enum": ["a"]}), "a list of values was added"),
        (
            json!({"properties": {}}),
            a(json!({"type": "string"})),
            "at `/properties/a`: the property was added, and could have held anything before, as the object was open",
        ),
        (
            a(json!({})),
            json!({"properties": {"a": {}}, "required": ["a"]}),
            "at `/properties/a`: the property became required and has no default",
        ),
        (
            json!({"type": "object"}),
            json!({"type": "object", "additionalProperties": false}),
            "at `/additionalProperties`: nothing is accepted any more",
        ),
        (
            json!({"items": {"type": "number"}}),
            json!({"items": {"type": "string"}}),
            "at `/items`: type number is not accepted any more",
        ),
        (json!({"type": "array"}), json!({"type": "array", "uniqueItems": true}), "`uniqueItems` was added"),
        (
            json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
            json!({"oneOf": [{"type": "string"}]}),
            "a schema of `oneOf` accepts less, or was removed",
        ),
        (
            json!({"type": "object"}),
            json!({"type": "object", "required": ["a"], "anyOf": [{"minProperties": 0}]}),
            "at `/properties/a`: the property became required and has no default",
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!({"type": "string"}),
            "not everything that `anyOf` accepted is accepted any more",
        ),
        (
            json!({"type": "string"}),
            json!({"type": "string", "allOf": [{"maxLength": 3}]}),
            "a schema of `allOf` accepts less, or was added",
        ),
        (json!({"type": "string"}), json!({"type": "string", "not": {"const": "x"}}), "`not` refuses more"),
        (
            json!({"type": "string"}),
            json!({"type": "string", "if": {"const": "x"}, "then": false}),
            "`if` was added or changed, which is not judged and taken as incompatible",
        ),
    ] {
        let found = json(&writer, &reader);
        assert!(found.contains(&expected.to_owned()), "{writer} -> {reader}: {found:#?}");
    }
    let closed = json!({"properties": {"b": {}}, "additionalProperties": false});
    let without = json!({"properties": {}, "additionalProperties": false});
    assert_eq!(
        json(&closed, &without),
        ["at `/properties/b`: the property was removed and is not accepted any more"]
    );
}

#[test]
fn alternatives_that_multiply_are_given_up() {
    let mut schema = json!({"type": "string"});
    for level in 0..12 {
        let branch =
            |key: usize| json!({"properties": {format!("p{key}"): schema, "level": {"const": level}}});
        schema = json!({"anyOf": [branch(0), branch(1), branch(2), branch(3)]});
        if schema.to_string().len() > 200_000 {
            break;
        }
    }
    let mut other = schema.clone();
    other["title"] = json!("T");
    other["anyOf"][3]["properties"]["q"] = json!({"type": "null"});
    assert!(!json(&schema, &other).is_empty());
}

#[test]
fn another_type_of_schema_reads_nothing() {
    let proto =
        Schema::parse(&SchemaSource::new(SchemaType::Protobuf, "syntax = \"proto3\"; message A {}")).unwrap();
    let json = Schema::parse(&SchemaSource::new(SchemaType::Json, "{}")).unwrap();
    assert_eq!(json.problems_reading(&proto), ["the type of the schema was PROTOBUF and is JSON"]);
    assert!(proto.decode_as(&json, &[0]).is_err());
}
