use kafka_protocol::messages::BrokerId;
use kafka_protocol::messages::fetch_response::{AbortedTransaction, LeaderIdAndEpoch, NodeEndpoint};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::*;
use crate::wire::apis;

/// Returns a response of any size and kind that a version can have.
fn sampled(version: i16, random: &mut fastrand::Rng) -> FetchResponse {
    let topics = (0..random.usize(0..4)).map(|_| {
        // The count of partitions takes one byte, or two.
        let most = if random.u8(..10) == 0 { 200 } else { 4 };
        let partitions = (0..random.usize(0..most)).map(|index| partition(version, index, random));
        let partitions = partitions.collect();
        let name = "t".repeat(random.usize(1..249));
        let topic = FetchableTopicResponse::default().with_topic(StrBytes::from_string(name).into());
        topic.with_topic_id(Uuid::from_u128(random.u128(..))).with_partitions(partitions)
    });
    let mut response = FetchResponse::default().with_throttle_time_ms(3).with_responses(topics.collect());
    if version >= 16 && random.bool() {
        response.node_endpoints = vec![NodeEndpoint::default().with_node_id(BrokerId(1))];
    }
    response
}

fn partition(version: i16, index: usize, random: &mut fastrand::Rng) -> PartitionData {
    let sizes = [0, 1, 200, WORTH_A_PIECE - 1, WORTH_A_PIECE, 3 * WORTH_A_PIECE];
    let size = sizes[random.usize(..sizes.len())];
    let records = (random.u8(..10) > 0).then(|| vec![random.u8(..); size].into());
    let aborted = random.bool().then(|| vec![AbortedTransaction::default(); random.usize(0..3)]);
    let data = PartitionData::default()
        .with_partition_index(index as i32)
        .with_high_watermark(random.i64(..))
        .with_aborted_transactions(aborted)
        .with_records(records);
    match random.u8(..10) == 0 && version >= 12 {
        true => data.with_current_leader(LeaderIdAndEpoch::default().with_leader_id(BrokerId(2))),
        false => data,
    }
}

fn joined(mut pieces: Pieces) -> Bytes {
    let size = pieces.remaining();
    pieces.copy_to_bytes(size)
}

#[test]
fn a_frame_in_pieces_is_byte_for_byte_what_the_codec_writes() {
    let mut random = fastrand::Rng::with_seed(9);
    let api = apis::find(ApiKey::Fetch as i16).expect("Fetch");
    let mut in_pieces = 0;
    for version in api.oldest..=api.newest {
        for _ in 0..60 {
            let response = ResponseKind::from(sampled(version, &mut random));
            let whole = frame::encode(7, api.key, version, &response).expect("a frame").freeze();
            let pieces = encode(7, api.key, version, response).expect("pieces");
            in_pieces += usize::from(pieces.0.len() > 1);
            assert!(joined(pieces) == whole, "v{version} differs");
        }
    }
    assert!(in_pieces > 300, "only {in_pieces} frames had pieces");
}

#[test]
fn large_records_go_out_as_they_are() {
    let records = Bytes::from(vec![1; 100_000]);
    let data = PartitionData::default().with_aborted_transactions(None).with_records(Some(records.clone()));
    let topic = FetchableTopicResponse::default().with_partitions(vec![data]);
    let response = FetchResponse::default().with_responses(vec![topic]);
    let pieces = encode(7, ApiKey::Fetch, 13, response.into()).expect("pieces");
    assert!(pieces.0.iter().any(|piece| std::ptr::eq(piece.as_ptr(), records.as_ptr())), "they were copied");
}

#[test]
fn pieces_are_read_across_their_borders() {
    let mut pieces = Pieces([&b"ab"[..], b"cde", b"f"].map(Bytes::from_static).into());
    let mut slices = [IoSlice::new(&[]), IoSlice::new(&[])];
    assert_eq!(pieces.chunks_vectored(&mut slices), 2);
    assert_eq!((&*slices[0], &*slices[1]), (&b"ab"[..], &b"cde"[..]));
    pieces.advance(3);
    assert_eq!((pieces.chunk(), pieces.remaining()), (&b"de"[..], 3));
    assert_eq!(joined(pieces), &b"def"[..]);
}
