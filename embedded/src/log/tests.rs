//! The log in virtual time.

use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;

use super::batch::{self, HEADER};
use super::{Appended, Log};
use crate::state::Now;

/// A batch of `records` empty records.
#[derive(Clone, Copy)]
struct Batch {
    records: i32,
    producer: (i64, i16, i32),
    attributes: i16,
    base_timestamp: i64,
}

const PLAIN: Batch = Batch { records: 1, producer: (-1, -1, -1), attributes: 0, base_timestamp: 1000 };

impl Batch {
    fn by(id: i64, epoch: i16, sequence: i32) -> Self {
        Self { producer: (id, epoch, sequence), ..PLAIN }
    }

    fn transactional(id: i64, epoch: i16, sequence: i32) -> Self {
        Self { attributes: 0x10, ..Self::by(id, epoch, sequence) }
    }

    fn of(self, records: i32) -> Self {
        Self { records, ..self }
    }

    fn bytes(self) -> Bytes {
        let mut bytes = BytesMut::new();
        bytes.put_i64(0);
        bytes.put_i32(0);
        bytes.put_i32(-1);
        bytes.put_i8(2);
        bytes.put_u32(0);
        bytes.put_i16(self.attributes);
        bytes.put_i32(self.records - 1);
        bytes.put_i64(self.base_timestamp);
        bytes.put_i64(self.base_timestamp);
        bytes.put_i64(self.producer.0);
        bytes.put_i16(self.producer.1);
        bytes.put_i32(self.producer.2);
        bytes.put_i32(self.records);
        assert_eq!(bytes.len(), HEADER);
        for offset in 0..self.records {
            // Length, attributes, timestamp delta, offset delta, null key, null value, no headers.
            bytes.put_slice(&[2 * 6, 0, 0, (2 * offset) as u8, 1, 1, 0]);
        }
        let length = bytes.len() as i32 - 12;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        batch::seal(&mut bytes);
        bytes.freeze()
    }
}

fn now(wall_ms: i64) -> Now {
    Now { mono: Instant::now(), wall_ms }
}

fn append(log: &mut Log, batch: Batch) -> Result<Appended, ResponseError> {
    let batch = batch::only(batch.bytes(), 11)?;
    log.append(batch, 0, now(1000)).map_err(|refused| refused.error)
}

fn offset(log: &mut Log, batch: Batch) -> i64 {
    append(log, batch).expect("the batch should be appended").base_offset
}

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
    let control = Batch { attributes: 0x30, ..Batch::by(7, 0, 0) };
    assert_eq!(append(&mut Log::default(), control), Err(ResponseError::InvalidRecord));
}

#[test]
fn a_request_has_exactly_one_batch_for_a_partition() {
    let two: Bytes = [PLAIN.bytes(), PLAIN.bytes()].concat().into();
    assert_eq!(batch::only(two, 11), Err(ResponseError::InvalidRecord));
    assert_eq!(batch::only(Bytes::new(), 11), Err(ResponseError::InvalidRecord));
}
