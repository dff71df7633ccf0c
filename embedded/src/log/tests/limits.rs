//! The limit on memory.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::super::memory::Memory;
use super::{Batch, Log, PLAIN, append, now, read, sized, write};
use crate::options::{Limits, WhenFull};
use crate::wire::records::BatchWriter;

const MIB: usize = 1024 * 1024;

fn memory(memory_bytes: usize, when_full: WhenFull) -> Memory {
    Memory::new(&Limits { memory_bytes, when_full })
}

fn spilling(dir: Option<PathBuf>, memory_bytes: usize) -> (Log, Memory) {
    let memory = memory(memory_bytes, WhenFull::Spill { dir });
    (Log::new(Arc::default(), memory.clone()), memory)
}

#[test]
fn a_full_memory_refuses_what_is_new_and_keeps_what_it_took() {
    let memory = memory(MIB, WhenFull::Refuse);
    let mut log = Log::new(Arc::default(), memory.clone());
    let mut taken = 0;
    let refused = loop {
        match write(&mut log, sized(10_000), 1000) {
            Ok(_) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.error, ResponseError::PolicyViolation);
    assert!(
        refused.reason.is_some_and(|reason| reason.contains("1048576") && reason.contains("memory_bytes"))
    );
    // Each costs its bytes and eight for its place.
    assert_eq!(taken, MIB / (sized(10_000).len() + 8));
    assert_eq!(read(&log, 0).len(), taken);
    assert!(memory.used() <= MIB);
    log.delete_before(log.end()).unwrap();
    assert_eq!(memory.used(), 0);
    write(&mut log, sized(10_000), 1000).unwrap();
}

#[test]
fn a_batch_that_is_there_is_answered_also_when_there_is_no_room() {
    let memory = memory(100, WhenFull::Refuse);
    let mut log = Log::new(Arc::default(), memory);
    append(&mut log, Batch::by(7, 0, 0)).unwrap();
    assert_eq!(append(&mut log, PLAIN), Err(ResponseError::PolicyViolation));
    assert_eq!(append(&mut log, Batch::by(7, 0, 0)).unwrap().base_offset, 0);
}

#[test]
fn a_transaction_ends_also_when_there_is_no_room() {
    let memory = memory(100, WhenFull::Refuse);
    let mut log = Log::new(Arc::default(), memory);
    append(&mut log, Batch::transactional(7, 0, 0)).unwrap();
    log.end_transaction(7, 0, true, 0, now(1000)).unwrap();
    assert_eq!(log.last_stable(), 2);
}

#[test]
fn what_was_moved_to_files_is_read_back() {
    let (mut log, memory) = spilling(None, 2 * MIB);
    for _ in 0..1000 {
        write(&mut log, sized(10_000), 1000).unwrap();
    }
    assert!(memory.used() <= 2 * MIB, "{}", memory.used());
    let batches = read(&log, 0);
    assert_eq!(batches.len(), 1000);
    assert!(batches.iter().zip(0..).all(|(batch, offset)| batch.header.base_offset == offset));
    assert_eq!(log.at_time(0).unwrap().map(|found| found.offset), Some(0));
}

#[test]
fn a_disk_that_takes_nothing_refuses_the_batch_and_loses_nothing() {
    let nowhere = std::env::temp_dir().join("test-probe-no-such-folder");
    let (mut log, _) = spilling(Some(nowhere), 2 * MIB);
    let mut taken = 0;
    let refused = loop {
        match write(&mut log, sized(10_000), 1000) {
            Ok(_) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.error, ResponseError::KafkaStorageError);
    assert_eq!(read(&log, 0).len(), taken);
}

#[test]
fn a_million_records_of_a_kilobyte_are_kept_and_read_back() {
    let (mut log, memory) = spilling(None, 64 * MIB);
    let value = [b'x'; 1024];
    // As large as a producer may make a batch: about a thousand records.
    let batch =
        (0..1000).fold(BatchWriter::new(), |batch, _| batch.record(1000, None, Some(&value), &[])).build();
    for _ in 0..1000 {
        write(&mut log, batch.clone(), 1000).unwrap();
    }
    assert_eq!(log.end(), 1_000_000);
    assert!(memory.used() <= 64 * MIB);
    let (mut next, mut bytes) = (0, 0);
    while next < log.end() {
        let mut read = log.read(next, log.end(), MIB, true).unwrap();
        assert!(!read.records.is_empty(), "nothing was read at {next}");
        bytes += read.records.len();
        while !read.records.is_empty() {
            let batch = super::batch::Batch::read(&mut read.records).unwrap().unwrap();
            assert_eq!(batch.header.base_offset, next);
            next = batch.header.last_offset() + 1;
            let records: Bytes = batch.bytes.slice(super::batch::HEADER..);
            assert!(records.ends_with(&[b'x', 0]));
        }
    }
    assert_eq!(bytes, 1000 * batch.len());
}
