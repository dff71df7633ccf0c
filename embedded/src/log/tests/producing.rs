//! Idempotence and transactions.

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::{Appended, Batch, Log, PLAIN, append, batch, now, offset, write};
use crate::wire::records::control_batch;

#[test]
fn a_repeated_batch_is_answered_with_its_first_offset() {
    let mut log = Log::default();
    for sequence in 0..5 {
        assert_eq!(offset(&mut log, Batch::by(7, 0, 2 * sequence).of(2)), i64::from(2 * sequence));
    }
    let again = append(&mut log, Batch::by(7, 0, 0).of(2)).unwrap();
    assert_eq!(again, Appended { base_offset: 0, log_append_time_ms: 1000 });
    assert_eq!(log.end(), 10);
}

#[test]
fn a_repeated_batch_older_than_the_window_is_out_of_order() {
    let mut log = Log::default();
    for sequence in 0..6 {
        offset(&mut log, Batch::by(7, 0, sequence));
    }
    assert_eq!(append(&mut log, Batch::by(7, 0, 0)), Err(ResponseError::OutOfOrderSequenceNumber));
    assert_eq!(offset(&mut log, Batch::by(7, 0, 1)), 1);
}

#[test]
fn a_gap_in_the_sequence_is_out_of_order() {
    let mut log = Log::default();
    offset(&mut log, Batch::by(7, 0, 0));
    assert_eq!(append(&mut log, Batch::by(7, 0, 2)), Err(ResponseError::OutOfOrderSequenceNumber));
    assert_eq!(log.end(), 1);
}

#[test]
fn a_producer_that_the_log_does_not_know_begins_anywhere() {
    let mut log = Log::default();
    assert_eq!(offset(&mut log, Batch::by(7, 3, 100)), 0);
    assert_eq!(append(&mut log, Batch::by(7, 3, 102)), Err(ResponseError::OutOfOrderSequenceNumber));
}

#[test]
fn a_new_epoch_begins_at_sequence_zero_and_fences_the_old_one() {
    let mut log = Log::default();
    offset(&mut log, Batch::by(7, 0, 0));
    assert_eq!(append(&mut log, Batch::by(7, 1, 1)), Err(ResponseError::OutOfOrderSequenceNumber));
    assert_eq!(offset(&mut log, Batch::by(7, 1, 0)), 1);
    assert_eq!(append(&mut log, Batch::by(7, 0, 1)), Err(ResponseError::InvalidProducerEpoch));
}

#[test]
fn after_the_largest_sequence_comes_zero() {
    let mut log = Log::default();
    offset(&mut log, Batch::by(7, 0, i32::MAX - 1).of(2));
    assert_eq!(offset(&mut log, Batch::by(7, 0, 0)), 2);
    let mut log = Log::default();
    offset(&mut log, Batch::by(7, 0, i32::MAX).of(3));
    assert_eq!(offset(&mut log, Batch::by(7, 0, 2)), 3);
}

#[test]
fn an_open_transaction_holds_the_last_stable_offset() {
    let mut log = Log::default();
    offset(&mut log, PLAIN);
    offset(&mut log, Batch::transactional(7, 0, 0).of(3));
    offset(&mut log, Batch::transactional(8, 0, 0));
    offset(&mut log, PLAIN);
    assert_eq!((log.last_stable(), log.end()), (1, 6));
    assert_eq!(log.end_transaction(7, 0, true, 0, now(2000)), Ok(6));
    assert_eq!((log.last_stable(), log.end()), (4, 7));
    assert_eq!(log.end_transaction(8, 0, false, 0, now(2000)), Ok(7));
    assert_eq!((log.last_stable(), log.end()), (8, 8));
    assert_eq!(log.aborted(0, 8), [(8, 4)]);
    assert_eq!(log.aborted(5, 8), [(8, 4)]);
    assert_eq!(log.aborted(0, 4), []);
}

#[test]
fn a_plain_batch_inside_a_transaction_is_refused() {
    let mut log = Log::default();
    offset(&mut log, Batch::transactional(7, 0, 0));
    assert_eq!(append(&mut log, Batch::by(7, 0, 1)), Err(ResponseError::InvalidTxnState));
}

#[test]
fn a_marker_of_an_older_epoch_is_refused() {
    let mut log = Log::default();
    offset(&mut log, Batch::transactional(7, 2, 0));
    assert_eq!(log.end_transaction(7, 1, true, 0, now(2000)), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!(log.end_transaction(7, 3, false, 0, now(2000)), Ok(1));
    assert_eq!(append(&mut log, Batch::transactional(7, 2, 1)), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!(offset(&mut log, Batch::transactional(7, 3, 0)), 2);
}

#[test]
fn a_sequence_goes_on_after_a_marker_of_the_same_epoch() {
    let mut log = Log::default();
    offset(&mut log, Batch::transactional(7, 0, 0));
    log.end_transaction(7, 0, true, 0, now(2000)).unwrap();
    assert_eq!(offset(&mut log, Batch::transactional(7, 0, 1)), 2);
    assert_eq!(log.last_stable(), 2);
}

#[test]
fn a_client_writes_no_control_batch() {
    let control = control_batch(7, 0, true, 1000, 0);
    let refused = write(&mut Log::default(), control, 1000).expect_err("it was taken");
    assert_eq!(refused.error, ResponseError::InvalidRecord);
}

#[test]
fn a_request_has_exactly_one_batch_for_a_partition() {
    let two: Bytes = [PLAIN.bytes(), PLAIN.bytes()].concat().into();
    assert_eq!(batch::only(two, 11), Err(ResponseError::InvalidRecord));
    assert_eq!(batch::only(Bytes::new(), 11), Err(ResponseError::InvalidRecord));
}
