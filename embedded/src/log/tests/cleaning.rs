//! Retention and compaction.

use bytes::Bytes;

use super::{Log, PLAIN, append, log, now, offset, read, timed, write};
use crate::wire::records::{BatchWriter, Codec};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A log that is compacted whenever it can be; each batch of another second is a segment of its own.
fn compacted() -> Log {
    log(&[("cleanup.policy", "compact"), ("segment.ms", "500"), ("min.cleanable.dirty.ratio", "0")])
}

fn keyed(timestamp: i64, records: &[(&str, Option<&str>)]) -> BatchWriter {
    records.iter().fold(BatchWriter::new(), |writer, (key, value)| {
        writer.record(
            timestamp,
            Some(key.as_bytes()),
            value.map(str::as_bytes),
            &[("h", Some(b"1")), ("h", None)],
        )
    })
}

fn put(log: &mut Log, timestamp: i64, records: &[(&str, Option<&str>)]) {
    write(log, keyed(timestamp, records).build(), timestamp).unwrap();
}

/// Returns what a consumer sees: offset, key and value; markers have the key `marker`.
fn seen(log: &Log) -> Vec<(i64, String, Option<String>)> {
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let mut seen = Vec::new();
    for batch in read(log, log.start()) {
        for record in batch.records(1000).unwrap().map(Result::unwrap) {
            let key =
                if batch.header.is_control() { "marker".to_owned() } else { record.key.map(text).unwrap() };
            assert!(batch.header.is_control() || record.headers.count() == 2);
            seen.push((record.offset, key, record.value.map(text).filter(|_| !batch.header.is_control())));
        }
    }
    seen
}

fn offsets(log: &Log) -> Vec<i64> {
    seen(log).into_iter().map(|(offset, ..)| offset).collect()
}

#[test]
fn segments_that_are_too_old_are_deleted() {
    let mut log = log(&[("retention.ms", "10000"), ("segment.ms", "500")]);
    for second in 1..=5 {
        offset(&mut log, PLAIN.at(1000 * second));
    }
    log.delete_retired(now(12_999));
    assert_eq!(log.start(), 2);
    log.delete_retired(now(100_000));
    assert_eq!((log.start(), log.end(), log.size()), (5, 5, 0));
    assert_eq!(offset(&mut log, PLAIN.at(100_000)), 5);
}

#[test]
fn a_segment_is_as_old_as_its_newest_record() {
    let mut log = log(&[("retention.ms", "10000")]);
    write(&mut log, timed(&[0, 9000]), 9000).unwrap();
    offset(&mut log, PLAIN.at(1000));
    log.delete_retired(now(19_000));
    assert_eq!(log.start(), 0);
    log.delete_retired(now(19_001));
    assert_eq!(log.start(), 3);
}

#[test]
fn segments_that_are_too_many_are_deleted() {
    let size = PLAIN.bytes().len();
    let mut log = log(&[("retention.bytes", &(2 * size).to_string()), ("segment.ms", "500")]);
    for second in 1..=5 {
        offset(&mut log, PLAIN.at(1000 * second));
    }
    log.delete_retired(now(5000));
    assert_eq!((log.start(), log.size()), (3, 2 * size));
}

#[test]
fn a_topic_that_says_nothing_keeps_everything() {
    let mut log = Log::default();
    offset(&mut log, PLAIN.at(1));
    log.delete_retired(now(365 * DAY_MS));
    log.compact(now(365 * DAY_MS)).unwrap();
    assert_eq!((log.start(), log.end()), (0, 1));
}

#[test]
fn of_each_key_the_last_record_stays_with_its_offset() {
    let mut log = compacted();
    put(&mut log, 1000, &[("a", Some("1")), ("b", Some("1")), ("c", Some("1"))]);
    put(&mut log, 2000, &[("a", Some("2"))]);
    put(&mut log, 3000, &[("b", Some("2"))]);
    log.compact(now(4000)).unwrap();
    // The last segment is written to, and not compacted with.
    let kept = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    let expected = [(1, kept("b", "1")), (2, kept("c", "1")), (3, kept("a", "2")), (4, kept("b", "2"))];
    assert_eq!(seen(&log), expected.map(|(offset, (key, value))| (offset, key, value)));
    let first = &read(&log, 0)[0].header;
    assert_eq!((first.base_offset, first.last_offset_delta, first.record_count), (0, 2, 2));
    put(&mut log, 5000, &[("c", Some("2"))]);
    log.compact(now(5000)).unwrap();
    assert_eq!(offsets(&log), [2, 3, 4, 5]);
    put(&mut log, 6000, &[("d", Some("1"))]);
    log.compact(now(6000)).unwrap();
    assert_eq!(offsets(&log), [3, 4, 5, 6]);
    assert_eq!((log.start(), log.end()), (0, 7));
}

#[test]
fn compressed_batches_are_compacted_too() {
    let mut log = compacted();
    let both = keyed(1000, &[("a", Some("1")), ("b", Some("1"))]);
    write(&mut log, both.compressed(Codec::Zstd), 1000).unwrap();
    put(&mut log, 2000, &[("a", Some("2"))]);
    put(&mut log, 3000, &[("z", None)]);
    log.compact(now(3000)).unwrap();
    assert_eq!(offsets(&log), [1, 2, 3]);
}

#[test]
fn a_tombstone_goes_when_its_time_is_over() {
    let mut log = compacted();
    put(&mut log, 1000, &[("a", Some("1")), ("b", Some("1"))]);
    put(&mut log, 2000, &[("a", None)]);
    put(&mut log, 3000, &[("c", Some("1"))]);
    log.compact(now(3000)).unwrap();
    assert_eq!(offsets(&log), [1, 2, 3]);
    assert_eq!(log.at_time(2000).unwrap().map(|found| (found.offset, found.timestamp)), Some((2, 2000)));
    put(&mut log, 4000, &[("d", Some("1"))]);
    log.compact(now(3000 + DAY_MS - 1)).unwrap();
    assert_eq!(offsets(&log), [1, 2, 3, 4]);
    put(&mut log, 5000, &[("e", Some("1"))]);
    log.compact(now(3000 + DAY_MS)).unwrap();
    assert_eq!(offsets(&log), [1, 3, 4, 5]);
}

#[test]
fn nothing_at_or_behind_an_open_transaction_is_compacted() {
    let mut log = compacted();
    put(&mut log, 1000, &[("a", Some("1"))]);
    put(&mut log, 2000, &[("a", Some("2"))]);
    let open = keyed(3000, &[("a", Some("3"))]).producer(7, 0, 0).transactional();
    write(&mut log, open.build(), 3000).unwrap();
    put(&mut log, 4000, &[("a", Some("4"))]);
    put(&mut log, 5000, &[("a", Some("5"))]);
    log.compact(now(5000)).unwrap();
    assert_eq!(offsets(&log), [1, 2, 3, 4]);
}

#[test]
fn records_of_aborted_transactions_go_at_once_and_markers_later() {
    let mut log = compacted();
    for (id, commit) in [(7, false), (8, true)] {
        let batch = keyed(1000, &[("a", Some("1"))]).producer(id, 0, 0).transactional();
        write(&mut log, batch.build(), 1000).unwrap();
        log.end_transaction(id, 0, commit, 0, now(1000)).unwrap();
    }
    put(&mut log, 2000, &[("a", Some("2"))]);
    put(&mut log, 3000, &[("b", Some("2"))]);
    log.compact(now(3000)).unwrap();
    assert_eq!(offsets(&log), [1, 3, 4, 5]);
    assert_eq!(log.aborted(0, 6), [(7, 0)]);
    // Now nothing is left of either transaction; their markers get their time.
    put(&mut log, 4000, &[("c", Some("2"))]);
    log.compact(now(4000)).unwrap();
    assert_eq!(offsets(&log), [1, 3, 4, 5, 6]);
    put(&mut log, 5000, &[("d", Some("2"))]);
    log.compact(now(4000 + DAY_MS)).unwrap();
    assert_eq!(offsets(&log), [4, 5, 6, 7]);
    assert_eq!(log.aborted(0, 8), []);
}

#[test]
fn a_log_is_compacted_when_enough_of_it_is_new() {
    let settings = [("cleanup.policy", "compact"), ("segment.ms", "500"), ("min.compaction.lag.ms", "1500")];
    let mut log = log(&settings);
    for second in 1..=4 {
        put(&mut log, 1000 * second, &[("a", Some("1"))]);
    }
    log.compact(now(4000)).unwrap();
    assert_eq!(offsets(&log), [1, 2, 3], "the third is too young");
    log.compact(now(4000)).unwrap();
    assert_eq!(offsets(&log), [1, 2, 3]);
    log.compact(now(9000)).unwrap();
    assert_eq!(offsets(&log), [2, 3]);
    assert!(append(&mut log, PLAIN).is_err(), "a record without a key");
}
