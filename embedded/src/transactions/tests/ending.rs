//! What a transaction leaves in the logs.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ResponseKind;

use super::records::{Seen, fetch};
use super::world::{TOPIC, World, topic};
use crate::api::Reply;

fn world() -> World {
    World::new(1, 4)
}

#[test]
fn records_of_a_transaction_are_read_when_it_is_committed() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    for index in 0..2 {
        world.add("a", producer, index).unwrap();
        world.produce("a", producer, index, 0, 10).unwrap();
        world.produce("a", producer, index, 1, 11).unwrap();
    }
    for index in 0..2 {
        assert_eq!(world.read(index, true, 1000), Seen { values: vec![], last_stable: 0, position: 0 });
        assert_eq!(world.read(index, false, 1000).values, [10, 11]);
    }
    world.end("a", producer, true).unwrap();
    for index in 0..2 {
        assert_eq!(world.read(index, true, 1000), Seen { values: vec![10, 11], last_stable: 3, position: 3 });
    }
}

#[test]
fn records_of_an_aborted_transaction_are_passed_over() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    world.add("a", producer, 0).unwrap();
    world.produce("a", producer, 0, 0, 1).unwrap();
    world.produce_plain(0, 2).unwrap();
    world.end("a", producer, false).unwrap();
    assert_eq!(world.read(0, true, 1000), Seen { values: vec![2], last_stable: 3, position: 3 });
    assert_eq!(world.read(0, false, 1000).values, [1, 2]);
}

#[test]
fn the_oldest_open_transaction_holds_back_the_ones_behind_it() {
    let mut world = world();
    let first = world.init("a").unwrap();
    let second = world.init("b").unwrap();
    world.add("a", first, 0).unwrap();
    world.add("b", second, 0).unwrap();
    world.produce_plain(0, 1).unwrap();
    world.produce("a", first, 0, 0, 2).unwrap();
    world.produce("b", second, 0, 0, 3).unwrap();
    world.end("b", second, true).unwrap();
    assert_eq!(world.read(0, true, 1000), Seen { values: vec![1], last_stable: 1, position: 1 });
    world.end("a", first, false).unwrap();
    assert_eq!(world.read(0, true, 1000), Seen { values: vec![1, 3], last_stable: 5, position: 5 });
}

#[test]
fn a_partition_that_was_added_but_not_written_gets_a_marker() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    world.add("a", producer, 3).unwrap();
    world.end("a", producer, true).unwrap();
    assert_eq!(world.read(3, true, 1000), Seen { values: vec![], last_stable: 1, position: 1 });
}

#[test]
fn a_batch_for_a_partition_that_was_not_added_is_refused() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    assert_eq!(world.produce("a", producer, 0, 0, 1), Err(ResponseError::InvalidTxnState));
    world.add("a", producer, 1).unwrap();
    assert_eq!(world.produce("a", producer, 0, 0, 1), Err(ResponseError::InvalidTxnState));
    world.produce("a", producer, 1, 0, 1).unwrap();
    world.end("a", producer, true).unwrap();
    assert_eq!(world.produce("a", producer, 1, 1, 2), Err(ResponseError::InvalidTxnState));
    assert_eq!(world.read(0, true, 1000).position, 0);
    assert_eq!(world.read(1, true, 1000).values, [1]);
}

#[test]
fn a_reader_that_waits_is_answered_when_the_transaction_ends() {
    for commit in [true, false] {
        let mut world = world();
        let producer = world.init("a").unwrap();
        world.add("a", producer, 0).unwrap();
        world.produce("a", producer, 0, 0, 1).unwrap();
        let request = fetch(0, 0, true, 1000).with_max_wait_ms(500);
        let Reply::Later(mut waiting) = world.call(world.leader(0), 11, request) else { panic!() };
        world.produce("a", producer, 0, 1, 2).unwrap();
        assert!(waiting.try_recv().is_err(), "nothing is stable yet");
        world.end("a", producer, commit).unwrap();
        let Ok(ResponseKind::Fetch(response)) = waiting.try_recv() else { panic!() };
        let data = &response.responses[0].partitions[0];
        assert_eq!(data.last_stable_offset, 3);
        let aborted = data.aborted_transactions.as_ref().map(Vec::len);
        assert_eq!(aborted, Some(usize::from(!commit)));
    }
}

#[test]
fn a_transactional_batch_names_its_transactional_id() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    let refused = Err(ResponseError::TransactionalIdAuthorizationFailed);
    assert_eq!(world.produce_nameless(producer, 0, 0, 1), refused);
    world.add("a", producer, 0).unwrap();
    world.produce("a", producer, 0, 0, 1).unwrap();
    assert_eq!(world.produce_nameless(producer, 0, 1, 2), refused);
}

#[test]
fn the_same_ending_may_be_asked_for_again_and_another_may_not() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    for commit in [true, false] {
        assert_eq!(world.end("a", producer, commit), Err(ResponseError::InvalidTxnState), "nothing began");
    }
    for commit in [true, false] {
        world.add("a", producer, 0).unwrap();
        let before = world.read(0, true, 1000).position;
        assert_eq!(world.end("a", producer, commit), Ok(()));
        assert_eq!(world.end("a", producer, commit), Ok(()));
        assert_eq!(world.end("a", producer, !commit), Err(ResponseError::InvalidTxnState));
        assert_eq!(world.read(0, true, 1000).position, before + 1, "one marker");
    }
}

#[test]
fn partitions_are_added_all_or_none() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    let added = world.add_all("a", producer, &[(TOPIC, 0), (TOPIC, 9), ("unknown", 0)]);
    let (attempted, unknown) =
        (Err(ResponseError::OperationNotAttempted), Err(ResponseError::UnknownTopicOrPartition));
    assert_eq!(added, [attempted, unknown, unknown]);
    assert_eq!(world.produce("a", producer, 0, 0, 1), Err(ResponseError::InvalidTxnState));
    let added = world.add_all("a", producer, &[(TOPIC, 0), ("__consumer_offsets", 0)]);
    assert_eq!(added, [attempted, Err(ResponseError::TopicAuthorizationFailed)]);
    assert_eq!(world.add_all("a", producer, &[(TOPIC, 0), (TOPIC, 1)]), [Ok(()), Ok(())]);
    assert_eq!(world.add_all("a", producer, &[(TOPIC, 0)]), [Ok(())]);
}

#[test]
fn a_transaction_over_brokers_ends_on_all_of_them() {
    let mut world = World::new(3, 6);
    let producer = world.init("a").unwrap();
    for index in 0..6 {
        world.add("a", producer, index).unwrap();
        world.produce("a", producer, index, 0, index as u64).unwrap();
    }
    world.end("a", producer, true).unwrap();
    for index in 0..6 {
        assert_eq!(world.read(index, true, 1000).values, [index as u64]);
    }
}

#[test]
fn a_transaction_ends_where_its_topic_was_not_deleted() {
    let mut world = world();
    let other = topic("other");
    world.state.create_topic(&other, 1, 1);
    let producer = world.init("a").unwrap();
    assert_eq!(world.add_all("a", producer, &[("other", 0), (TOPIC, 0)]), [Ok(()), Ok(())]);
    world.produce("a", producer, 0, 0, 1).unwrap();
    world.state.topics.remove(&other).unwrap();
    assert_eq!(world.end("a", producer, true), Ok(()));
    assert_eq!(world.read(0, true, 1000).values, [1]);
    assert_eq!(world.add("a", producer, 1), Ok(()));
}

#[test]
fn a_batch_that_is_sent_again_within_the_transaction_is_written_once() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    world.add("a", producer, 0).unwrap();
    assert_eq!(world.produce("a", producer, 0, 0, 1), Ok(0));
    assert_eq!(world.produce("a", producer, 0, 0, 1), Ok(0));
    world.end("a", producer, true).unwrap();
    assert_eq!(world.read(0, true, 1000).values, [1]);
}

#[test]
fn sequences_go_on_from_one_transaction_to_the_next() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    for round in 0..3 {
        world.add("a", producer, 0).unwrap();
        world.produce("a", producer, 0, round, round as u64).unwrap();
        world.end("a", producer, round != 1).unwrap();
    }
    assert_eq!(world.read(0, true, 1000).values, [0, 2]);
}
