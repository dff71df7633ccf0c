//! Who may produce under a transactional id.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{InitProducerIdRequest, ProducerId, ResponseKind, TransactionalId};

use super::world::{MINUTE_MS, Speaks, World, result};
use crate::transactions::Producer;

fn world() -> World {
    World::new(1, 2)
}

#[test]
fn every_producer_without_a_transactional_id_gets_an_id_of_its_own() {
    let mut world = world();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        let ResponseKind::InitProducerId(response) = world.ask(1, 4, request) else { panic!() };
        assert_eq!((response.error_code, response.producer_epoch), (0, 0));
        ids.push(response.producer_id.0);
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn the_next_producer_of_an_id_gets_the_next_epoch_and_fences_the_one_before() {
    let mut world = world();
    let first = world.init("a").unwrap();
    let second = world.init("a").unwrap();
    assert_eq!(first.epoch, 0);
    assert_eq!(second, Producer { epoch: 1, ..first });
    assert_eq!(world.add("a", first, 0), Err(ResponseError::ProducerFenced));
    assert_eq!(world.end("a", first, true), Err(ResponseError::ProducerFenced));
    assert_eq!(world.produce("a", first, 0, 0, 1), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!(world.init_with("a", MINUTE_MS, Some(first)), Err(ResponseError::ProducerFenced));
    assert_eq!(world.add("a", second, 0), Ok(()));
}

#[test]
fn clients_from_before_producer_fenced_are_told_of_an_invalid_epoch() {
    let mut world = World { speaks: Speaks::Old, ..world() };
    let first = world.init("a").unwrap();
    world.init("a").unwrap();
    assert_eq!(world.add("a", first, 0), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!(world.end("a", first, true), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!(world.init_with("a", MINUTE_MS, Some(first)), Err(ResponseError::InvalidProducerEpoch));
}

#[test]
fn a_new_producer_aborts_the_transaction_that_the_one_before_left() {
    let mut world = world();
    let first = world.init("a").unwrap();
    world.add("a", first, 0).unwrap();
    world.produce("a", first, 0, 0, 1).unwrap();
    let second = world.init("a").unwrap();
    // As in Kafka, one epoch fences and the next one is given out.
    assert_eq!(second, Producer { epoch: 2, ..first });
    let seen = world.read(0, true, 1000);
    assert_eq!((seen.values, seen.last_stable), (vec![], 2));
    assert_eq!(world.read(0, false, 1000).values, [1]);
    assert_eq!(world.produce("a", first, 0, 1, 2), Err(ResponseError::InvalidProducerEpoch));
}

#[test]
fn a_producer_that_goes_on_after_an_error_gets_the_next_epoch() {
    let mut world = world();
    let first = world.init("a").unwrap();
    let second = world.init_with("a", MINUTE_MS, Some(first)).unwrap();
    assert_eq!(second, Producer { epoch: 1, ..first });
    // The answer got lost, and the client asks again.
    assert_eq!(world.init_with("a", MINUTE_MS, Some(first)), Ok(second));
    let third = world.init_with("a", MINUTE_MS, Some(second)).unwrap();
    assert_eq!(third.epoch, 2);
    assert_eq!(world.init_with("a", MINUTE_MS, Some(first)), Err(ResponseError::ProducerFenced));
}

#[test]
fn a_producer_that_another_one_fenced_cannot_go_on() {
    let mut world = world();
    let first = world.init("a").unwrap();
    let second = world.init("a").unwrap();
    assert_eq!(world.init_with("a", MINUTE_MS, Some(first)), Err(ResponseError::ProducerFenced));
    let unknown = Producer { id: second.id + 1000, epoch: 0 };
    assert_eq!(world.init_with("a", MINUTE_MS, Some(unknown)), Err(ResponseError::ProducerFenced));
    assert_eq!(world.add("a", second, 0), Ok(()));
}

#[test]
fn an_id_that_was_forgotten_is_given_to_who_goes_on_with_it() {
    let mut world = world();
    let remembered = Producer { id: 7000, epoch: 5 };
    let producer = world.init_with("a", MINUTE_MS, Some(remembered)).unwrap();
    assert_eq!(producer.epoch, 0);
    assert_ne!(producer.id, remembered.id);
}

#[test]
fn a_producer_id_whose_epochs_are_used_up_is_replaced() {
    let mut world = world();
    let mut last = world.init("a").unwrap();
    while last.epoch < i16::MAX - 1 {
        last = world.init_with("a", MINUTE_MS, Some(last)).unwrap();
    }
    let next = world.init_with("a", MINUTE_MS, Some(last)).unwrap();
    assert_ne!(next.id, last.id);
    assert_eq!(next.epoch, 0);
    assert_eq!(world.init_with("a", MINUTE_MS, Some(last)), Ok(next), "the retry of the change");
    assert_eq!(world.add("a", last, 0), Err(ResponseError::InvalidProducerIdMapping));
    assert_eq!(world.end("a", last, true), Err(ResponseError::InvalidProducerIdMapping));
    assert_eq!(world.produce("a", last, 0, 0, 1), Err(ResponseError::InvalidProducerIdMapping));
    assert_eq!(world.add("a", next, 0), Ok(()));
}

#[test]
fn an_open_transaction_of_the_last_epoch_is_aborted_before_the_id_is_replaced() {
    let mut world = world();
    let mut last = world.init("a").unwrap();
    while last.epoch < i16::MAX - 1 {
        last = world.init("a").unwrap();
    }
    world.add("a", last, 0).unwrap();
    world.produce("a", last, 0, 0, 1).unwrap();
    let next = world.init("a").unwrap();
    assert_ne!(next.id, last.id);
    assert_eq!(next.epoch, 0);
    assert_eq!(world.read(0, true, 1000).values, [0; 0]);
    assert_eq!(world.read(0, true, 1000).last_stable, 2);
}

#[test]
fn a_timeout_above_the_longest_or_below_a_millisecond_is_refused() {
    let mut world = world();
    for refused in [-1, 0, 15 * MINUTE_MS + 1, i32::MAX] {
        let error = Err(ResponseError::InvalidTransactionTimeout);
        assert_eq!(world.init_with("a", refused, None), error, "{refused}");
    }
    assert!(world.init_with("a", 15 * MINUTE_MS, None).is_ok());
    assert!(world.init_with("a", 1, None).is_ok());
}

#[test]
fn a_request_that_makes_no_sense_is_refused() {
    let mut world = world();
    let request = |id: Option<&'static str>, producer: i64, epoch: i16| {
        InitProducerIdRequest::default()
            .with_transactional_id(
                id.map(|id| TransactionalId(kafka_protocol::protocol::StrBytes::from_static_str(id))),
            )
            .with_transaction_timeout_ms(MINUTE_MS)
            .with_producer_id(ProducerId(producer))
            .with_producer_epoch(epoch)
    };
    for bad in [request(Some(""), -1, -1), request(Some("a"), 4, -1), request(Some("a"), -1, 4)] {
        let ResponseKind::InitProducerId(response) = world.ask(1, 4, bad) else { panic!() };
        assert_eq!(result(response.error_code), Err(ResponseError::InvalidRequest));
        assert_eq!((response.producer_id.0, response.producer_epoch), (-1, -1));
    }
    let producer = world.init("a").unwrap();
    assert_eq!(world.end("", producer, true), Err(ResponseError::InvalidRequest));
    assert_eq!(world.add("", producer, 0), Err(ResponseError::InvalidRequest));
    assert_eq!(world.add("unknown", producer, 0), Err(ResponseError::InvalidProducerIdMapping));
    assert_eq!(world.end("unknown", producer, true), Err(ResponseError::InvalidProducerIdMapping));
    assert_eq!(world.produce("unknown", producer, 0, 0, 1), Err(ResponseError::InvalidProducerIdMapping));
}

#[test]
fn a_transaction_is_aborted_on_the_instant_of_its_timeout_and_its_producer_fenced() {
    let mut world = world();
    let producer = world.init_with("a", 5_000, None).unwrap();
    world.pass(Duration::from_secs(60));
    world.add("a", producer, 0).unwrap();
    world.produce("a", producer, 0, 0, 1).unwrap();
    world.pass(Duration::from_millis(4_999));
    world.add("a", producer, 1).unwrap();
    assert_eq!(world.read(0, true, 1000).last_stable, 0);
    world.pass(Duration::from_millis(1));
    let seen = world.read(0, true, 1000);
    assert_eq!((seen.values, seen.last_stable), (vec![], 2));
    assert_eq!(world.produce("a", producer, 0, 1, 2), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!(world.add("a", producer, 0), Err(ResponseError::ProducerFenced));
    assert_eq!(world.end("a", producer, false), Err(ResponseError::ProducerFenced));
    let next = world.init("a").unwrap();
    assert_eq!(next, Producer { epoch: 2, ..producer });
    world.add("a", next, 0).unwrap();
    world.produce("a", next, 0, 0, 3).unwrap();
    world.end("a", next, true).unwrap();
    assert_eq!(world.read(0, true, 1000).values, [3]);
}

#[test]
fn a_producer_goes_on_after_its_transaction_was_aborted_under_it() {
    for late in [true, false] {
        let mut world = world();
        let producer = world.init("a").unwrap();
        world.add("a", producer, 0).unwrap();
        if late {
            world.pass(Duration::from_secs(60));
        }
        let next = world.init_with("a", MINUTE_MS, Some(producer)).unwrap();
        assert_eq!(next, Producer { epoch: 1, ..producer });
        assert_eq!(world.end("a", producer, false), Err(ResponseError::ProducerFenced));
        assert_eq!(world.end("a", next, false), Err(ResponseError::InvalidTxnState));
        assert_eq!(world.add("a", next, 0), Ok(()));
    }
}

#[test]
fn a_transaction_that_ended_in_time_leaves_no_timer() {
    let mut world = world();
    let producer = world.init_with("a", 5_000, None).unwrap();
    for round in 0..3 {
        world.add("a", producer, 0).unwrap();
        world.end("a", producer, round % 2 == 0).unwrap();
        assert_eq!(world.state.timers.next(), None);
        world.pass(Duration::from_secs(4));
    }
    assert_eq!(world.add("a", producer, 0), Ok(()));
}

#[test]
fn only_the_coordinator_of_an_id_serves_it() {
    let mut world = World::new(3, 2);
    let producer = world.init("a").unwrap();
    let coordinator = world.coordinator("a");
    let other = coordinator % 3 + 1;
    assert_eq!(world.end_at(other, "a", producer, true), Err(ResponseError::NotCoordinator));
    assert_eq!(world.end_at(coordinator, "a", producer, true), Err(ResponseError::InvalidTxnState));
}
