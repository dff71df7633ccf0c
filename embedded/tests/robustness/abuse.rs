//! What is no request, and requests that ask for too much.

use std::io::Write;
use std::net::Shutdown;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ListOffsetsRequest;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use test_probe_embedded::faults::Api;

use crate::support::{Client, Producer, batch, produce, text};
use crate::{alone, create, resident, started, together};

const MIB: usize = 1 << 20;

#[test]
fn what_is_no_request_ends_its_own_connection_only() {
    let _together = together();
    let kafka = started();
    let address = kafka.bootstrap_servers();
    let mut good = Client::connect(&address);
    create(&mut good, "kept");
    let frame = |bytes: &[u8]| [&(bytes.len() as i32).to_be_bytes(), bytes].concat();
    let mut bad: Vec<Vec<u8>> = vec![
        (-1_i32).to_be_bytes().to_vec(),
        i32::MIN.to_be_bytes().to_vec(),
        vec![0, 0, 0, 0, 0, 3],
        // 100 MiB and a byte, for Produce; 4 MiB and a byte, for Metadata.
        [&((100 << 20) + 1_i32).to_be_bytes()[..], &[0, 0]].concat(),
        [&((4 << 20) + 1_i32).to_be_bytes()[..], &[0, 3]].concat(),
        // An API that nobody knows, and a version of Metadata that nobody knows.
        frame(&[0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]),
        frame(&[0, 3, 0, 99, 0, 0, 0, 1, 0, 0]),
        // A client id that does not end, and a body that is not there.
        frame(&[0, 3, 0, 9, 0, 0, 0, 1, 0x7f, 0xff]),
        frame(&[0, 3, 0, 9, 0, 0, 0, 1, 0, 0]),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        // The hello of a TLS client.
        vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03],
    ];
    let mut random = fastrand::Rng::with_seed(11);
    bad.extend((0..100).map(|_| {
        let size = random.usize(4..200);
        let garbage: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(size).collect();
        frame(&garbage)
    }));
    for bytes in bad {
        let mut client = Client::connect(&address);
        // It may be closed before all of it was sent.
        let _ = client.stream.write_all(&bytes);
        let _ = client.stream.shutdown(Shutdown::Write);
        assert!(client.is_closed(), "{bytes:?}");
        assert_eq!(good.fetch(("kept", 0), 0).responses[0].partitions[0].error_code, 0);
    }
}

#[test]
fn half_a_frame_and_silence_hold_nobody_up() {
    let _together = together();
    let kafka = started();
    let address = kafka.bootstrap_servers();
    let quiet: Vec<Client> = (0..50)
        .map(|number| {
            let mut client = Client::connect(&address);
            let half = [0, 0, 0, 50, 0, 3, 0, 9, 0];
            client.stream.write_all(&half[..number % half.len()]).expect("sent");
            client
        })
        .collect();
    let mut good = Client::connect(&address);
    create(&mut good, "kept");
    good.produce(&[("kept", 0)], &["a"]);
    drop(quiet);
    assert_eq!(good.fetch(("kept", 0), 0).responses[0].partitions[0].high_watermark, 1);
}

/// Each API's smallest frame whose first count says two billion, in all versions up to 13.
#[test]
fn a_count_that_no_frame_can_hold_takes_no_memory() {
    let _alone = alone();
    let kafka = started();
    let address = kafka.bootstrap_servers();
    let mut good = Client::connect(&address);
    create(&mut good, "kept");
    let before = resident();
    let huge = [&[0x7f, 0xff, 0xff, 0xff][..], &[0xff, 0xff, 0xff, 0xff, 0x07]];
    for api in Api::iter().map(|api| api as i16).filter(|api| *api < 90) {
        for version in 0..14 {
            for count in huge {
                let mut frame = BytesMut::new();
                frame.put_i16(api);
                frame.put_i16(version);
                frame.put_i32(1);
                frame.put_slice(&[0, 0]);
                frame.put_bytes(0, usize::from(count.len() == 5));
                frame.put_slice(count);
                frame.put_slice(count);
                let mut client = Client::connect(&address);
                let _ = client.send_frame(&frame);
                let _ = client.stream.shutdown(Shutdown::Write);
                // Whether it is answered or closed: it is over.
                while client.receive_frame().is_ok() {}
            }
        }
    }
    assert_eq!(good.fetch(("kept", 0), 0).responses[0].partitions[0].error_code, 0);
    let grown = resident().saturating_sub(before);
    assert!(grown < 50 * MIB, "{} MiB more", grown / MIB);
}

#[test]
fn a_batch_that_unpacks_to_too_much_is_not_unpacked() {
    let _alone = alone();
    let kafka = started();
    let mut client = Client::connect(&kafka.bootstrap_servers());
    create(&mut client, "bombed");
    let plain = batch(&["a"], Producer::NONE);
    let bomb = packed(&plain, 400 * MIB);
    assert!(bomb.len() < MIB);
    let before = resident();
    client.call(9, &produce(&[("bombed", 0)], bomb, -1));
    let asked = ListOffsetsPartition::default().with_timestamp(1_000).with_current_leader_epoch(-1);
    let asked = ListOffsetsTopic::default().with_name(text("bombed").into()).with_partitions(vec![asked]);
    client.call(7, &ListOffsetsRequest::default().with_topics(vec![asked]));
    assert_eq!(client.produce(&[("bombed", 0)], &["b"]).responses[0].partition_responses[0].error_code, 0);
    let grown = resident().saturating_sub(before);
    assert!(grown < 250 * MIB, "{} MiB more", grown / MIB);
}

/// The header of a batch, with so many zeros as its compressed records.
fn packed(plain: &Bytes, zeros: usize) -> Bytes {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![0; MIB];
    (0..zeros / MIB).for_each(|_| gzip.write_all(&block).expect("memory"));
    let mut out = BytesMut::from(&plain[..61]);
    out.put_slice(&gzip.finish().expect("memory"));
    let length = (out.len() - 12) as i32;
    out[8..12].copy_from_slice(&length.to_be_bytes());
    out[22] = 1;
    let crc = crc32c::crc32c(&out[21..]);
    out[17..21].copy_from_slice(&crc.to_be_bytes());
    out.freeze()
}
