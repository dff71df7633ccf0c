//! `test-probe produce`.

use crate::support::Place;

#[test]
fn an_event_by_options_is_acknowledged_and_found_as_it_was_meant() {
    let place = Place::with_topics(&["orders"]);
    let words = [
        "produce",
        "-t",
        "orders",
        "--test-id",
        "t-1",
        "--type",
        "OrderCreated",
        "--version",
        "2",
        "--id",
        "evt-1",
        "--key",
        "o-1",
        "--header",
        "region=eu=west",
        "--partition",
        "0",
        "--value",
        r#"{"total": 5}"#,
    ];
    let done = place.run(&words).ends(0);
    assert!(done.out.starts_with("acknowledged: orders[0]@0  id \"evt-1\""), "{done:#?}");
    assert!(done.out.ends_with("1 event of test t-1\n"), "{done:#?}");
    assert_eq!(done.err, "");
    let found = place.run(&["fetch", "-t", "orders", "--test-id", "t-1", "--format", "json"]).ends(0).json();
    for (name, value) in
        [("type", "OrderCreated"), ("version", "2"), ("id", "evt-1"), ("key", "o-1"), ("testId", "t-1")]
    {
        assert_eq!(found[name], value);
    }
    assert_eq!(found["value"]["total"], 5);
    let headers = found["headers"].as_array().expect("headers");
    assert!(headers.iter().any(|header| header[0] == "region" && header[1] == "eu=west"), "{found}");
}

#[test]
fn a_fresh_test_id_is_printed_alone_on_request_and_in_each_document() {
    let place = Place::with_topics(&["orders"]);
    let quiet = place.run(&["produce", "-q", "-t", "orders", "--value", "1"]).ends(0);
    let id = quiet.out.trim();
    assert_eq!(id.len(), 36, "{quiet:#?}");
    place.run(&["expect", "-t", "orders", "--test-id", id, "--value", "1"]).ends(0);
    let said = place.run(&["produce", "-t", "orders", "--value", "1", "--format", "json"]).ends(0).json();
    assert_eq!(said["topic"], "orders");
    assert_eq!(said["offset"], 1);
    assert_ne!(said["testId"], id);
    assert!(said["latencyMs"].as_f64().is_some(), "{said}");
}

#[test]
fn the_environment_may_name_the_test() {
    let place = Place::with_topics(&["orders"]);
    let mut command = place.command(&["produce", "-q", "-t", "orders", "--value", "1"]);
    command.env("TEST_PROBE_TEST_ID", "t-env");
    assert_eq!(crate::support::done(command, "").ends(0).out, "t-env\n");
}

#[test]
fn values_may_be_tombstones_bytes_and_files() {
    let place = Place::with_topics(&["orders"]);
    let file = place.file("value.json", "{\"from\": \"a file\"}");
    let produce = |more: &[&str], input: &str| {
        let words = [&["produce", "-t", "orders", "--test-id", "t-1"], more].concat();
        place.run_with(&words, input).ends(0);
    };
    produce(&["--tombstone", "--key", "o-1"], "");
    produce(&["--value", "broken{", "--raw"], "");
    produce(&["--value-file", &file], "");
    produce(&["--value-file", "-"], "[1, 2]");
    let found = place.run(&["fetch", "-t", "orders", "--test-id", "t-1", "--format", "json"]).ends(0).lines();
    assert_eq!(found.len(), 4);
    assert_eq!(found[0]["valueKind"], "null");
    assert_eq!((&found[1]["valueKind"], &found[1]["rawValue"]), (&"undecodable".into(), &"broken{".into()));
    assert_eq!(found[2]["value"]["from"], "a file");
    assert_eq!(found[3]["value"], serde_json::json!([1, 2]));
}

#[test]
fn events_come_from_a_file_as_one_as_a_list_or_line_by_line() {
    let place = Place::with_topics(&["orders"]);
    let yaml = place
        .file("events.yaml", "- type: A\n  id: e-1\n  value: {n: 1}\n- type: B\n  id: e-2\n  value: 2\n");
    let words = ["produce", "-t", "orders", "--test-id", "t-1", "--format", "json", "-f"];
    let said = place.run(&[&words[..], &[&yaml]].concat()).ends(0).lines();
    let ids: Vec<&str> = said.iter().filter_map(|ack| ack["id"].as_str()).collect();
    assert_eq!(ids, ["e-1", "e-2"]);
    let lines = "{\"type\": \"C\", \"id\": \"e-3\", \"value\": 3}\n\n{\"type\": \"D\", \"id\": \"e-4\", \"value\": 4}\n";
    assert_eq!(place.run_with(&[&words[..], &["-"]].concat(), lines).ends(0).lines().len(), 2);
    assert_eq!(
        place.run_with(&[&words[..], &["-"]].concat(), "type: E\nvalue: 5\n").ends(0).lines().len(),
        1
    );
    let found = place.run(&["fetch", "-t", "orders", "--test-id", "t-1", "--format", "json"]).ends(0).lines();
    let types: Vec<&str> = found.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(types, ["A", "B", "C", "D", "E"]);
}

#[test]
fn what_is_no_event_is_a_usage_error_with_its_place() {
    let place = Place::new();
    let wrong = place.file("events.yaml", "- type: A\n  vlue: 1\n- 5\n");
    let produce = |more: &[&str]| place.run(&[&["produce", "-t", "orders"], more].concat());
    let done = produce(&["-f", &wrong]).ends(2);
    assert!(done.err.contains("events.yaml:2:3: unknown key `vlue` in an event"), "{done:#?}");
    assert!(done.err.contains("events.yaml:3:3: "), "{done:#?}");
    assert!(done.err.contains("hint: did you mean `value`?"), "{done:#?}");
    for (more, said) in [
        (&[][..], "hint: add `--value JSON`"),
        (&["--value", "{broken"], "`--value` was no JSON"),
        (&["--value", "1", "--tombstone"], "cannot be used with"),
        (&["--type", "A", "-f", "events.yaml"], "cannot be used with"),
        (&["--header", "novalue", "--value", "1"], "NAME=VALUE"),
    ] {
        let done = produce(more).ends(2);
        assert!(done.err.contains(said), "{more:?}: {done:#?}");
        assert_eq!(done.out, "");
    }
}

#[test]
fn a_directive_file_says_which_topic_and_how() {
    let place = Place::with_topics(&["orders", "other"]);
    let file = place.file(
        "topics.yaml",
        "topics:\n  - {topic: orders, as: in, role: producer, format: string}\n  - {topic: other, role: consumer}\n",
    );
    let one =
        place.run(&["produce", "--topics", &file, "--value", "\"plain text\"", "--test-id", "t-1"]).ends(0);
    assert!(one.out.starts_with("acknowledged: in[0]@0"), "{one:#?}");
    let found = place
        .run(&["tail", "-t", "orders", "--start", "earliest", "-n", "1", "--format", "json"])
        .ends(0)
        .json();
    assert_eq!(found["rawValue"], "plain text");
    let wrong = place.run(&["produce", "--topics", &file, "-t", "other", "--value", "1"]).ends(2);
    assert!(
        wrong.err.contains("topic `other` of `topics.yaml` had role consumer, not producer or both"),
        "{wrong:#?}"
    );
    let unknown = place.run(&["produce", "--topics", &file, "-t", "orders", "--value", "1"]).ends(2);
    assert!(unknown.err.contains("hint: choose one with `--topic`: `in`, `other`"), "{unknown:#?}");
}
