use bytes::{BufMut, BytesMut};

use super::*;
use crate::allocations;

const BUDGET: usize = 1 << 20;

/// The batches that Kafka's own `MemoryRecords` 4.3.1 builds of [`sample`], at offset 5 with leader epoch 3.
const OF_KAFKA: [(Codec, &str); 5] = [
    (
        Codec::None,
        "0000000000000005000000b700000003021a3f7ae800100000000200000000000003e800000000000005dc0000000000\
         000009000200000007000000035a000000026b3a68656c6c6f2068656c6c6f2068656c6c6f2068656c6c6f2068656c6c\
         6f060268023102680100000e00e807020101009c0100c70104008c017878787878787878787878787878787878787878\
         787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878\
         787800",
    ),
    (
        Codec::Gzip,
        "0000000000000005000000730000000302c8ee3f4200110000000200000000000003e800000000000005dc0000000000\
         000009000200000007000000031f8b08000000000000ff8b62606060cab6ca48cdc9c957c041b2316530193265303230\
         f031bc606762646498c3c8709c9185a187b1822a800100da9a5d3786000000",
    ),
    (
        Codec::Snappy,
        "00000000000000050000007c0000000302d92fa88600120000000200000000000003e800000000000005dc0000000000\
         0000090002000000070000000382534e41505059000000000100000001000000378601305a000000026b3a68656c6c6f\
         205a06006c060268023102680100000e00e807020101009c0100c70104008c0178fe010005010000",
    ),
    (
        Codec::Lz4,
        "0000000000000005000000780000000302bc2fa94b00130000000200000000000003e800000000000005dc0000000000\
         0000090002000000070000000304224d1860408238000000df5a000000026b3a68656c6c6f20060004ff0d0602680231\
         02680100000e00e807020101009c0100c70104008c017801002e50787878780000000000",
    ),
    (
        Codec::Zstd,
        "000000000000000500000071000000030282d124a000140000000200000000000003e800000000000005dc0000000000\
         0000090002000000070000000328b52ffd0058a40100a4025a000000026b3a68656c6c6f20060268023102680100000e\
         00e807020101009c0100c70104008c0178000200080e7552972f010000",
    ),
];

/// The markers that Kafka's own `MemoryRecords` 4.3.1 builds, at offset 42 with leader epoch 3.
const MARKERS: [(bool, &str); 2] = [
    (
        false,
        "000000000000002a0000004200000003028ea591ee00300000000000000000000004d200000000000004d20000000000\
         0000090002ffffffff000000012000000008000000000c00000000000b00",
    ),
    (
        true,
        "000000000000002a0000004200000003027a9b47a600300000000000000000000004d200000000000004d20000000000\
         0000090002ffffffff000000012000000008000000010c00000000000b00",
    ),
];

fn bytes_of(hex: &str) -> Bytes {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn sample() -> BatchWriter {
    BatchWriter::new()
        .producer(9, 2, 7)
        .transactional()
        .record(
            1000,
            Some(b"k"),
            Some(b"hello hello hello hello hello"),
            &[("h", Some(b"1")), ("h", None), ("", Some(b""))],
        )
        .record(1500, None, None, &[])
        .record(900, Some(b""), Some("x".repeat(70).as_bytes()), &[])
}

fn batch(bytes: &Bytes) -> Batch {
    Batch::read(&mut bytes.clone()).expect("a batch").expect("one")
}

fn placed(bytes: &Bytes, base_offset: i64, leader_epoch: i32) -> Bytes {
    let mut bytes = BytesMut::from(&bytes[..]);
    place(&mut bytes, base_offset, leader_epoch);
    bytes.freeze()
}

fn all(bytes: &Bytes, budget: usize) -> Result<Vec<Record>, BadBatch> {
    batch(bytes).records(budget)?.collect()
}

#[test]
fn batches_of_every_codec_as_kafka_writes_them_are_read() {
    for (codec, hex) in OF_KAFKA {
        let batch = batch(&bytes_of(hex));
        assert_eq!(batch.check_crc(), Ok(()), "{codec:?}");
        let header = batch.header;
        assert_eq!(header.codec(), Ok(codec));
        assert_eq!((header.base_offset, header.last_offset(), header.leader_epoch), (5, 7, 3));
        assert_eq!((header.base_timestamp, header.max_timestamp), (1000, 1500));
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (9, 2, 7));
        assert!(header.is_transactional() && !header.is_control() && !header.is_append_time());
        let records: Vec<Record> = batch.records(BUDGET).expect("records").map(Result::unwrap).collect();
        let places: Vec<_> = records.iter().map(|record| (record.offset, record.timestamp)).collect();
        assert_eq!(places, [(5, 1000), (6, 1500), (7, 900)], "{codec:?}");
        assert_eq!(records[0].key.as_deref(), Some(&b"k"[..]));
        assert_eq!(records[0].value.as_deref(), Some(&b"hello hello hello hello hello"[..]));
        assert_eq!((&records[1].key, &records[1].value), (&None, &None));
        assert_eq!(records[2].key.as_deref(), Some(&b""[..]));
        assert_eq!(records[2].value.as_deref(), Some("x".repeat(70).as_bytes()));
    }
}

#[test]
fn headers_keep_their_order_duplicates_and_nulls() {
    let records = all(&sample().build(), 0).expect("records");
    let headers: Headers = records[0].headers.clone();
    let headers: Vec<(Bytes, Option<Bytes>)> = headers.collect();
    let h = Bytes::from_static(b"h");
    assert_eq!(headers, [(h.clone(), Some("1".into())), (h, None), (Bytes::new(), Some(Bytes::new()))]);
    assert_eq!(records[1].headers.clone().count(), 0);
}

#[test]
fn batches_are_written_byte_for_byte_as_kafka_writes_them() {
    assert_eq!(placed(&sample().build(), 5, 3), bytes_of(OF_KAFKA[0].1));
    for (is_commit, hex) in MARKERS {
        assert_eq!(placed(&control_batch(9, 2, is_commit, 1234, 11), 42, 3), bytes_of(hex), "{is_commit}");
    }
}

#[test]
fn what_is_written_compressed_is_read_again() {
    let plain = all(&sample().build(), 0).expect("records");
    for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        assert_eq!(all(&sample().compressed(codec), BUDGET), Ok(plain.clone()), "{codec:?}");
    }
}

#[test]
fn several_batches_are_taken_off_one_after_the_other() {
    let both = [&sample().build()[..], &control_batch(9, 2, true, 0, 0)[..]].concat();
    let mut left = Bytes::from(both);
    assert_eq!(Batch::read(&mut left).map(|batch| batch.map(|b| b.header.record_count)), Ok(Some(3)));
    assert_eq!(Batch::read(&mut left).map(|batch| batch.map(|b| b.header.is_control())), Ok(Some(true)));
    assert_eq!(Batch::read(&mut left), Ok(None));
}

#[test]
fn a_damaged_batch_is_told_by_its_checksum_and_placing_it_keeps_the_checksum() {
    let whole = sample().build();
    assert_eq!(batch(&placed(&whole, i64::MAX, 12)).check_crc(), Ok(()));
    for at in CHECKED_FROM..whole.len() {
        let mut damaged = BytesMut::from(&whole[..]);
        damaged[at] ^= 1;
        assert!(batch(&damaged.freeze()).check_crc().is_err(), "{at}");
    }
}

#[test]
fn the_time_of_the_broker_stands_for_that_of_each_record() {
    let mut bytes = BytesMut::from(&sample().build()[..]);
    bytes[CHECKED_FROM + 1] |= TIMESTAMP_TYPE as u8;
    let records = all(&bytes.freeze(), 0).expect("records");
    assert!(records.iter().all(|record| record.timestamp == 1500));
}

#[test]
fn times_and_offsets_that_overflow_wrap_as_in_kafka() {
    let mut bytes = BytesMut::from(&placed(&sample().build(), i64::MAX, 0)[..]);
    bytes[27..35].copy_from_slice(&i64::MAX.to_be_bytes());
    let records = all(&bytes.freeze(), 0).expect("records");
    assert_eq!((records[1].offset, records[1].timestamp), (i64::MIN, i64::MIN + 499));
}

#[test]
fn a_header_that_cannot_be_is_refused() {
    let whole = sample().build();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = BytesMut::from(&whole[..]);
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        Batch::read(&mut changed.freeze()).map(|batch| batch.map(|b| b.header.size))
    };
    assert_eq!(with(LENGTH_AT, &48i32.to_be_bytes()), Err(BadBatch("its length is impossible")));
    assert_eq!(with(LENGTH_AT, &(-1i32).to_be_bytes()), Err(BadBatch("its length is impossible")));
    assert_eq!(with(LENGTH_AT, &i32::MAX.to_be_bytes()), Err(BadBatch("it is cut off")));
    assert_eq!(with(16, &[1]), Err(BadBatch("its format is not version 2")));
    for length in 1..whole.len() {
        assert!(Batch::read(&mut whole.slice(..length)).is_err(), "{length}");
    }
}

/// A batch whose header says this number of records, over these bytes.
fn counted(count: i32, records: &[u8]) -> Bytes {
    let mut bytes = BytesMut::from(&BatchWriter::new().packed(Codec::None, records.to_vec())[..]);
    bytes[57..HEADER].copy_from_slice(&count.to_be_bytes());
    bytes.freeze()
}

#[test]
fn a_record_count_that_lies_costs_nothing() {
    let peak = allocations::peak(|| {
        assert_eq!(all(&counted(i32::MAX, b""), 0), Err(BadBatch("a record is cut off")));
    });
    assert!(peak < 4096, "{peak}");
    assert_eq!(all(&counted(-1, b""), 0), Err(BadBatch("its number of records is negative")));
    assert_eq!(all(&counted(0, b"\0"), 0), Err(BadBatch("it has more records than it says")));
}

#[test]
fn a_header_count_that_lies_costs_nothing() {
    // Length, attributes, two deltas, key and value null, 2^31 - 1 headers.
    let record = b"\x14\0\0\0\x01\x01\xfe\xff\xff\xff\x0f";
    let peak = allocations::peak(|| {
        assert_eq!(all(&counted(1, record), 0), Err(BadBatch("a record is cut off")));
    });
    assert!(peak < 4096, "{peak}");
}

#[test]
fn each_damage_of_a_record_has_its_error() {
    for (record, what) in [
        (&b"\x0e\0\0\0\x01\x01\0"[..], "a record is cut off"),
        (b"\x01", "a record is cut off"),
        (b"\x0e\0\0\0\x01\x01\0\0", "a record is shorter than it says"),
        (b"\x0c\0\0\0\x01\x01\x01", "its number of headers is negative"),
        (b"\x10\0\0\0\x01\x01\x02\x01\x01", "the key of a header is null"),
        (b"\x0c\0\0\0\x0a\x01\0", "a record is cut off"),
        (b"\x80\x80\x80\x80\x80\x80", "a variable-length number is too long"),
    ] {
        assert_eq!(all(&counted(1, record), 0), Err(BadBatch(what)), "{record:?}");
    }
    assert_eq!(all(&counted(1, b"\x0c\0\0\0\x01\x01\0"), 0).map(|records| records.len()), Ok(1));
}

/// A Zstandard frame of blocks that repeat one byte 128 Ki times each: four bytes a block.
fn zstd_bomb(blocks: usize) -> Vec<u8> {
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for block in 1..=blocks {
        let header = (128 << 10) << 3 | 1 << 1 | u32::from(block == blocks);
        bomb.extend_from_slice(&header.to_le_bytes()[..3]);
        bomb.push(0);
    }
    bomb
}

#[test]
fn a_zstd_bomb_costs_the_budget_and_no_more() {
    let bomb = zstd_bomb(15_000);
    assert!(bomb.len() < 61_000);
    let bytes = BatchWriter::new().packed(Codec::Zstd, bomb);
    let budget = 32 << 20;
    let peak = allocations::peak(|| {
        assert_eq!(all(&bytes, budget), Err(BadBatch("its records are larger than may be decompressed")));
    });
    assert!(peak < 2 * budget + (24 << 20), "{peak}");
    // The same frame is read when it is within the budget.
    let small = BatchWriter::new().packed(Codec::Zstd, zstd_bomb(2));
    assert_eq!(all(&small, BUDGET), Err(BadBatch("it has more records than it says")));
}

#[test]
fn bombs_of_every_codec_cost_the_budget_and_no_more() {
    let zeroes = vec![0; 64 << 20];
    let budget = 4 << 20;
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let bytes = BatchWriter::new().packed(codec, compression::compress(codec, &zeroes));
        let peak = allocations::peak(|| {
            assert_eq!(all(&bytes, budget), Err(BadBatch("its records are larger than may be decompressed")));
        });
        assert!(peak < 2 * budget + (24 << 20), "{codec:?}: {peak}");
    }
}

#[test]
fn a_window_beyond_the_budget_is_refused_before_it_is_reserved() {
    // Magic, no flags, a window of 2^(10 + 26) bytes.
    let frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 26 << 3, 1, 0, 0];
    let bytes = BatchWriter::new().packed(Codec::Zstd, frame);
    let peak = allocations::peak(|| assert!(all(&bytes, BUDGET).is_err()));
    assert!(peak < 1 << 20, "{peak}");
}

#[test]
fn damaged_compressed_records_are_errors_and_never_panics() {
    let mut random = fastrand::Rng::with_seed(7);
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let whole = sample().compressed(codec);
        let java = if codec == Codec::Snappy { bytes_of(OF_KAFKA[2].1) } else { whole.clone() };
        for round in 0..4_000 {
            let mut bytes = BytesMut::from(if round % 2 == 0 { &whole[..] } else { &java[..] });
            for _ in 0..random.usize(1..4) {
                let at = random.usize(HEADER..bytes.len());
                bytes[at] = random.u8(..);
            }
            bytes.truncate(random.usize(HEADER..=bytes.len()));
            let length = bytes.len() as i32 - 12;
            bytes[LENGTH_AT..LEADER_EPOCH_AT].copy_from_slice(&length.to_be_bytes());
            let bytes = bytes.freeze();
            let peak = allocations::peak(|| drop(all(&bytes, BUDGET)));
            assert!(peak < 2 * BUDGET + (24 << 20), "{codec:?}, round {round}: {peak}");
        }
    }
}

#[test]
fn snappy_in_the_frame_of_java_may_have_many_blocks() {
    let mut records = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for part in [&b"\x0c\0\0\0"[..], b"\x01\x01\0"] {
        let block = compression::compress(Codec::Snappy, part);
        records.put_i32(block.len() as i32);
        records.extend_from_slice(&block);
    }
    let mut bytes = BytesMut::from(&BatchWriter::new().packed(Codec::Snappy, records)[..]);
    bytes[57..HEADER].copy_from_slice(&1i32.to_be_bytes());
    assert_eq!(all(&bytes.freeze(), BUDGET).map(|records| records.len()), Ok(1));
}
