use super::*;
use crate::options::Options;

fn started() -> EmbeddedKafka {
    EmbeddedKafka::start(Options::with_brokers(2)).expect("a cluster")
}

fn refused(command: Value) -> String {
    started().control(&command).expect_err("an error").to_string()
}

#[test]
fn a_fault_is_told_as_it_was_injected_until_it_is_cleared() {
    let kafka = started();
    let faults = [
        json!({"api": "Produce", "topic": "orders", "partition": 0, "client-id": "svc", "broker": 1, "times": 3,
               "after": 2, "probability": 0.5, "then": {"error": "NOT_LEADER_OR_FOLLOWER"}}),
        json!({"api": "Produce", "then": {"error-after": "REQUEST_TIMED_OUT"}}),
        json!({"then": {"delay-ms": 50}}),
        json!({"then": {"throttle-ms": 50}}),
        json!({"api": "Fetch", "then": "corrupt-batch"}),
        json!({"then": "disconnect"}),
        json!({"then": "disconnect-after"}),
        json!({"then": "silence"}),
    ];
    for (before, fault) in faults.iter().enumerate() {
        let injected = kafka.control(&json!({"do": "inject", "fault": fault}));
        assert_eq!(injected, Ok(json!({"id": before + 1})));
    }
    let told = kafka.control(&json!({"do": "faults"})).expect("faults");
    let told: Vec<&Value> =
        told["faults"].as_array().expect("a list").iter().map(|one| &one["fault"]).collect();
    assert_eq!(told, faults.iter().collect::<Vec<_>>());
    assert_eq!(kafka.control(&json!({"do": "clear", "id": 1})), Ok(json!({"cleared": true})));
    assert_eq!(kafka.control(&json!({"do": "clear", "id": 1})), Ok(json!({"cleared": false})));
    kafka.control(&json!({"do": "clear"})).expect("cleared");
    assert_eq!(kafka.control(&json!({"do": "faults"})), Ok(json!({"faults": []})));
}

#[test]
fn apis_and_errors_have_more_than_one_spelling() {
    let kafka = started();
    let fault = json!({"api": "list-offsets", "then": {"error": 6}});
    kafka.control(&json!({"do": "inject", "fault": fault})).expect("a fault");
    let told = kafka.control(&json!({"do": "faults"})).expect("faults");
    let expected = json!({"api": "ListOffsets", "then": {"error": "NOT_LEADER_OR_FOLLOWER"}});
    assert_eq!(told["faults"][0]["fault"], expected);
}

#[test]
fn every_error_is_found_by_its_name() {
    for error in errors() {
        let name = error_name(error);
        let object = json!({"error": name});
        let at = Place::root(&object).expect("an object");
        assert_eq!(at.error("error"), Ok(error));
    }
    assert_eq!(error_name(KafkaError::UnknownServerError), "UNKNOWN_SERVER_ERROR");
    assert_eq!(error_name(KafkaError::FetchSessionIdNotFound), "FETCH_SESSION_ID_NOT_FOUND");
}

#[test]
fn brokers_are_told_stopped_and_started() {
    let kafka = started();
    let up = |kafka: &EmbeddedKafka| {
        let told = kafka.control(&json!({"do": "brokers"})).expect("brokers");
        told["brokers"].as_array().expect("a list").iter().map(|one| one["up"].clone()).collect::<Vec<_>>()
    };
    kafka.control(&json!({"do": "stop-broker", "broker": 2})).expect("stopped");
    assert_eq!(up(&kafka), [true, false]);
    kafka.control(&json!({"do": "start-broker", "broker": 2})).expect("started");
    assert_eq!(up(&kafka), [true, true]);
    refused(json!({"do": "stop-broker", "broker": 3}));
    refused(json!({"do": "move-leader", "topic": "missing", "partition": 0, "broker": 1}));
}

#[test]
fn requests_are_none_before_a_client_came() {
    let kafka = started();
    let command = json!({"do": "requests", "api": "Produce", "topic": "orders", "limit": 5});
    assert_eq!(kafka.control(&command), Ok(json!({"requests": []})));
    assert_eq!(kafka.control(&json!({"do": "forget-requests"})), Ok(json!({})));
}

#[test]
fn what_is_not_known_is_named_with_its_place() {
    for (command, expected) in [
        (json!([]), "the command was `[]`, which is no object"),
        (json!({}), "`do` was missing"),
        (json!({"do": "faults", "all": true}), "`all` is not known, these keys are: `do`"),
        (json!({"do": "clear", "id": "x"}), "`id` was `\"x\"`, which is not a whole number"),
        (json!({"do": "inject"}), "`fault` was missing"),
        (json!({"do": "inject", "fault": {}}), "`fault.then` was missing"),
        (json!({"do": "stop-broker"}), "`broker` was missing"),
        (
            json!({"do": "inject", "fault": {"topics": [], "then": "silence"}}),
            "`fault.topics` is not known, these keys are: `api`, `topic`, `partition`, `client-id`, `broker`, \
             `times`, `after`, `probability`, `then`",
        ),
        (
            json!({"do": "inject", "fault": {"then": {"error": "NOT_LEADER"}}}),
            "`fault.then.error` was `\"NOT_LEADER\"`, which is not an error of Kafka, for example \
             `\"NOT_LEADER_OR_FOLLOWER\"` or `6`",
        ),
        (
            json!({"do": "inject", "fault": {"api": "Produces", "then": "silence"}}),
            "`fault.api` was `Produces`, which is no API of Kafka, for example `Produce` or `list-offsets`",
        ),
        (
            json!({"do": "inject", "fault": {"times": 0, "then": "silence"}}),
            "`fault`: the fault was invalid: `0` times is never",
        ),
    ] {
        assert_eq!(refused(command), expected);
    }
    let unknown = refused(json!({"do": "explode"}));
    assert!(unknown.starts_with("`do` was `explode`, which is not one of `inject`, `clear`, "), "{unknown}");
    let unknown = refused(json!({"do": "inject", "fault": {"then": "explode"}}));
    assert!(unknown.contains("`\"silence\"`") && unknown.contains("`{\"delay-ms\": ...}`"), "{unknown}");
}
