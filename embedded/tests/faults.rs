//! Faults as clients meet them, and the record of their requests.

use std::time::{Duration, Instant};

use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, FetchResponse, HeartbeatRequest, ListOffsetsRequest,
    MetadataRequest, MetadataResponse, ProduceResponse,
};
use test_probe_embedded::faults::{Action, Api, Fault, KafkaError, Outcome};
use test_probe_embedded::{EmbeddedKafka, Options};

use crate::support::{Client, Producer, batch, eventually, fetch, produce, records, text};

mod support;

const NOT_LEADER: i16 = KafkaError::NotLeaderOrFollower.code();

fn started() -> (EmbeddedKafka, Client) {
    let kafka = EmbeddedKafka::start(Options { seed: Some(7), ..Options::default() }).expect("a cluster");
    let mut client = Client::connect(&kafka.bootstrap_servers());
    let topic = |name| {
        CreatableTopic::default()
            .with_name(text(name).into())
            .with_num_partitions(2)
            .with_replication_factor(1)
    };
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic("orders"), topic("payments")])
        .with_timeout_ms(1000);
    let created = client.call(7, &request);
    assert!(created.topics.iter().all(|topic| topic.error_code == 0));
    kafka.requests().clear();
    (kafka, client)
}

fn metadata(client: &mut Client, topics: Option<&[&str]>) -> MetadataResponse {
    let topic = |name: &&str| MetadataRequestTopic::default().with_name(Some(text(name).into()));
    let topics = topics.map(|topics| topics.iter().map(topic).collect());
    client.call(12, &MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(true))
}

/// The partitions of an answer with their errors, sorted.
fn produced(response: &ProduceResponse) -> Vec<(&str, i32, i16)> {
    let topics = response.responses.iter();
    let mut all: Vec<_> = topics
        .flat_map(|topic| {
            topic.partition_responses.iter().map(|one| (topic.name.as_str(), one.index, one.error_code))
        })
        .collect();
    all.sort_unstable();
    all
}

fn end(client: &mut Client, topic: &str, partition: i32) -> i64 {
    let asked = ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(-1);
    let asked = ListOffsetsTopic::default()
        .with_name(text(topic).into())
        .with_partitions(vec![asked.with_current_leader_epoch(-1)]);
    let response = client.call(7, &ListOffsetsRequest::default().with_topics(vec![asked]));
    response.topics[0].partitions[0].offset
}

fn values(response: &FetchResponse) -> Vec<String> {
    let partition = &response.responses[0].partitions[0];
    let records = records(partition.records.as_ref().expect("records")).expect("sound batches");
    let value = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    records.iter().map(|record| value(record.value.as_ref().expect("a value"))).collect()
}

#[test]
fn an_error_strikes_the_partition_it_names_as_often_as_it_says_and_the_others_are_served() {
    let (kafka, mut client) = started();
    let fault = Fault::on(Api::Produce).topic("orders").partition(0).times(2);
    let id =
        kafka.faults().inject(fault.then(Action::Error(KafkaError::NotLeaderOrFollower))).expect("a fault");
    let places = [("orders", 0), ("orders", 1), ("payments", 0)];
    for _ in 0..2 {
        let response = client.produce(&places, &["a"]);
        assert_eq!(produced(&response), [("orders", 0, NOT_LEADER), ("orders", 1, 0), ("payments", 0, 0)]);
    }
    assert!(kafka.faults().active().is_empty(), "it struck twice");
    assert!(!kafka.faults().clear(id), "it is over");
    let response = client.produce(&places, &["b"]);
    assert_eq!(produced(&response), [("orders", 0, 0), ("orders", 1, 0), ("payments", 0, 0)]);
    assert_eq!(end(&mut client, "orders", 0), 1, "what was refused was not applied");
    assert_eq!(end(&mut client, "orders", 1), 3);
}

#[test]
fn two_faults_strike_two_partitions_of_one_request() {
    let (kafka, mut client) = started();
    let on = |partition| Fault::on(Api::Produce).topic("orders").partition(partition);
    let too_large = Action::Error(KafkaError::MessageTooLarge);
    kafka.faults().inject(on(0).then(Action::Error(KafkaError::NotLeaderOrFollower))).expect("a fault");
    kafka.faults().inject(on(1).then(too_large)).expect("a fault");
    let response = client.produce(&[("orders", 0), ("orders", 1)], &["a"]);
    assert_eq!(produced(&response), [("orders", 0, NOT_LEADER), ("orders", 1, 10)]);
    let hits: Vec<u64> = kafka.faults().active().iter().map(|active| active.hits).collect();
    assert_eq!(hits, [1, 1]);
    kafka.faults().clear_all();
    assert_eq!(produced(&client.produce(&[("orders", 0)], &["a"])), [("orders", 0, 0)]);
}

#[test]
fn a_lost_acknowledgement_leaves_the_records_in_the_log() {
    let (kafka, mut client) = started();
    let timed_out = Action::ErrorAfter(KafkaError::RequestTimedOut);
    kafka.faults().inject(Fault::on(Api::Produce).topic("orders").times(1).then(timed_out)).expect("a fault");
    let response = client.produce(&[("orders", 0), ("payments", 0)], &["a", "b"]);
    assert_eq!(produced(&response), [("orders", 0, 7), ("payments", 0, 0)]);
    assert_eq!(end(&mut client, "orders", 0), 2);
    assert_eq!(end(&mut client, "payments", 0), 2);
}

#[test]
fn a_fault_strikes_only_the_client_and_the_broker_it_names() {
    let kafka =
        EmbeddedKafka::start(Options { seed: Some(7), ..Options::with_brokers(2) }).expect("a cluster");
    let brokers = kafka.bootstrap_servers();
    let (first, second) = brokers.split_once(',').expect("two brokers");
    let fault = Fault::on(Api::Heartbeat).client_id("svc").broker(2);
    kafka.faults().inject(fault.then(Action::Error(KafkaError::IllegalGeneration))).expect("a fault");
    let request = HeartbeatRequest::default().with_group_id(text("g").into());
    let ask = |address: &str, client_id: &str| {
        Client::named(address, client_id).call(4, &request).error_code == KafkaError::IllegalGeneration.code()
    };
    assert!(ask(second, "svc"));
    assert!(!ask(second, "other"));
    assert!(!ask(first, "svc"));
}

#[test]
fn some_requests_pass_first_and_then_the_seed_decides() {
    let struck = || {
        let (kafka, mut client) = started();
        let fault = Fault::on(Api::Produce).after(2).probability(0.5);
        kafka.faults().inject(fault.then(Action::Error(KafkaError::NotLeaderOrFollower))).expect("a fault");
        let mut ask = || produced(&client.produce(&[("orders", 0)], &["a"]))[0].2 == NOT_LEADER;
        (0..40).map(|_| ask()).collect::<Vec<bool>>()
    };
    let (once, again) = (struck(), struck());
    assert_eq!(once, again, "the seed is the same");
    assert_eq!(once[..2], [false, false]);
    assert!(once.contains(&true) && once[2..].contains(&false), "{once:?}");
}

#[test]
fn a_delay_holds_the_answer_back_and_no_other_connection() {
    let (kafka, mut client) = started();
    let time = Duration::from_millis(150);
    kafka.faults().inject(Fault::on(Api::Produce).times(1).then(Action::Delay(time))).expect("a fault");
    let began = Instant::now();
    client.send(9, &produce(&[("orders", 0)], batch(&["a"], Producer::NONE), -1)).expect("sent");
    let mut other = Client::connect(&kafka.bootstrap_servers());
    eventually("the request was seen", || !kafka.requests().of(Api::Produce).is_empty());
    assert_eq!(kafka.requests().of(Api::Produce)[0].outcome, Outcome::Waiting);
    assert_eq!(end(&mut other, "orders", 0), 0, "it is taken up later");
    let response = client.receive::<kafka_protocol::messages::ProduceRequest>(9).expect("an answer");
    assert_eq!(produced(&response), [("orders", 0, 0)]);
    assert!(began.elapsed() >= time);
    let seen = &kafka.requests().of(Api::Produce)[0];
    assert_eq!(seen.outcome, Outcome::Faulted);
    assert!(seen.took.expect("it was answered") >= time);
}

#[test]
fn a_disconnect_applies_nothing_and_a_late_one_everything() {
    let (kafka, mut client) = started();
    for (action, expected) in [(Action::Disconnect, 0), (Action::DisconnectAfter, 1)] {
        kafka.faults().inject(Fault::on(Api::Produce).times(1).then(action)).expect("a fault");
        let mut unlucky = Client::connect(&kafka.bootstrap_servers());
        unlucky.send(9, &produce(&[("orders", 0)], batch(&["a"], Producer::NONE), -1)).expect("sent");
        assert!(unlucky.is_closed());
        assert_eq!(end(&mut client, "orders", 0), expected, "{action:?}");
    }
}

#[test]
fn a_silent_broker_keeps_the_connection_and_says_nothing_more() {
    let (kafka, mut client) = started();
    kafka.faults().inject(Fault::on(Api::Produce).times(1).then(Action::Silence)).expect("a fault");
    let mut deaf = Client::connect(&kafka.bootstrap_servers());
    let request = produce(&[("orders", 0)], batch(&["a"], Producer::NONE), -1);
    deaf.send(9, &request).expect("sent");
    deaf.send(9, &request).expect("sent");
    assert!(deaf.is_silent_for(Duration::from_millis(50)));
    assert_eq!(end(&mut client, "orders", 0), 0);
    let outcomes = || kafka.requests().of(Api::Produce).iter().map(|seen| seen.outcome).collect::<Vec<_>>();
    assert_eq!(outcomes(), [Outcome::Waiting]);
    drop(deaf);
    eventually("the request is over", || outcomes() == [Outcome::Faulted]);
}

#[test]
fn a_corrupt_batch_fails_its_checksum_once_and_the_log_is_unharmed() {
    let (kafka, mut client) = started();
    let fault = Fault::on(Api::Fetch).topic("orders").times(1);
    kafka.faults().inject(fault.then(Action::CorruptBatch)).expect("a fault");
    assert_eq!(values(&client.fetch(("orders", 0), 0)), Vec::<String>::new());
    assert_eq!(kafka.faults().active()[0].hits, 0, "there was nothing to spoil");
    client.produce(&[("orders", 0), ("payments", 0)], &["a", "b"]);
    assert_eq!(values(&client.fetch(("payments", 0), 0)), ["a", "b"]);
    let response = client.fetch(("orders", 0), 0);
    let spoiled = response.responses[0].partitions[0].records.clone().expect("records");
    let error = records(&spoiled).expect_err("a spoiled batch");
    assert!(error.contains("redundancy check failed"), "{error}");
    assert_eq!(values(&client.fetch(("orders", 0), 0)), ["a", "b"]);
}

#[test]
fn a_corrupt_batch_strikes_a_fetch_that_waited() {
    let (kafka, mut client) = started();
    kafka.faults().inject(Fault::on(Api::Fetch).times(1).then(Action::CorruptBatch)).expect("a fault");
    let mut waiting = Client::connect(&kafka.bootstrap_servers());
    waiting.send(12, &fetch(&[("orders", 0)], 0, 10_000)).expect("sent");
    eventually("the fetch waits", || !kafka.requests().of(Api::Fetch).is_empty());
    client.produce(&[("orders", 0)], &["a"]);
    let response = waiting.receive::<kafka_protocol::messages::FetchRequest>(12).expect("an answer");
    let spoiled = response.responses[0].partitions[0].records.clone().expect("records");
    records(&spoiled).expect_err("a spoiled batch");
}

#[test]
fn a_throttled_client_is_told_so_and_is_not_heard_meanwhile() {
    let (kafka, mut client) = started();
    let time = Duration::from_millis(150);
    kafka.faults().inject(Fault::on(Api::Produce).times(1).then(Action::Throttle(time))).expect("a fault");
    let began = Instant::now();
    assert_eq!(client.produce(&[("orders", 0)], &["a"]).throttle_time_ms, 150);
    end(&mut client, "orders", 0);
    assert!(began.elapsed() >= time);
    assert_eq!(client.produce(&[("orders", 0)], &["a"]).throttle_time_ms, 0);
}

#[test]
fn metadata_has_errors_for_topics_and_for_partitions_and_keeps_its_brokers() {
    let (kafka, mut client) = started();
    let missing = Action::Error(KafkaError::LeaderNotAvailable);
    let orders = Fault::on(Api::Metadata).topic("orders");
    let id = kafka.faults().inject(orders.clone().then(missing)).expect("a fault");
    for asked in [Some(&["orders", "payments"][..]), None] {
        let response = metadata(&mut client, asked);
        assert_eq!(response.brokers.len(), 1);
        let mut topics: Vec<_> = response
            .topics
            .iter()
            .map(|topic| {
                (topic.name.as_ref().expect("a name").as_str(), topic.error_code, topic.partitions.len())
            })
            .collect();
        topics.sort_unstable();
        assert_eq!(topics, [("orders", 5, 0), ("payments", 0, 2)]);
    }
    kafka.faults().clear(id);
    kafka.faults().inject(orders.partition(1).then(missing)).expect("a fault");
    let response = metadata(&mut client, Some(&["orders"]));
    let partitions: Vec<_> =
        response.topics[0].partitions.iter().map(|one| (one.error_code, one.leader_id.0)).collect();
    assert_eq!((response.topics[0].error_code, partitions), (0, vec![(0, 1), (5, -1)]));
    kafka.faults().clear_all();
    kafka.faults().inject(Fault::on(Api::Metadata).topic("new").times(1).then(missing)).expect("a fault");
    assert_eq!(metadata(&mut client, Some(&["new"])).topics[0].error_code, 5);
    assert_eq!(metadata(&mut client, None).topics.len(), 2, "it was not created");
}

#[test]
fn an_error_without_acknowledgement_closes_the_connection() {
    let (kafka, mut client) = started();
    let fault = Fault::on(Api::Produce).topic("orders").times(1);
    kafka.faults().inject(fault.then(Action::Error(KafkaError::NotLeaderOrFollower))).expect("a fault");
    let mut hasty = Client::connect(&kafka.bootstrap_servers());
    let request = produce(&[("orders", 0), ("payments", 0)], batch(&["a"], Producer::NONE), 0);
    hasty.send(9, &request).expect("sent");
    assert!(hasty.is_closed());
    assert_eq!((end(&mut client, "orders", 0), end(&mut client, "payments", 0)), (0, 1));
}

#[test]
fn even_an_api_versions_that_nobody_knows_is_struck() {
    let (kafka, mut client) = started();
    let fault = Fault::on(Api::ApiVersions).times(1);
    kafka.faults().inject(fault.then(Action::Disconnect)).expect("a fault");
    let frame = [0, 18, 0, 99, 0, 0, 0, 1, 0, 0];
    client.send_frame(&frame).expect("sent");
    assert!(client.is_closed());
    let mut client = Client::connect(&kafka.bootstrap_servers());
    client.send_frame(&frame).expect("sent");
    assert_eq!(client.receive_frame().expect("an answer")[4..6], [0, 35]);
    let software = ApiVersionsRequest::default().with_client_software_name(text("t"));
    let response = client.call(3, &software.with_client_software_version(text("1")));
    assert_eq!(response.error_code, 0);
}

#[test]
fn a_fault_that_could_never_strike_is_refused() {
    let (kafka, _client) = started();
    let error = Action::Error(KafkaError::NotCoordinator);
    let refused = |fault: Fault| kafka.faults().inject(fault).expect_err("no fault").to_string();
    assert_eq!(
        refused(Fault::on(Api::Heartbeat).topic("orders").then(error)),
        "the fault was invalid: requests of `Heartbeat` name no topics"
    );
    assert_eq!(
        refused(Fault::on(Api::CreateTopics).partition(1).then(error)),
        "the fault was invalid: requests of `CreateTopics` name no partitions"
    );
    for never in [
        Fault::on(Api::Vote).then(error),
        Fault::on(Api::Produce).broker(2).then(error),
        Fault::on(Api::Produce).times(0).then(error),
        Fault::on(Api::Produce).probability(0.0).then(error),
        Fault::on(Api::Produce).probability(f64::NAN).then(error),
        Fault::on(Api::Produce).partition(-1).then(error),
        Fault::on(Api::Produce).then(Action::CorruptBatch),
        Fault::on(Api::Produce).then(Action::Error(KafkaError::Unknown(4711))),
        Fault::on(Api::Produce).then(Action::Delay(Duration::MAX)),
    ] {
        refused(never);
    }
}

#[test]
fn requests_are_remembered_with_what_became_of_them() {
    let (kafka, mut client) = started();
    client.produce(&[("orders", 0), ("orders", 1), ("payments", 0)], &["a"]);
    client.produce(&[("missing", 0)], &["a"]);
    let seen = kafka.requests().of(Api::Produce);
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[0].broker, seen[0].version, seen[0].client_id.as_str()), (1, 9, "test"));
    assert_eq!(seen[0].peer, client.address());
    assert_eq!(seen[0].topics, ["orders", "payments"]);
    assert_eq!(seen[0].outcome, Outcome::Answered);
    assert_eq!(seen[1].outcome, Outcome::Error(KafkaError::UnknownTopicOrPartition));
    let about_orders = kafka.requests().matching(|seen| seen.topics.iter().any(|topic| topic == "orders"));
    assert_eq!(about_orders, seen[..1]);
    kafka.requests().clear();
    assert!(kafka.requests().all().is_empty());
}

#[test]
fn only_the_latest_requests_are_remembered() {
    let options = Options { recorded_requests: 3, ..Options::default() };
    let kafka = EmbeddedKafka::start(options).expect("a cluster");
    let mut client = Client::connect(&kafka.bootstrap_servers());
    for name in ["a", "b", "c", "d", "e"] {
        metadata(&mut client, Some(&[name]));
    }
    let seen: Vec<String> = kafka.requests().all().into_iter().flat_map(|seen| seen.topics).collect();
    assert_eq!(seen, ["c", "d", "e"]);
}

#[test]
fn a_fault_on_a_topic_strikes_requests_that_name_it_by_its_id() {
    let (kafka, mut client) = started();
    let topics = metadata(&mut client, Some(&["orders", "payments"])).topics;
    let id = |name: &str| {
        let named = topics.iter().find(|topic| topic.name.as_ref().is_some_and(|one| one.as_str() == name));
        named.expect("a topic").topic_id
    };
    let on =
        |api| Fault::on(api).topic("orders").times(1).then(Action::Error(KafkaError::NotLeaderOrFollower));
    kafka.faults().inject(on(Api::Produce)).expect("a fault");
    kafka.faults().inject(on(Api::Fetch)).expect("a fault");
    let places = [("orders", 0), ("payments", 0)];
    let mut request = produce(&places, batch(&["a"], Producer::NONE), -1);
    request.topic_data.iter_mut().for_each(|topic| topic.topic_id = id(&topic.name));
    let answer = client.call(13, &request);
    let found =
        answer.responses.iter().map(|topic| (topic.topic_id, topic.partition_responses[0].error_code));
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(_, code)| *code);
    assert_eq!(found, [(id("payments"), 0), (id("orders"), NOT_LEADER)]);
    let mut request = fetch(&places, 0, 0);
    request.topics.iter_mut().for_each(|topic| topic.topic_id = id(&topic.topic));
    let answer = client.call(13, &request);
    let found = answer.responses.iter().map(|topic| (topic.topic_id, topic.partitions[0].error_code));
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(_, code)| *code);
    assert_eq!(found, [(id("payments"), 0), (id("orders"), NOT_LEADER)]);
    let asked = kafka.requests().of(Api::Fetch);
    assert_eq!(asked.last().expect("a request").topics, ["orders", "payments"]);
}
