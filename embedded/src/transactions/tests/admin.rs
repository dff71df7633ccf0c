//! What admin tools see of transactions.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::describe_transactions_response::TransactionState;
use kafka_protocol::messages::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use kafka_protocol::messages::{
    DescribeProducersRequest, DescribeTransactionsRequest, ListTransactionsRequest, ListTransactionsResponse,
    ResponseKind, WriteTxnMarkersRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::world::{MINUTE_MS, TOPIC, World, result, topic, transactional};
use crate::transactions::{Producer, offsets_of};

fn describe(world: &mut World, id: &str) -> TransactionState {
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![transactional(id)]);
    match world.ask(1, 0, request) {
        ResponseKind::DescribeTransactions(mut response) => response.transaction_states.remove(0),
        other => panic!("{other:?}"),
    }
}

fn list(world: &mut World, request: ListTransactionsRequest) -> ListTransactionsResponse {
    match world.ask(1, 2, request) {
        ResponseKind::ListTransactions(response) => response,
        other => panic!("{other:?}"),
    }
}

fn ids(response: &ListTransactionsResponse) -> Vec<&str> {
    response.transaction_states.iter().map(|state| state.transactional_id.as_str()).collect()
}

fn everything() -> ListTransactionsRequest {
    ListTransactionsRequest::default().with_duration_filter(-1)
}

#[test]
fn a_transaction_is_described_through_its_life() {
    let mut world = World::new(1, 3);
    let producer = world.init("a").unwrap();
    let state = describe(&mut world, "a");
    assert_eq!((state.transaction_state.as_str(), state.transaction_start_time_ms), ("Empty", -1));
    assert_eq!((state.producer_id.0, state.producer_epoch), (producer.id, producer.epoch));
    assert_eq!(state.transaction_timeout_ms, MINUTE_MS);

    world.add("a", producer, 2).unwrap();
    world.add("a", producer, 0).unwrap();
    let state = describe(&mut world, "a");
    assert_eq!((state.transaction_state.as_str(), state.transaction_start_time_ms), ("Ongoing", 1_000_000));
    assert_eq!(state.topics.len(), 1);
    assert_eq!((state.topics[0].topic.as_str(), &state.topics[0].partitions[..]), (TOPIC, &[0, 2][..]));

    world.end("a", producer, true).unwrap();
    let state = describe(&mut world, "a");
    assert_eq!(state.transaction_state.as_str(), "CompleteCommit");
    assert_eq!(state.topics.len(), 0);

    world.add("a", producer, 2).unwrap();
    world.end("a", producer, false).unwrap();
    assert_eq!(describe(&mut world, "a").transaction_state.as_str(), "CompleteAbort");

    let error = result(describe(&mut world, "unknown").error_code);
    assert_eq!(error, Err(ResponseError::TransactionalIdNotFound));
}

#[test]
fn transactions_are_listed_by_state_producer_and_duration() {
    let mut world = World::new(1, 1);
    let open = world.init("open").unwrap();
    world.init("idle").unwrap();
    world.add("open", open, 0).unwrap();
    world.pass(Duration::from_secs(10));

    assert_eq!(ids(&list(&mut world, everything())), ["idle", "open"]);
    let states = ["Ongoing", "PrepareAbort", "Odd"].map(StrBytes::from_static_str).to_vec();
    let listed = list(&mut world, everything().with_state_filters(states));
    assert_eq!(ids(&listed), ["open"]);
    assert_eq!(listed.unknown_state_filters, ["Odd"].map(StrBytes::from_static_str));
    let listed = list(&mut world, everything().with_producer_id_filters(vec![open.id.into()]));
    assert_eq!(ids(&listed), ["open"]);
    let listed = list(&mut world, everything().with_duration_filter(10_000));
    assert!(!ids(&listed).contains(&"open"));
    let listed = list(&mut world, everything().with_duration_filter(9_999));
    assert!(ids(&listed).contains(&"open"));
}

#[test]
fn transactions_are_listed_by_an_expression_that_the_whole_id_matches() {
    let mut world = World::new(1, 1);
    for id in ["orders-1", "orders-2", "reorders-1"] {
        world.init(id).unwrap();
    }
    let by = |pattern: Option<&'static str>| {
        everything().with_transactional_id_pattern(pattern.map(StrBytes::from_static_str))
    };
    assert_eq!(ids(&list(&mut world, by(Some("orders-.*")))), ["orders-1", "orders-2"]);
    assert_eq!(ids(&list(&mut world, by(Some("orders")))), [""; 0]);
    assert_eq!(ids(&list(&mut world, by(Some("")))).len(), 3);
    assert_eq!(ids(&list(&mut world, by(None))).len(), 3);
    let refused = list(&mut world, by(Some("(")));
    assert_eq!(result(refused.error_code), Err(ResponseError::InvalidRegularExpression));
}

/// Writes the end of a producer's transaction to some places, as an administrator; returns their errors.
fn mark(world: &mut World, producer: Producer, commit: bool, places: &[(&str, i32)]) -> Vec<i16> {
    let topics = places.iter().map(|(name, index)| {
        WritableTxnMarkerTopic::default().with_name(topic(name)).with_partition_indexes(vec![*index])
    });
    let marker = WritableTxnMarker::default()
        .with_producer_id(producer.id.into())
        .with_producer_epoch(producer.epoch)
        .with_transaction_result(commit)
        .with_topics(topics.collect());
    match world.ask(1, 1, WriteTxnMarkersRequest::default().with_markers(vec![marker])) {
        ResponseKind::WriteTxnMarkers(mut response) => {
            let results = response.markers.remove(0).topics;
            results.iter().flat_map(|topic| topic.partitions.iter().map(|one| one.error_code)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_administrator_ends_a_transaction_where_it_hangs() {
    let mut world = World::new(1, 2);
    let producer = world.init("a").unwrap();
    world.add("a", producer, 0).unwrap();
    world.produce("a", producer, 0, 0, 1).unwrap();
    world.produce_plain(0, 2).unwrap();
    let stable = |world: &World| {
        let partition = world.state.topics.get(&topic(TOPIC)).and_then(|topic| topic.partition(0));
        let log = &partition.expect("a partition").log;
        (log.last_stable(), log.end())
    };
    assert_eq!(stable(&world), (0, 2));
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    assert_eq!(
        mark(&mut world, producer, false, &[(TOPIC, 0), (TOPIC, 9), ("none", 0)]),
        [0, unknown, unknown]
    );
    assert_eq!(stable(&world), (3, 3));
    let zombie = Producer { epoch: producer.epoch - 1, ..producer };
    let fenced = ResponseError::InvalidProducerEpoch.code();
    assert_eq!(mark(&mut world, zombie, true, &[(TOPIC, 0)]), [fenced]);
    assert_eq!(stable(&world), (3, 3));
    // The coordinator was not asked: for it the transaction goes on.
    assert_eq!(describe(&mut world, "a").transaction_state.as_str(), "Ongoing");
    world.end("a", producer, false).unwrap();
}

#[test]
fn the_producers_of_a_partition_are_described() {
    let mut world = World::new(1, 1);
    let producer = world.init("a").unwrap();
    world.produce_plain(0, 1).unwrap();
    world.add("a", producer, 0).unwrap();
    world.produce("a", producer, 0, 0, 2).unwrap();
    let request = |name, index| {
        let topic = TopicRequest::default().with_name(topic(name)).with_partition_indexes(vec![index]);
        DescribeProducersRequest::default().with_topics(vec![topic])
    };
    let mut ask = |name, index| match world.ask(1, 0, request(name, index)) {
        ResponseKind::DescribeProducers(mut response) => response.topics.remove(0).partitions.remove(0),
        other => panic!("{other:?}"),
    };
    let described = ask(TOPIC, 0);
    assert_eq!(described.active_producers.len(), 1);
    let state = &described.active_producers[0];
    assert_eq!((state.producer_id.0, state.producer_epoch), (producer.id, 0));
    assert_eq!((state.last_sequence, state.current_txn_start_offset), (0, 1));
    assert_eq!(result(ask(TOPIC, 1).error_code), Err(ResponseError::UnknownTopicOrPartition));
    assert_eq!(result(ask("", 0).error_code), Err(ResponseError::InvalidTopicException));
}

#[test]
fn offsets_of_a_group_are_in_the_partition_in_which_kafka_keeps_them() {
    // The hashes of Java's strings: 0, 97, and the one that has no absolute value.
    assert_eq!(offsets_of("").1, 0);
    assert_eq!(offsets_of("a").1, 47);
    assert_eq!(offsets_of("polygenelubricants").1, 0);
}
