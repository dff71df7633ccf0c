//! Frames that go out in pieces: what the codec wrote, and between it the records of logs as they are. Records are
//! most of what a broker sends, and are not copied for it.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{ApiKey, FetchResponse, ResponseKind};
use kafka_protocol::protocol::Encodable;

use super::frame::{self, Unencodable};

/// Fewer records are copied, which costs less than a piece of their own.
const WORTH_A_PIECE: usize = 8 * 1024;
/// From this version on lengths are varints and fields may be tagged.
const FLEXIBLE: i16 = 12;
/// From this version on an answer has an error and a session of its own.
const HAS_SESSION: i16 = 7;
/// From this version on topics have ids instead of names.
const BY_ID: i16 = 13;
/// Before the body: size and correlation id.
const HEAD: usize = 8;

/// The pieces of a frame, in their order.
#[derive(Debug, Default)]
pub(crate) struct Pieces(VecDeque<Bytes>);

impl From<BytesMut> for Pieces {
    fn from(whole: BytesMut) -> Self {
        Self([whole.freeze()].into())
    }
}

impl Buf for Pieces {
    fn remaining(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.0.front().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(&self.0);
        filled.map(|(slice, piece)| *slice = IoSlice::new(piece)).count()
    }

    fn advance(&mut self, mut count: usize) {
        while let Some(piece) = self.0.front_mut().filter(|_| count > 0) {
            let taken = count.min(piece.len());
            piece.advance(taken);
            count -= taken;
            if piece.is_empty() {
                self.0.pop_front();
            }
        }
    }
}

/// Returns a response as a frame, with its size field.
pub(crate) fn encode(
    correlation_id: i32,
    api: ApiKey,
    version: i16,
    mut response: ResponseKind,
) -> Result<Pieces, Unencodable> {
    let taken = match &mut response {
        ResponseKind::Fetch(response) => take_records(response),
        _ => Vec::new(),
    };
    let written = frame::encode(correlation_id, api, version, &response)?;
    match &response {
        ResponseKind::Fetch(response) if !taken.is_empty() => insert(written, version, response, taken),
        _ => Ok(written.into()),
    }
}

/// Takes out the records that are worth a piece; none for the other partitions.
fn take_records(response: &mut FetchResponse) -> Vec<Option<Bytes>> {
    let partitions = response.responses.iter_mut().flat_map(|topic| &mut topic.partitions);
    let take = |partition: &mut PartitionData| {
        let is_last = !has_tags(partition);
        let records = partition.records.as_mut().filter(|records| is_last && records.len() >= WORTH_A_PIECE);
        records.map(std::mem::take)
    };
    let taken: Vec<_> = partitions.map(take).collect();
    if taken.iter().any(Option::is_some) { taken } else { Vec::new() }
}

/// Whether something follows the records of a partition that has no fixed size.
fn has_tags(partition: &PartitionData) -> bool {
    let plain = PartitionData::default();
    partition.diverging_epoch != plain.diverging_epoch
        || partition.current_leader != plain.current_leader
        || partition.snapshot_id != plain.snapshot_id
        || !partition.unknown_tagged_fields.is_empty()
}

/// Puts records in where the codec wrote that there are none: at the end of their partitions.
fn insert(
    mut written: BytesMut,
    version: i16,
    response: &FetchResponse,
    taken: Vec<Option<Bytes>>,
) -> Result<Pieces, Unencodable> {
    let mut pieces = VecDeque::with_capacity(2 * taken.len() + 1);
    let is_flexible = version >= FLEXIBLE;
    // The length of no records, and the number of tagged fields.
    let (length, tags) = if is_flexible { (1, 1) } else { (4, 0) };
    let session = if version >= HAS_SESSION { 2 + 4 } else { 0 };
    // Where the next byte of `written` is in the frame that the codec wrote, and where the next partition is.
    let mut cut = 0;
    let mut at = HEAD + tags + 4 + session + size_of_count(version, response.responses.len());
    let mut taken = taken.into_iter();
    let mut inserted = 0;
    for topic in &response.responses {
        at += size_of_head(version, topic);
        for partition in &topic.partitions {
            at += partition.compute_size(version).map_err(Unencodable::from_codec)?;
            let Some(records) = taken.next().flatten() else { continue };
            let mut before = written.split_to(at - tags - length - cut);
            written.advance(length);
            cut = at - tags;
            let unsized_length = before.len();
            put_length(&mut before, version, records.len());
            inserted += before.len() - unsized_length + records.len();
            inserted -= length;
            pieces.extend([before.freeze(), records]);
        }
        at += tags;
    }
    pieces.push_back(written.freeze());
    correct_size(&mut pieces, inserted)?;
    Ok(Pieces(pieces))
}

/// Adds what was put in to the size that the codec knew of.
fn correct_size(pieces: &mut VecDeque<Bytes>, inserted: usize) -> Result<(), Unencodable> {
    let Some(first) = pieces.front_mut() else { return Ok(()) };
    let mut corrected = BytesMut::from(std::mem::take(first));
    let size = i64::from(i32::from_be_bytes([corrected[0], corrected[1], corrected[2], corrected[3]]));
    let size = i32::try_from(size + inserted as i64).map_err(|_| Unencodable::too_large())?;
    corrected[..4].copy_from_slice(&size.to_be_bytes());
    *first = corrected.freeze();
    Ok(())
}

/// Returns how many bytes tell the number of elements of an array.
fn size_of_count(version: i16, count: usize) -> usize {
    if version >= FLEXIBLE { size_of_varint(count + 1) } else { 4 }
}

/// Returns how many bytes a topic has before its first partition.
fn size_of_head(version: i16, topic: &FetchableTopicResponse) -> usize {
    let name = topic.topic.len();
    let name = match version {
        BY_ID.. => 16,
        FLEXIBLE.. => size_of_varint(name + 1) + name,
        _ => 2 + name,
    };
    name + size_of_count(version, topic.partitions.len())
}

fn put_length(out: &mut BytesMut, version: i16, length: usize) {
    if version < FLEXIBLE {
        out.put_i32(length as i32);
        return;
    }
    let mut left = length + 1;
    while left >= 0x80 {
        out.put_u8(left as u8 | 0x80);
        left >>= 7;
    }
    out.put_u8(left as u8);
}

fn size_of_varint(value: usize) -> usize {
    let bits = usize::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

#[cfg(test)]
#[path = "pieces_tests.rs"]
mod tests;
