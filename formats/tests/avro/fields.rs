//! One field of a payload.

use serde_json::{Value, json};

use crate::{bytes, schema};

#[test]
fn a_field_is_found_wherever_it_stands() {
    let of = schema(&json!({"type": "record", "name": "R", "fields": [
        {"name": "skipped", "type": {"type": "map", "values": {"type": "array", "items": ["null", "double", "string"]}}},
        {"name": "f", "type": {"type": "fixed", "name": "F", "size": 3}},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A"]}},
        {"name": "b", "type": "boolean"}, {"name": "fl", "type": "float"}, {"name": "n", "type": "null"},
        {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
            {"name": "sku", "type": "string"}, {"name": "price/net", "type": ["null", "long"]}]}}},
        {"name": "by", "type": {"type": "map", "values": "Item"}},
        {"name": "took", "type": {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}},
        {"name": "id", "type": "string"},
    ]}));
    let value = json!({"skipped": {"k": [null, 1.5, "x"], "l": []}, "f": "AAAA", "e": "A", "b": true, "fl": 1.5,
        "n": null, "items": [{"sku": "a", "price/net": 1}, {"sku": "b", "price/net": null}],
        "by": {"x": {"sku": "c", "price/net": 5}, "~": {"sku": "d", "price/net": 6}},
        "took": {"months": 1, "days": 2, "millis": 3}, "id": "o-1"});
    let payload = bytes(&of, &value);
    let pointers = [
        "",
        "/id",
        "/items",
        "/items/0/sku",
        "/items/1",
        "/items/1/price~1net",
        "/items/2",
        "/items/01",
        "/items/-",
        "/by/x/price~1net",
        "/by/~0/sku",
        "/by/y",
        "/took/days",
        "/took/years",
        "/took/days/x",
        "/n",
        "/n/x",
        "/id/0",
        "/nothing",
        "id",
        "/",
        "/skipped/k/2",
        "/skipped/k/3",
        "/skipped/l/0",
    ];
    for pointer in pointers {
        let found = of.decode_field(&payload, pointer).expect("a payload that is right");
        assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer}");
    }
}

#[test]
fn what_comes_behind_the_field_is_not_looked_at() {
    let of = schema(&json!({"type": "record", "name": "R", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": "string"}]}));
    let payload = [2, 0xff, 0xff];
    assert_eq!(of.decode_field(&payload, "/a"), Ok(Some(json!(1))));
    assert_eq!(of.decode_field(&payload, "/b").map_err(|fault| fault.path), Err("/b".to_owned()));
}

#[test]
fn blocks_that_say_their_size_are_read_and_passed_by() {
    let of = schema(&json!({"type": "record", "name": "R", "fields": [
        {"name": "list", "type": {"type": "array", "items": "int"}},
        {"name": "map", "type": {"type": "map", "values": "int"}},
        {"name": "last", "type": "int"}]}));
    // The list in blocks of two and one, the map with one key twice.
    let payload = [3, 4, 2, 4, 1, 2, 6, 0, 3, 12, 2, b'k', 2, 2, b'k', 4, 0, 14];
    let value = json!({"list": [1, 2, 3], "map": {"k": 2}, "last": 7});
    assert_eq!(of.decode(&payload), Ok(value.clone()));
    for pointer in ["/last", "/list/0", "/list/1", "/list/2", "/list/3", "/map/k"] {
        let found = of.decode_field(&payload, pointer).expect("a payload that is right");
        assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer}");
    }
}

#[test]
fn a_field_of_a_union_is_found_in_the_branch_that_was_written() {
    let of = schema(
        &json!(["null", "int", {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}]),
    );
    let find = |value: Value| of.decode_field(&bytes(&of, &value), "/a").expect("a payload that is right");
    assert_eq!(find(json!({"a": 3})), Some(json!(3)));
    assert_eq!((find(json!(null)), find(json!(3))), (None, None));
}
