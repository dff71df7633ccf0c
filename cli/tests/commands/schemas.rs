//! `test-probe doctor schemas --schema`: schemas in files, without a cluster.

use serde_json::Value;

use crate::support::{Done, Place};

/// Runs `doctor schemas` with more words.
fn look(place: &Place, words: &str) -> Done {
    let mut command = place.command(&["doctor", "schemas"]);
    // Nothing of a cluster may be needed, nor looked at.
    command.env("KAFKA_BOOTSTRAP_SERVERS", "nowhere:1").args(words.split_whitespace());
    crate::support::done(command, "")
}

/// What came of holding the schema against each earlier one.
fn statuses(place: &Place, words: &str) -> Vec<(String, String)> {
    let document: Value = look(place, &format!("{words} --format json")).json();
    let checks = document["checks"].as_array().expect("checks");
    let text = |check: &Value, key: &str| check[key].as_str().expect("text").to_owned();
    let compared = checks.iter().filter(|check| text(check, "subject").contains(", compatibility"));
    compared.map(|check| (text(check, "subject"), text(check, "status"))).collect()
}

/// Int, then long, then double: each reads what came before it, and not the other way round.
fn widening() -> Place {
    let place = Place::new();
    for (name, kind) in [("1.avsc", "int"), ("2.avsc", "long"), ("3.avsc", "double")] {
        place.file(name, &format!("\"{kind}\""));
    }
    place
}

#[test]
fn each_level_holds_a_schema_against_those_that_it_names() {
    let place = widening();
    // 2 was widened from 1, and 3 would narrow it again.
    for (level, first, last) in [
        ("NONE", "skip", "skip"),
        ("BACKWARD", "skip", "fail"),
        ("BACKWARD_TRANSITIVE", "ok", "fail"),
        ("FORWARD", "skip", "ok"),
        ("FORWARD_TRANSITIVE", "fail", "ok"),
        ("FULL", "skip", "fail"),
        ("FULL_TRANSITIVE", "fail", "fail"),
    ] {
        let words = format!("--schema 2.avsc --against 1.avsc 3.avsc --compatibility {level}");
        let expected = [("`1.avsc`, compatibility", first), ("`3.avsc`, compatibility", last)];
        let expected = expected.map(|(subject, status)| (subject.to_owned(), status.to_owned()));
        assert_eq!(statuses(&place, &words), expected, "{level}");
        look(&place, &words).ends(if [first, last].contains(&"fail") { 1 } else { 0 });
    }
}

#[test]
fn backward_is_what_counts_when_no_level_is_given_and_the_order_is_that_of_the_words() {
    let place = widening();
    look(&place, "--schema 2.avsc --against 3.avsc --against 1.avsc").ends(0);
    let text = look(&place, "--schema 2.avsc --against 1.avsc --against 3.avsc").ends(1).out;
    for part in [
        "  ok    `2.avsc`: a schema of type AVRO\n",
        "  skip  `1.avsc`, compatibility: BACKWARD looks at the last one alone\n",
        "  fail  `3.avsc`, compatibility: the schema may not follow it under BACKWARD: the value: the reader had a long, \
         which does not read a double\n        remedy: let the new schema read what the earlier one wrote, or \
         choose another level\n",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
}

#[test]
fn protobuf_and_json_schema_say_what_is_in_the_way_and_where() {
    let place = Place::new();
    for (name, kind) in [("1", "int64"), ("2", "string")] {
        let text = format!("syntax = \"proto3\"; package shop; message Order {{ {kind} total = 1; }}");
        place.file(&format!("{name}.proto"), &text);
    }
    place.file("1.json", r#"{"type": "object", "properties": {"total": {"type": "integer"}}}"#);
    place.file("2.json", r#"{"type": "object", "properties": {"total": {"type": "string"}}}"#);
    place.file("open.json", "{}");
    let text = look(&place, "--schema 2.proto --against 1.proto").ends(1).out;
    assert!(text.contains("a schema of type PROTOBUF, `shop.Order`"), "{text}");
    assert!(text.contains("field 1 (`shop.Order.total`) was int64 and is string"), "{text}");
    let text = look(&place, "--schema 2.json --against 1.json").ends(1).out;
    assert!(text.contains("`/properties/total`"), "{text}");
    look(&place, "--schema open.json --against 1.json").ends(0);
    let text = look(&place, "--schema 2.json --against 1.proto --compatibility full").ends(1).out;
    assert!(text.contains("under FULL: the type of the schema was PROTOBUF and is JSON\n"), "{text}");
}

#[test]
fn what_schemas_refer_to_is_given_by_name() {
    let place = Place::new();
    place.file("money.avsc", r#"{"type": "record", "name": "shop.Money", "fields": []}"#);
    place.file(
        "order.avsc",
        r#"{"type": "record", "name": "O", "fields": [{"name": "m", "type": "shop.Money"}]}"#,
    );
    place.file("money.proto", "syntax = \"proto3\"; message Money { int64 cents = 1; }");
    place.file("order.proto", "syntax = \"proto3\"; import \"m.proto\"; message O { Money m = 1; }");
    place.file("money.json", r#"{"type": "integer"}"#);
    place.file("order.json", r#"{"properties": {"m": {"$ref": "m.json"}}}"#);
    for (name, file) in [("shop.Money", "order.avsc"), ("m.proto", "order.proto"), ("m.json", "order.json")] {
        let ending = file.split('.').next_back().expect("an ending");
        let schema = format!("--schema {file} --against {file} --compatibility full");
        look(&place, &format!("{schema} --reference {name}=money.{ending}")).ends(0);
        let missing = look(&place, &schema).ends(2);
        let said = format!("error: the schema in `{file}` did not parse: ");
        assert!(missing.err.starts_with(&said), "{missing:#?}");
        assert!(missing.err.contains("is given by `--reference NAME=FILE`"), "{missing:#?}");
        assert_eq!(missing.out, "");
    }
}

#[test]
fn samples_are_written_and_read_back_or_the_field_is_named() {
    let place = Place::new();
    place.file("o.json", r#"{"title": "O", "properties": {"total": {"type": "integer"}}}"#);
    place.file("s.json", r#"[{"id": "s-1", "value": {"total": 5}}, {"id": "s-2", "value": {"total": "5"}}]"#);
    let text = look(&place, "--schema o.json --sample s.json").ends(1).out;
    for part in [
        "  ok    `o.json`, sample: the sample `s-1` was written in 11 bytes and read back\n",
        "  fail  `o.json`, sample: the sample `s-2` was not written and read back: at `/total`: integer was expected",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    place.file("o.proto", "syntax = \"proto3\"; message A { int32 x = 1; } message B { float price = 2; }");
    place.file("b.yaml", "{type: B, value: {price: 0.5}}");
    look(&place, "--schema o.proto --sample b.yaml").ends(0);
    place.file("b.yaml", "{type: B, value: {price: 16777217}}");
    let text = look(&place, "--schema o.proto --sample b.yaml").ends(1).out;
    assert!(text.contains("at `/price`: `16777217` was written, and `16777216.0` was read back"), "{text}");
    assert!(text.contains("remedy: the type of the field has not so many digits"), "{text}");
    place.file("b.yaml", "{type: B}");
    let text = look(&place, "--schema o.proto --sample b.yaml").ends(0).out;
    assert!(text.contains("  skip  `o.proto`, sample: the sample `B` has no value"), "{text}");
    place.file("b.yaml", "{typ: B}");
    let error = look(&place, "--schema o.proto --sample b.yaml").ends(2).err;
    assert!(error.contains("b.yaml:1:2: ") && error.contains("did you mean `type`?"), "{error}");
}

#[test]
fn what_is_wrong_with_the_files_is_said_with_its_place_and_a_remedy() {
    let place = widening();
    place.file("broken.avsc", "{\"type\":\n}");
    place.file("broken.proto", "syntax = \"proto3\";\nmessage M { int33 x = 1; }");
    place.file("text.txt", "\"int\"");
    for (words, code, parts) in [
        ("--schema broken.avsc", 2, &["`broken.avsc` did not parse: ", "line 2 column 1"][..]),
        (
            "--schema 1.avsc --against broken.proto",
            2,
            &["`broken.proto` did not parse: ", "line 2, column 13"],
        ),
        ("--schema gone.avsc", 4, &["file `gone.avsc` was not read"]),
        ("--schema 1.avsc --against gone.avsc", 4, &["file `gone.avsc` was not read"]),
        ("--schema 1.avsc --reference M=gone.avsc", 4, &["file `gone.avsc` was not read"]),
        ("--schema 1.avsc --reference gone.avsc", 2, &["'gone.avsc'", "NAME=VALUE"]),
        (
            "--schema text.txt",
            2,
            &["the name `text.txt` did not say", "`.avsc`", "one of AVRO, PROTOBUF, JSON"],
        ),
        ("--schema 1.avsc --type XML", 2, &["'XML'", "[possible values: AVRO, PROTOBUF, JSON]"]),
        ("--schema 1.avsc --against 2.avsc --compatibility SIDEWAYS", 2, &["'SIDEWAYS'", "FULL_TRANSITIVE"]),
        ("--schema 1.avsc --compatibility FULL", 2, &["--against"]),
        ("--against 1.avsc", 2, &["--schema"]),
        ("--schema 1.avsc --topics topics.yaml", 2, &["cannot be used with"]),
    ] {
        let done = look(&place, words).ends(code);
        for part in parts {
            assert!(done.err.contains(part), "{words}: no {part:?} in {done:#?}");
        }
        let error = look(&place, &format!("{words} --format json")).ends(code).error();
        assert_eq!(error["exitCode"], code, "{words}: {error}");
    }
    look(&place, "--schema text.txt --type avro --against 1.avsc").ends(0);
    // Without the part these words would be looked at by nobody.
    place.run(&["doctor", "--schema", "1.avsc"]).ends(2);
}
