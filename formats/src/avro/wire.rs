//! The binary encoding of single values: written here, read by a [`Cursor`].

use std::str;

use crate::fault::{Fault, FaultKind, Faulty};

/// How many values that take no bytes a payload may hold: a payload of some bytes may claim any number of them.
pub(super) const FREE: u32 = 1_000_000;
/// How deep values may be nested in each other.
pub(super) const DEEPEST: u32 = 256;

/// Appends an int or a long.
pub(super) fn long(value: i64, out: &mut Vec<u8>) {
    let mut rest = (value << 1 ^ value >> 63).cast_unsigned();
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// Appends a count, a length or an index.
pub(super) fn length(value: usize, out: &mut Vec<u8>) {
    // No buffer is longer than that.
    long(i64::try_from(value).unwrap_or(i64::MAX), out);
}

/// Appends bytes, or a text, behind their length.
pub(super) fn bytes(value: &[u8], out: &mut Vec<u8>) {
    length(value.len(), out);
    out.extend_from_slice(value);
}

/// Returns the nearest float.
#[expect(clippy::cast_possible_truncation, reason = "a float is the nearest one to what is written")]
pub(super) const fn narrow(value: f64) -> f32 {
    value as f32
}

/// Returns the float of a text that stands where JSON has no number.
pub(super) fn named_float(name: &str) -> Option<f64> {
    match name {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// What is left of a payload.
#[derive(Clone)]
pub(super) struct Cursor<'p> {
    rest: &'p [u8],
    /// What values without bytes may still cost.
    spare: u32,
}

pub(super) fn fault(message: impl Into<String>) -> Box<Fault> {
    Box::new(Fault::new(FaultKind::Decode, message))
}

#[cold]
fn ended(wanted: u64, left: usize) -> Box<Fault> {
    fault(format!("the bytes ended: {wanted} more were announced, and {left} were left"))
}

impl<'p> Cursor<'p> {
    pub(super) const fn new(payload: &'p [u8]) -> Self {
        Self { rest: payload, spare: FREE }
    }

    /// Fails unless everything was read.
    pub(super) fn end(&self) -> Faulty<()> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(fault(format!("{left} bytes were left behind the value"))
                .advise("they were written with another schema, or another wire format")),
        }
    }

    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Faulty<&'p [u8]> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(ended(count as u64, self.rest.len())),
        }
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Faulty<[u8; N]> {
        match self.rest.split_first_chunk() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(ended(N as u64, self.rest.len())),
        }
    }

    pub(super) fn boolean(&mut self) -> Faulty<bool> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(fault(format!("a boolean was {other:#04x}"))),
        }
    }

    #[inline]
    pub(super) fn long(&mut self) -> Faulty<i64> {
        // Most numbers are lengths, indexes and flags, which take one byte.
        if let [first @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            let first = i64::from(*first);
            return Ok(first >> 1 ^ -(first & 1));
        }
        self.long_long()
    }

    fn long_long(&mut self) -> Faulty<i64> {
        let mut value = 0_u64;
        for (place, byte) in self.rest.iter().take(10).enumerate() {
            // The tenth byte has room for one bit.
            if place == 9 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * place);
            if *byte < 0x80 {
                self.rest = &self.rest[place + 1..];
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        if self.rest.len() < 10 { Err(ended(1, 0)) } else { Err(fault("a number was longer than 64 bits")) }
    }

    #[inline]
    pub(super) fn int(&mut self) -> Faulty<i64> {
        let value = self.long()?;
        if i32::try_from(value).is_err() {
            return Err(fault(format!("an int was {value}")));
        }
        Ok(value)
    }

    /// Reads a length, and what is that long.
    #[inline]
    pub(super) fn bytes(&mut self) -> Faulty<&'p [u8]> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(count) => self.take(count),
            Err(_) => Err(fault(format!("a length was {length}"))),
        }
    }

    #[inline]
    pub(super) fn text(&mut self) -> Faulty<&'p str> {
        str::from_utf8(self.bytes()?).map_err(|error| fault(format!("a text was not UTF-8: {error}")))
    }

    /// Reads the index of one out of `count`.
    #[inline]
    pub(super) fn index(&mut self, count: usize, what: &str) -> Faulty<usize> {
        let index = self.long()?;
        match usize::try_from(index) {
            Ok(index) if index < count => Ok(index),
            _ => Err(fault(format!("the {what} {index} was named where there were {count}"))),
        }
    }

    /// Begins a block of an array or a map. `free` is what an item costs that takes no byte.
    pub(super) fn block(&mut self, free: u32) -> Faulty<Block> {
        let announced = self.long()?;
        let size = if announced < 0 { Some(self.long()?) } else { None };
        let left = self.rest.len();
        let size = match size.map(usize::try_from) {
            None => None,
            Some(Ok(size)) if size <= left => Some(size),
            Some(_) => return Err(ended(size.unwrap_or(0).unsigned_abs(), left)),
        };
        let count = announced.unsigned_abs();
        if free > 0 {
            let cost = count.saturating_mul(free.into());
            self.spare = u32::try_from(u64::from(self.spare).saturating_sub(cost)).unwrap_or(0);
            if self.spare == 0 {
                return Err(fault(format!("more than {FREE} values that take no byte were announced")));
            }
        } else if count > left as u64 {
            return Err(ended(count, left));
        }
        let count = usize::try_from(count).map_err(|_| ended(count, left))?;
        Ok(Block { count, size, left })
    }

    /// Ends a block whose items were read.
    #[inline]
    pub(super) fn close(&self, block: &Block) -> Faulty<()> {
        let taken = block.left - self.rest.len();
        match block.size {
            Some(size) if size != taken => {
                Err(fault(format!("a block of {size} bytes was announced, and its items took {taken}")))
            }
            _ => Ok(()),
        }
    }
}

/// A part of an array or a map.
pub(super) struct Block {
    /// How many items it has; none at the end.
    pub(super) count: usize,
    /// How many bytes they take, where the writer said so.
    pub(super) size: Option<usize>,
    /// How many bytes of the payload were left before them.
    left: usize,
}
