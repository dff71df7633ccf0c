//! Reads, look-ups by time, and leader epochs.

use kafka_protocol::ResponseError;

use super::super::search::Found;
use super::{Batch, Log, PLAIN, batch, log, now, offset, read, sized, timed, write};
use crate::wire::records::{BatchWriter, Codec};

fn found(log: &Log, timestamp: i64) -> Option<(i64, i64)> {
    log.at_time(timestamp).expect("the log was read").map(|found| (found.offset, found.timestamp))
}

#[test]
fn a_read_begins_with_the_batch_that_holds_the_offset() {
    let mut log = Log::default();
    offset(&mut log, PLAIN.of(3));
    offset(&mut log, PLAIN.of(3));
    let batches = read(&log, 4);
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].header.base_offset, 3);
    assert_eq!(read(&log, 6), []);
}

#[test]
fn a_read_has_whole_batches_and_at_least_one() {
    let mut log = Log::default();
    let size = sized(100).len();
    for _ in 0..4 {
        write(&mut log, sized(100), 1000).unwrap();
    }
    let bytes = |most, at_least_one| log.read(0, 4, most, at_least_one).unwrap().records.len();
    assert_eq!(bytes(2 * size + 1, true), 2 * size);
    assert_eq!(bytes(size - 1, true), size);
    assert_eq!(bytes(size - 1, false), 0);
}

#[test]
fn many_segments_are_read_back_whole_and_in_order() {
    let mut log = Log::default();
    for _ in 0..300 {
        write(&mut log, sized(10_000), 1000).unwrap();
    }
    write(&mut log, sized(1_048_000), 1000).unwrap();
    write(&mut log, sized(10), 1000).unwrap();
    let offsets: Vec<i64> = read(&log, 0).iter().map(|batch| batch.header.base_offset).collect();
    assert_eq!(offsets, (0..302).collect::<Vec<_>>());
    assert!(log.read(0, log.end(), usize::MAX, true).unwrap().is_cut);
    assert_eq!(log.available(0, log.end(), 20_000), (sized(10_000).len(), false));
}

#[test]
fn nothing_below_the_start_is_left_after_records_were_deleted() {
    let mut log = Log::default();
    for _ in 0..300 {
        write(&mut log, sized(10_000), 1000).unwrap();
    }
    let before = log.size();
    assert_eq!(log.delete_before(200), Ok(()));
    assert_eq!((log.start(), log.end()), (200, 300));
    assert!(log.size() < before);
    assert_eq!(log.delete_before(301), Err(ResponseError::OffsetOutOfRange));
    assert_eq!(log.delete_before(100), Ok(()));
    assert_eq!(log.start(), 200);
    assert_eq!(log.delete_before(300), Ok(()));
    assert_eq!(log.size(), 0);
    assert_eq!(offset(&mut log, PLAIN), 300);
}

#[test]
fn the_first_record_of_a_time_is_found_exactly() {
    let mut log = Log::default();
    write(&mut log, timed(&[100, 300, 200]), 1000).unwrap();
    write(&mut log, timed(&[250, 400]), 1000).unwrap();
    assert_eq!(found(&log, 0), Some((0, 100)));
    assert_eq!(found(&log, 101), Some((1, 300)));
    assert_eq!(found(&log, 301), Some((4, 400)));
    assert_eq!(found(&log, 401), None);
    let largest = Found { offset: 4, timestamp: 400, leader_epoch: 0 };
    assert_eq!(log.at_max_time(), Ok(Some(largest)));
    log.delete_before(1).unwrap();
    assert_eq!(found(&log, 0), Some((1, 300)));
}

#[test]
fn the_first_of_equal_largest_times_is_found() {
    let mut log = Log::default();
    assert_eq!(log.at_max_time(), Ok(None));
    write(&mut log, timed(&[100, 300, 300]), 1000).unwrap();
    write(&mut log, timed(&[300]), 1000).unwrap();
    assert_eq!(log.at_max_time().unwrap().map(|found| found.offset), Some(1));
}

#[test]
fn times_are_found_in_compressed_batches() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut log = Log::default();
        let batch = BatchWriter::new().record(100, None, None, &[]).record(200, None, None, &[]);
        write(&mut log, batch.compressed(codec), 1000).unwrap();
        assert_eq!(found(&log, 150), Some((1, 200)), "{codec:?}");
    }
}

#[test]
fn in_a_topic_of_append_times_the_first_record_of_the_batch_is_found() {
    let mut log = log(&[("message.timestamp.type", "LogAppendTime")]);
    write(&mut log, timed(&[100, 200]), 5000).unwrap();
    write(&mut log, timed(&[100, 200]), 6000).unwrap();
    assert_eq!(found(&log, 5001), Some((2, 6000)));
    assert_eq!(found(&log, 0), Some((0, 5000)));
}

#[test]
fn epochs_end_where_the_next_one_began() {
    let mut log = Log::default();
    let mut by = |epoch| log.append(batch::only(PLAIN.bytes(), 11).unwrap(), epoch, now(1000)).unwrap();
    by(2);
    by(2);
    by(5);
    // The leader has epoch 7, and has appended nothing yet.
    assert_eq!(log.end_of_epoch(7, 7), Some((7, 3)));
    assert_eq!(log.end_of_epoch(6, 7), Some((5, 3)));
    assert_eq!(log.end_of_epoch(5, 7), Some((5, 3)));
    assert_eq!(log.end_of_epoch(4, 7), Some((2, 2)));
    assert_eq!(log.end_of_epoch(1, 7), Some((1, 0)));
    assert_eq!(log.end_of_epoch(8, 7), None);
    assert_eq!(log.end_of_epoch(-1, 7), None);
    assert_eq!(log.epoch_of_start(7), 2);
    log.delete_before(2).unwrap();
    assert_eq!(log.epoch_of_start(7), 5);
    assert_eq!(log.end_of_epoch(2, 7), Some((2, 2)));
}

#[test]
fn aborted_transactions_are_named_for_the_offsets_that_were_read() {
    let mut log = Log::default();
    for first in [0, 2, 4] {
        offset(&mut log, Batch::transactional(7, 0, first / 2));
        log.end_transaction(7, 0, false, 0, now(1000)).unwrap();
    }
    assert_eq!(log.aborted(0, 6), [(7, 0), (7, 2), (7, 4)]);
    assert_eq!(log.aborted(2, 4), [(7, 2)]);
    log.delete_before(4).unwrap();
    assert_eq!(log.aborted(0, 6), [(7, 4)]);
}
