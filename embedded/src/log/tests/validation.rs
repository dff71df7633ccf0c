//! What a log refuses, and what it changes.

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;

use super::super::config::{DEFINITIONS, LogConfig};
use super::{Appended, Log, batch, log, read, sized, timed, write};
use crate::wire::records::{BatchWriter, Codec};

const HOUR_MS: i64 = 60 * 60 * 1000;

fn error(log: &mut Log, bytes: Bytes) -> ResponseError {
    write(log, bytes, 1000).expect_err("the batch was refused").error
}

fn changed(bytes: &Bytes, change: impl FnOnce(&mut [u8])) -> Bytes {
    let mut changed = BytesMut::from(&bytes[..]);
    change(&mut changed);
    changed.freeze()
}

#[test]
fn a_batch_that_is_no_batch_is_refused_as_kafka_refuses_it() {
    let good = timed(&[100]);
    let log = &mut Log::default();
    assert_eq!(error(log, changed(&good, |bytes| bytes[16] = 1)), ResponseError::InvalidRecord);
    assert_eq!(error(log, changed(&good, |bytes| bytes[16] = 3)), ResponseError::CorruptMessage);
    assert_eq!(error(log, changed(&good, |bytes| bytes[20] ^= 1)), ResponseError::CorruptMessage);
    assert_eq!(error(log, good.slice(..good.len() - 1)), ResponseError::InvalidRecord);
    assert_eq!(error(log, good.slice(..10)), ResponseError::InvalidRecord);
    assert_eq!(error(log, Bytes::new()), ResponseError::InvalidRecord);
    assert_eq!(error(log, changed(&good, |bytes| bytes[7] = 1)), ResponseError::InvalidRecord);
    let one_more = changed(&good, |bytes| {
        (bytes[26], bytes[60]) = (1, 2);
        batch::seal(bytes);
    });
    assert_eq!(error(log, one_more), ResponseError::InvalidRecord);
    let inconsistent = changed(&good, |bytes| {
        bytes[60] = 2;
        batch::seal(bytes);
    });
    assert_eq!(error(log, inconsistent), ResponseError::InvalidRecord);
    assert_eq!(log.end(), 0);
}

#[test]
fn zstd_is_refused_in_versions_that_do_not_know_it() {
    let zstd = BatchWriter::new().record(100, None, None, &[]).compressed(Codec::Zstd);
    assert_eq!(batch::only(zstd.clone(), 6), Err(ResponseError::UnsupportedCompressionType));
    assert!(batch::only(zstd, 7).is_ok());
}

#[test]
fn a_batch_may_be_as_large_as_the_topic_says() {
    let most = sized(100).len();
    let mut log = log(&[("max.message.bytes", &most.to_string())]);
    write(&mut log, sized(100), 1000).unwrap();
    assert_eq!(error(&mut log, sized(101)), ResponseError::MessageTooLarge);
}

#[test]
fn a_compacted_topic_names_the_records_without_a_key() {
    let mut log = log(&[("cleanup.policy", "compact")]);
    let batch = || BatchWriter::new().record(100, Some(b"k"), None, &[]).record(100, None, Some(b"v"), &[]);
    for bytes in [batch().build(), batch().compressed(Codec::Lz4)] {
        let refused = write(&mut log, bytes, 1000).unwrap_err();
        assert_eq!(refused.error, ResponseError::InvalidRecord);
        let places: Vec<i32> = refused.records.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [1]);
        assert!(refused.reason.is_some());
    }
}

#[test]
fn times_too_far_away_are_refused_with_their_records() {
    let mut plain = Log::default();
    let refused = write(&mut plain, timed(&[1000, 1001 + HOUR_MS]), 1000).unwrap_err();
    assert_eq!(refused.error, ResponseError::InvalidTimestamp);
    assert_eq!(refused.records.len(), 1);
    assert_eq!(refused.records[0].0, 1);
    write(&mut plain, timed(&[0, 1000 + HOUR_MS]), 1000).unwrap();
    let mut strict = log(&[("message.timestamp.before.max.ms", "100")]);
    write(&mut strict, timed(&[900]), 1000).unwrap();
    write(&mut strict, timed(&[-1]), 1000).unwrap();
    assert_eq!(error(&mut strict, timed(&[899, 950])), ResponseError::InvalidTimestamp);
    let late = BatchWriter::new().record(1001 + HOUR_MS, None, None, &[]).compressed(Codec::Gzip);
    assert_eq!(error(&mut plain, late), ResponseError::InvalidTimestamp);
}

#[test]
fn a_topic_of_append_times_says_when_a_batch_came() {
    let mut log = log(&[("message.timestamp.type", "LogAppendTime")]);
    let appended = write(&mut log, timed(&[1, 2 * HOUR_MS]), 5000).unwrap();
    assert_eq!(appended, Appended { base_offset: 0, log_append_time_ms: 5000 });
    let batch = &read(&log, 0)[0];
    assert!(batch.header.is_append_time());
    assert_eq!(batch.header.max_timestamp, 5000);
    let times: Vec<i64> = batch.records(1000).unwrap().map(|record| record.unwrap().timestamp).collect();
    assert_eq!(times, [5000, 5000]);
}

#[test]
fn a_wrong_largest_time_is_put_right() {
    let wrong = changed(&timed(&[100, 200]), |bytes| {
        bytes[42] = 1;
        batch::seal(bytes);
    });
    let mut log = Log::default();
    write(&mut log, wrong, 1000).unwrap();
    assert_eq!(read(&log, 0)[0].header.max_timestamp, 200);
}

#[test]
fn the_defaults_of_the_settings_are_those_of_the_log() {
    let all =
        DEFINITIONS.iter().map(|setting| (setting.name.to_owned(), setting.default.to_owned())).collect();
    let explicit = LogConfig::new(&all).unwrap();
    // A default of a week is not enforced, the same value is when a topic says it.
    assert_eq!(explicit.retention_ms, Some(7 * 24 * HOUR_MS));
    assert_eq!(LogConfig { retention_ms: None, ..explicit }, LogConfig::default());
    assert!(DEFINITIONS.is_sorted_by_key(|setting| setting.name));
}

#[test]
fn settings_that_kafka_refuses_are_refused() {
    let new = |name: &str, value: &str| LogConfig::new(&[(name.to_owned(), value.to_owned())].into());
    for (name, value) in [
        ("no.such.setting", "1"),
        ("retention.ms", "soon"),
        ("retention.ms", "-2"),
        ("max.message.bytes", "-1"),
        ("max.message.bytes", "2147483648"),
        ("segment.bytes", "1000"),
        ("cleanup.policy", "compact,purge"),
        ("cleanup.policy", "compact,compact"),
        ("message.timestamp.type", "logAppendTime"),
        ("min.insync.replicas", "0"),
        ("min.cleanable.dirty.ratio", "1.1"),
        ("preallocate", "yes"),
    ] {
        assert!(new(name, value).is_err(), "{name}={value}");
    }
    let both = new("cleanup.policy", "compact, delete").unwrap();
    assert!(both.is_compacted && both.is_deleted);
    assert_eq!(new("retention.ms", "-1").unwrap().retention_ms, None);
    assert_eq!(new("retention.bytes", " 5 ").unwrap().retention_bytes, Some(5));
    let lags = [("min.compaction.lag.ms", "9"), ("max.compaction.lag.ms", "8")];
    let lags = lags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert!(LogConfig::new(&lags.into()).is_err());
}
