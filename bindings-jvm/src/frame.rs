//! Bytes with their lengths before them: how a batch of completions, or the headers of an event, cross in one
//! array. Numbers are big-endian, as Java's buffers read them.

use bytes::Bytes;
use test_probe::{ErrorCode, ProbeError};

/// The length of what is null.
const NULL: i32 = -1;

/// Writes a frame.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn long(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    /// Writes how many of something follow. Arrays of Java hold 2 GiB, and so does everything in them.
    pub(crate) fn count(&mut self, value: usize) {
        self.0.extend_from_slice(&i32::try_from(value).unwrap_or(i32::MAX).to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.count(value.len());
        self.0.extend_from_slice(value);
    }

    pub(crate) fn optional(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.bytes(value),
            None => self.0.extend_from_slice(&NULL.to_be_bytes()),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads a frame; it shares the memory of what it reads.
pub(crate) struct Reader(Bytes);

impl Reader {
    pub(crate) fn new(frame: Bytes) -> Self {
        Self(frame)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn optional(&mut self) -> Result<Option<Bytes>, ProbeError> {
        let Some(length) = self.0.first_chunk::<4>().map(|bytes| i32::from_be_bytes(*bytes)) else {
            return Err(cut_short());
        };
        let _ = self.0.split_to(4);
        if length == NULL {
            return Ok(None);
        }
        match usize::try_from(length) {
            Ok(length) if length <= self.0.len() => Ok(Some(self.0.split_to(length))),
            _ => Err(cut_short()),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, ProbeError> {
        let bytes = self.optional()?.ok_or_else(cut_short)?;
        String::from_utf8(bytes.into()).map_err(|_| cut_short())
    }
}

fn cut_short() -> ProbeError {
    ProbeError::new(ErrorCode::Internal, "a frame from Java was cut short")
}
