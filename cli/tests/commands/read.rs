//! `test-probe fetch` and `tail`.

use std::io::{BufRead, BufReader};

use crate::support::Place;

#[test]
fn a_test_gets_its_own_events_and_nobody_elses() {
    let place = Place::with_topics(&["orders:3"]);
    for number in 0..5 {
        place.produce("orders", "t-1", &format!("evt-{number}"), &number.to_string());
    }
    place.produce("orders", "t-2", "other", "1");
    let fetch = |more: &[&str]| place.run(&[&["fetch", "-t", "orders", "--test-id", "t-1"], more].concat());
    assert_eq!(fetch(&["--format", "json"]).ends(0).lines().len(), 5);
    let text = fetch(&["--id", "evt-3"]).ends(0);
    assert_eq!(text.out.lines().count(), 1, "{text:#?}");
    assert!(text.out.contains("  Order  id \"evt-3\"  3\n"), "{text:#?}");
    assert!(fetch(&["--id", "evt-3", "--headers"]).ends(0).out.contains("    ce_testid: \"t-1\"\n"));
    assert_eq!(fetch(&["--start", "latest"]).ends(1).out, "");
}

#[test]
fn what_is_not_there_ends_with_1_and_a_reason() {
    let place = Place::with_topics(&["orders"]);
    let file = place.file(
        "topics.yaml",
        "[{topic: orders, role: consumer, start: earliest, eventFilters: [{key: EventType, value: Refund}]}]",
    );
    place.produce("orders", "t-1", "evt-1", "1");
    place
        .run(&["produce", "-t", "orders", "--test-id", "t-1", "--id", "evt-2", "--value", "broken{", "--raw"])
        .ends(0);
    let fetch = |topic: &[&str], id: &str| {
        let done = place.run(&[&["fetch", "--test-id", "t-1", "--id", id], topic].concat()).ends(1);
        assert_eq!(done.out, "");
        done.err
    };
    assert!(fetch(&["-t", "orders"], "evt-9").contains("not seen yet"));
    assert!(fetch(&["-t", "orders"], "evt-2").contains("seen but undecodable"));
    assert!(fetch(&["--topics", &file], "evt-1").contains("seen but filtered out"));
    let document: serde_json::Value =
        serde_json::from_str(&fetch(&["-t", "orders", "--format", "json"], "evt-9")).expect("JSON");
    assert_eq!(document["found"], false);
}

#[test]
fn a_tail_shows_everybodys_events_or_those_of_one_test() {
    let place = Place::with_topics(&["orders:2"]);
    place.produce("orders", "t-1", "evt-1", "1");
    place.produce("orders", "t-2", "evt-2", "2");
    let nobodys = place.file(
        "nobodys.yaml",
        "[{topic: orders, role: producer, envelope: none, correlation: {testId: none}}]",
    );
    place.run(&["produce", "--topics", &nobodys, "--value", "3"]).ends(0);
    let tail = |more: &[&str]| {
        place.run(&[&["tail", "-t", "orders", "--start", "earliest", "--for", "60s"], more].concat()).ends(0)
    };
    let all = tail(&["-n", "3", "--all"]);
    assert_eq!(all.out.lines().count(), 3, "{all:#?}");
    for part in ["test \"t-1\"", "test \"t-2\"", "  no test id  3\n"] {
        assert!(all.out.contains(part), "no {part} in {all:#?}");
    }
    assert_eq!(all.err, "");
    let one = tail(&["-n", "1", "--test-id", "t-2", "--format", "json"]).json();
    assert_eq!(one["id"], "evt-2");
}

#[test]
fn a_tail_shows_what_comes_while_it_follows() {
    let place = Place::with_topics(&["orders"]);
    let mut child = place.start(&["tail", "-t", "orders", "--format", "json", "-n", "2"]);
    let mut said = BufReader::new(child.stdout.take().expect("stdout")).lines();
    // Nobody says when it begins to follow: events are produced until it shows one.
    let (first, number) = std::thread::scope(|scope| {
        let first = scope.spawn(|| said.next().expect("a line").expect("text"));
        let mut number = 0;
        crate::support::eventually("the first event", || {
            number += 1;
            place.produce("orders", "t-1", &format!("evt-{number}"), "1");
            first.is_finished()
        });
        (first.join().expect("a line"), number)
    });
    let first: serde_json::Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(first["testId"], "t-1");
    place.produce("orders", "t-1", &format!("evt-{}", number + 1), "1");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_tail_ends_after_its_time() {
    let place = Place::with_topics(&["orders"]);
    let done = place.run(&["tail", "-t", "orders", "--for", "50ms"]).ends(0);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("", ""));
}

#[test]
fn control_characters_of_an_event_do_not_reach_the_terminal() {
    let place = Place::with_topics(&["orders"]);
    let event = "{type: \"A\\e[31m\", id: \"i\\e[2J\", key: \"k\\a\", headers: {\"h\\e\": \"v\\e\"}, value: \"\\e]0;x\\a\"}";
    place.run_with(&["produce", "-t", "orders", "--test-id", "t-1", "-f", "-"], event).ends(0);
    let done = place.run(&["fetch", "-t", "orders", "--test-id", "t-1", "--headers"]).ends(0);
    assert!(done.out.chars().all(|c| c == '\n' || !c.is_control()), "{done:#?}");
    assert!(done.out.contains("\\u001b[31m"), "{done:#?}");
}
