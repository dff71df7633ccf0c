//! What clients of the second protocol see (KIP-890): writes announce nothing, and endings raise the epoch.

use std::time::Duration;

use kafka_protocol::ResponseError;

use super::world::{MINUTE_MS, OffsetCommit, Speaks, TOPIC, World};
use crate::transactions::{Producer, Status};

const GROUP: &str = "group";

fn world() -> World {
    World { speaks: Speaks::Second, ..World::new(1, 2) }
}

fn raised(producer: Producer) -> Producer {
    Producer { epoch: producer.epoch + 1, ..producer }
}

fn status(world: &World) -> Status {
    world.state.transactions.get(&super::world::transactional("a")).unwrap().status
}

#[test]
fn a_write_takes_its_partition_into_the_transaction() {
    let mut world = world();
    let mut producer = world.init("a").unwrap();
    for (commit, values) in [(true, [1, 1]), (false, [2, 2])] {
        for index in 0..2 {
            world.produce("a", producer, index, 0, values[index as usize]).unwrap();
            assert_eq!(world.read(index, true, 1000).values.len(), usize::from(!commit));
        }
        assert_eq!(status(&world), Status::Ongoing);
        producer = world.end_and_go_on("a", producer, commit).unwrap();
    }
    for index in 0..2 {
        assert_eq!(world.read(index, true, 1000).values, [1]);
        assert_eq!(world.read(index, true, 1000).last_stable, 4);
    }
}

#[test]
fn every_ending_raises_the_epoch_and_begins_the_sequences_anew() {
    let mut world = world();
    let first = world.init("a").unwrap();
    let mut producer = first;
    for round in 0..4 {
        world.produce("a", producer, 0, 0, round).unwrap();
        let next = world.end_and_go_on("a", producer, round % 2 == 0).unwrap();
        assert_eq!(next, raised(producer));
        producer = next;
    }
    assert_eq!(world.produce("a", producer, 0, 1, 9), Err(ResponseError::OutOfOrderSequenceNumber));
    assert_eq!(world.read(0, true, 1000).values, [0, 2]);
}

#[test]
fn a_producer_that_the_log_does_not_know_begins_with_the_first_sequence() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    assert_eq!(world.produce("a", producer, 0, 3, 1), Err(ResponseError::OutOfOrderSequenceNumber));
    assert_eq!(world.produce("a", producer, 0, 0, 2), Ok(0));
    let next = world.end_and_go_on("a", producer, true).unwrap();
    assert_eq!(world.produce("a", next, 0, 1, 3), Err(ResponseError::OutOfOrderSequenceNumber));
    assert_eq!(world.read(0, true, 1000).values, [2]);
}

#[test]
fn an_epoch_that_was_made_up_is_refused_wherever_it_writes() {
    let mut world = world();
    let producer = world.init("a").unwrap();
    world.produce("a", producer, 0, 0, 1).unwrap();
    for index in 0..2 {
        let invented = world.produce("a", raised(producer), index, 0, 2);
        assert_eq!(invented, Err(ResponseError::InvalidProducerEpoch));
    }
    world.end_and_go_on("a", producer, true).unwrap();
    assert_eq!(world.read(0, true, 1000).values, [1]);
}

#[test]
fn a_batch_that_comes_after_the_end_is_in_no_later_transaction() {
    let mut world = world();
    let before = world.init("a").unwrap();
    world.produce("a", before, 0, 0, 1).unwrap();
    let producer = world.end_and_go_on("a", before, true).unwrap();
    let late = Err(ResponseError::InvalidProducerEpoch);
    assert_eq!(world.produce("a", before, 0, 1, 2), late, "between transactions");
    assert_eq!(world.produce("a", before, 1, 0, 2), late, "where it never wrote");
    world.produce("a", producer, 0, 0, 3).unwrap();
    assert_eq!(world.produce("a", before, 0, 1, 2), late, "within the next one");
    world.end_and_go_on("a", producer, true).unwrap();
    assert_eq!(world.read(0, true, 1000).values, [1, 3]);
    assert_eq!(world.read(1, false, 1000).position, 0);
}

#[test]
fn an_ending_whose_answer_got_lost_may_be_asked_for_again() {
    for commit in [true, false] {
        let mut world = world();
        let before = world.init("a").unwrap();
        world.produce("a", before, 0, 0, 1).unwrap();
        let producer = world.end_and_go_on("a", before, commit).unwrap();
        assert_eq!(world.end_and_go_on("a", before, commit), Ok(producer));
        assert_eq!(world.end_and_go_on("a", before, !commit), Err(ResponseError::InvalidTxnState));
        assert_eq!(world.read(0, true, 1000).position, 2, "one marker");
        world.produce("a", producer, 0, 0, 2).unwrap();
        assert_eq!(world.end_and_go_on("a", before, commit), Err(ResponseError::ProducerFenced));
    }
}

#[test]
fn an_abort_of_nothing_raises_the_epoch_and_a_commit_of_nothing_is_refused() {
    let mut world = world();
    let mut producer = world.init("a").unwrap();
    for _ in 0..2 {
        assert_eq!(world.end_and_go_on("a", producer, true), Err(ResponseError::InvalidTxnState));
        let next = world.end_and_go_on("a", producer, false).unwrap();
        assert_eq!(next, raised(producer));
        assert_eq!(status(&world), Status::CompleteAbort);
        producer = next;
    }
    assert_eq!(world.read(0, true, 1000).position, 0, "no marker");
    assert_eq!(world.end_and_go_on("unknown", producer, false), Err(ResponseError::InvalidProducerIdMapping));
}

#[test]
fn a_producer_whose_transaction_took_too_long_aborts_and_goes_on() {
    let mut world = world();
    let producer = world.init_with("a", 1_000, None).unwrap();
    world.produce("a", producer, 0, 0, 1).unwrap();
    world.pass(Duration::from_secs(1));
    assert_eq!(world.produce("a", producer, 0, 1, 2), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!(world.end_and_go_on("a", producer, true), Err(ResponseError::InvalidTxnState));
    let next = world.end_and_go_on("a", producer, false).unwrap();
    assert_eq!(next, raised(producer));
    world.produce("a", next, 0, 0, 3).unwrap();
    world.end_and_go_on("a", next, true).unwrap();
    assert_eq!(world.read(0, true, 1000).values, [3]);
}

#[test]
fn a_successor_fences_writes_and_endings() {
    let mut world = world();
    let old = world.init("a").unwrap();
    world.produce("a", old, 0, 0, 1).unwrap();
    world.init("a").unwrap();
    assert_eq!(world.produce("a", old, 1, 0, 2), Err(ResponseError::InvalidProducerEpoch));
    for commit in [true, false] {
        assert_eq!(world.end_and_go_on("a", old, commit), Err(ResponseError::ProducerFenced));
    }
    assert_eq!(world.read(1, false, 1000).position, 0);
}

#[test]
fn an_offset_takes_its_group_into_the_transaction() {
    let mut world = world();
    let mut producer = world.init("a").unwrap();
    for (offset, commit) in [(7, true), (8, false)] {
        let offset = OffsetCommit::new(GROUP, TOPIC, 0, offset);
        assert_eq!(world.commit_offset("a", producer, &offset), Ok(()));
        let before = producer;
        producer = world.end_and_go_on("a", producer, commit).unwrap();
        assert_eq!(world.committed(GROUP, 0), Some(7));
        let late = world.commit_offset("a", before, &offset);
        assert_eq!(late, Err(ResponseError::InvalidProducerEpoch));
    }
}

#[test]
fn a_write_begins_the_time_of_the_transaction() {
    let mut world = world();
    let producer = world.init_with("a", 5_000, None).unwrap();
    world.pass(Duration::from_secs(60));
    world.produce("a", producer, 0, 0, 1).unwrap();
    world.pass(Duration::from_millis(4_999));
    assert_eq!(status(&world), Status::Ongoing);
    let next = world.end_and_go_on("a", producer, true).unwrap();
    assert_eq!(world.state.timers.next(), None);
    world.produce("a", next, 0, 0, 2).unwrap();
    world.pass(Duration::from_secs(5));
    assert_eq!(status(&world), Status::CompleteAbort);
    assert_eq!(world.read(0, true, 1000).values, [1]);
}

#[test]
fn an_ending_of_the_last_epoch_replaces_the_producer_id() {
    for commit in [true, false] {
        let mut world = world();
        let mut last = world.init("a").unwrap();
        while last.epoch < i16::MAX - 1 {
            last = world.init_with("a", MINUTE_MS, Some(last)).unwrap();
        }
        world.produce("a", last, 0, 0, 1).unwrap();
        let next = world.end_and_go_on("a", last, commit).unwrap();
        assert_ne!(next.id, last.id);
        assert_eq!(next.epoch, 0);
        assert_eq!(world.end_and_go_on("a", last, commit), Ok(next), "the answer got lost");
        assert_eq!(world.produce("a", last, 0, 1, 2), Err(ResponseError::InvalidProducerIdMapping));
        world.produce("a", next, 0, 0, 3).unwrap();
        world.end_and_go_on("a", next, true).unwrap();
        assert_eq!(world.read(0, true, 1000).values, if commit { vec![1, 3] } else { vec![3] });
    }
}

#[test]
fn a_producer_that_is_fenced_on_its_last_epochs_never_mixes_transactions() {
    let mut world = world();
    let mut last = world.init("a").unwrap();
    while last.epoch < i16::MAX - 1 {
        last = world.init_with("a", MINUTE_MS, Some(last)).unwrap();
    }
    for value in 0..2 {
        world.produce("a", last, 0, 0, value).unwrap();
        world.pass(Duration::from_secs(60));
        assert!(world.produce("a", last, 0, 1, 9).is_err());
        last = world.end_and_go_on("a", last, false).unwrap_or(last);
    }
    assert_eq!(last.epoch, i16::MAX);
    assert!(world.produce("a", last, 0, 0, 9).is_err());
    let next = world.init("a").unwrap();
    assert_ne!(next.id, last.id);
    assert_eq!(world.read(0, true, 1000).values, [0; 0]);
}

#[test]
fn clients_that_know_how_to_abort_are_told_to_where_nothing_was_announced() {
    let mut world = World { speaks: Speaks::FirstWithAborts, ..world() };
    let producer = world.init("a").unwrap();
    assert_eq!(world.produce("a", producer, 0, 0, 1), Err(ResponseError::TransactionAbortable));
    let offset = OffsetCommit::new(GROUP, TOPIC, 0, 7);
    assert_eq!(world.commit_offset("a", producer, &offset), Err(ResponseError::TransactionAbortable));
    world.add("a", producer, 0).unwrap();
    world.add_offsets("a", producer, GROUP).unwrap();
    world.produce("a", producer, 0, 0, 1).unwrap();
    world.commit_offset("a", producer, &offset).unwrap();
    assert_eq!(world.end_at(1, "a", producer, true), Ok(Producer::NONE), "no epoch is told");
    assert_eq!(world.read(0, true, 1000).values, [1]);
    assert_eq!(world.committed(GROUP, 0), Some(7));
}

#[test]
fn a_transactional_id_may_change_over_to_the_second_protocol_and_back() {
    let mut world = World { speaks: Speaks::First, ..world() };
    let first = world.init("a").unwrap();
    world.add("a", first, 0).unwrap();
    world.produce("a", first, 0, 0, 1).unwrap();
    world.end("a", first, true).unwrap();
    world.speaks = Speaks::Second;
    let second = world.init("a").unwrap();
    world.produce("a", second, 0, 0, 2).unwrap();
    world.end_and_go_on("a", second, true).unwrap();
    world.speaks = Speaks::First;
    let third = world.init("a").unwrap();
    assert_eq!(third.epoch, 3);
    world.add("a", third, 0).unwrap();
    world.produce("a", third, 0, 0, 3).unwrap();
    world.end("a", third, true).unwrap();
    assert_eq!(world.read(0, true, 1000).values, [1, 2, 3]);
}
