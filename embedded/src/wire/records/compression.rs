//! The four codecs of record batches, in pure Rust, bounded by a budget.

use std::io::Read;

use bytes::{Buf, Bytes};

use super::BadBatch;

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Not at all.
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Snappy: one raw block as librdkafka sends it, or blocks in the frame of snappy-java.
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Codec {
    /// Returns the codec that the attributes of a batch name.
    pub(super) fn of(attributes: i16) -> Option<Self> {
        match attributes & 7 {
            0 => Some(Self::None),
            1 => Some(Self::Gzip),
            2 => Some(Self::Snappy),
            3 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }
}

const OVER_BUDGET: BadBatch = BadBatch("its records are larger than may be decompressed");
const DAMAGED: BadBatch = BadBatch("its records could not be decompressed");

/// The window that every decoder of Zstandard has to support, and that level 19 and below keep to.
const LEAST_WINDOW: u64 = 8 << 20;

/// Returns what was compressed, unless it takes more than `budget` bytes.
pub(super) fn decompress(codec: Codec, bytes: Bytes, budget: usize) -> Result<Bytes, BadBatch> {
    let out = match codec {
        Codec::None => return Ok(bytes),
        Codec::Gzip => read(flate2::read::MultiGzDecoder::new(&bytes[..]), budget)?,
        Codec::Lz4 => read(lz4_flex::frame::FrameDecoder::new(&bytes[..]), budget)?,
        Codec::Snappy => snappy(bytes, budget)?,
        Codec::Zstd => {
            let window = LEAST_WINDOW.max(budget as u64);
            let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(&bytes[..], window);
            read(decoder.map_err(|_| DAMAGED)?, budget)?
        }
    };
    Ok(out.into())
}

/// Reads everything, in buffers that never exceed the budget.
fn read(mut from: impl Read, budget: usize) -> Result<Vec<u8>, BadBatch> {
    let mut out = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        match from.read(&mut chunk).map_err(|_| DAMAGED)? {
            0 => return Ok(out),
            size => append(&mut out, &chunk[..size], budget)?,
        }
    }
}

fn append(out: &mut Vec<u8>, bytes: &[u8], budget: usize) -> Result<(), BadBatch> {
    let needed = out.len() + bytes.len();
    if needed > budget {
        return Err(OVER_BUDGET);
    }
    if needed > out.capacity() {
        out.reserve_exact(needed.max(2 * out.capacity()).min(budget) - out.len());
    }
    out.extend_from_slice(bytes);
    Ok(())
}

/// How snappy-java begins a stream; two versions of four bytes each follow.
const SNAPPY_JAVA: &[u8] = b"\x82SNAPPY\0";
const SNAPPY_JAVA_HEADER: usize = 16;

fn snappy(mut bytes: Bytes, budget: usize) -> Result<Vec<u8>, BadBatch> {
    let mut out = Vec::new();
    if !bytes.starts_with(SNAPPY_JAVA) {
        return snappy_block(&bytes, budget);
    }
    bytes.advance(SNAPPY_JAVA_HEADER.min(bytes.len()));
    while !bytes.is_empty() {
        let length = usize::try_from(bytes.try_get_i32().map_err(|_| DAMAGED)?).map_err(|_| DAMAGED)?;
        if length > bytes.len() {
            return Err(DAMAGED);
        }
        let block = snappy_block(&bytes.split_to(length), budget - out.len())?;
        append(&mut out, &block, budget)?;
    }
    Ok(out)
}

/// Decompresses a raw block, which begins with the size of what it holds.
fn snappy_block(block: &[u8], budget: usize) -> Result<Vec<u8>, BadBatch> {
    if snap::raw::decompress_len(block).map_err(|_| DAMAGED)? > budget {
        return Err(OVER_BUDGET);
    }
    snap::raw::Decoder::new().decompress_vec(block).map_err(|_| DAMAGED)
}

/// Returns compressed bytes as the clients send them.
#[cfg(test)]
pub(super) fn compress(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;

    match codec {
        Codec::None => bytes.to_vec(),
        Codec::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).and_then(|()| out.finish()).expect("a vector takes everything")
        }
        Codec::Lz4 => {
            let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
            out.write_all(bytes).expect("a vector takes everything");
            out.finish().expect("a vector takes everything")
        }
        Codec::Snappy => snap::raw::Encoder::new().compress_vec(bytes).expect("it is short"),
        Codec::Zstd => ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest),
    }
}
