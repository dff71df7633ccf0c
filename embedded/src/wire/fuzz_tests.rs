//! Seeded mutations of valid frames: whatever comes in, memory stays bounded and nothing panics.

use std::panic::catch_unwind;

use bytes::Bytes;

use super::bounds::MOST_DECODED;
use super::frame::{Incoming, Refusal, parse};
use super::{bounds, sampling};
use crate::allocations;

/// How many frames are tried in one run.
const FRAMES: usize = 200_000;

/// What a refusal or an answer may take beside the decoded request: an error with its text.
const SLACK: usize = 4096;

/// Numbers that lie, as they stand in frames: in 16 and 32 bits, and as varints.
const LIES: &[&[u8]] = &[
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\x7f",
    b"\xff\xff\xff\xff\xff\xff",
    b"\xff\xff\x7f",
    b"\x7f\xff",
    b"\xff\xfe",
    b"\0\x01\0\0",
];

fn mutate(frame: &[u8], other: &[u8], random: &mut fastrand::Rng) -> Bytes {
    let mut bytes = frame.to_vec();
    for _ in 0..random.usize(1..4) {
        // The header stays, mostly: an unknown API ends everything at once.
        let at = if random.u8(..) < 8 { 0 } else { 8.min(bytes.len()) };
        let at = random.usize(at..=bytes.len());
        match random.u8(0..6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.u8(0..8),
            1 if at < bytes.len() => bytes[at] = random.u8(..),
            2 => bytes.truncate(at),
            3 => {
                let lie = LIES[random.usize(0..LIES.len())];
                let until = (at + lie.len()).min(bytes.len());
                bytes.splice(at..until, lie.iter().copied());
            }
            4 => {
                let from = random.usize(0..=other.len());
                bytes.splice(at..at, other[from..].iter().copied().take(24));
            }
            _ => drop(bytes.drain(at..(at + 2).min(bytes.len()))),
        }
    }
    bytes.into()
}

fn run(seed: u64, frames: usize) -> (usize, usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut valid = Vec::new();
    for (api, version) in sampling::calls() {
        for elements in 1..4 {
            let body = sampling::body(api.key, version, elements, &mut random);
            valid.push(sampling::frame(api.key, version, &body));
        }
    }
    let (mut read, mut refused) = (0, 0);
    for number in 0..frames {
        let other = &valid[random.usize(0..valid.len())];
        let frame = mutate(&valid[number % valid.len()], other, &mut random);
        let at = || format!("seed {seed}, frame {number}: {frame:02x?}");
        let mut parsed = None;
        let given = frame.clone();
        let peak = allocations::peak(|| parsed = catch_unwind(|| parse(given)).ok());
        let allowed = match parsed.unwrap_or_else(|| panic!("it panicked; {}", at())) {
            Ok(Incoming::Request { header, .. }) => {
                read += 1;
                decoded(header.api, header.version, &frame)
            }
            Ok(Incoming::ApiVersionsTooNew { .. }) => 0,
            Err(Refusal::Codec(what)) => {
                panic!("the check let through what the codec refuses: {what}\n{}", at())
            }
            Err(_) => {
                refused += 1;
                0
            }
        };
        assert!(peak <= allowed + SLACK, "{peak} bytes were taken and {allowed} measured; {}", at());
    }
    (read, refused)
}

/// What the codec may take for a frame that was read.
fn decoded(api: kafka_protocol::messages::ApiKey, version: i16, frame: &[u8]) -> usize {
    let client_id = u16::from_be_bytes([frame[8], frame[9]]);
    let body = &frame[10 + if client_id > 0x7fff { 0 } else { usize::from(client_id) }..];
    let is_flexible = super::shapes::of(api as i16).is_some_and(|shape| shape.is_flexible(version));
    let body = if is_flexible { bounds::skip_tags(body).expect("read before") } else { body };
    bounds::measure(api, version, body).expect("read before").decoded
}

#[test]
fn mutated_frames_never_take_more_than_was_measured_and_never_panic() {
    let seed = std::env::var("TEST_PROBE_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let (read, refused) = run(seed, FRAMES);
    // Both sides of the check have to be reached for this to mean anything.
    assert!(read > FRAMES / 20 && refused > FRAMES / 4, "seed {seed}: {read} read, {refused} refused");
}

#[test]
fn random_bytes_never_take_memory_and_never_panic() {
    let mut random = fastrand::Rng::with_seed(5);
    for (api, version) in sampling::calls() {
        for _ in 0..50 {
            let body: Vec<u8> = (0..random.usize(0..200)).map(|_| random.u8(..)).collect();
            let frame = sampling::frame(api.key, version, &body);
            let peak = allocations::peak(|| drop(parse(frame)));
            assert!(peak <= MOST_DECODED.min(body.len() * 1024) + SLACK, "{:?} v{version}: {peak}", api.key);
        }
    }
}
