//! The one place that reads what C points to.

use std::ffi::{CStr, c_char};
use std::time::Duration;

use bytes::Bytes;

use super::guard::null;
use super::types::{CBytes, CHeader, CRecord, TEST_PROBE_RECORD_RAW};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{Event, Headers, Payload};

/// The longest time that a call takes: 365 days.
const LONGEST_MS: i64 = 365 * 24 * 60 * 60 * 1000;

/// The least `struct_size` of a record: the first layout of ABI version 1.
const RECORD_SIZE: usize = size_of::<CRecord>();

/// UTF-8 text from C, NUL-terminated.
///
/// cbindgen:transparent-typedef
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Text(*const c_char);

impl Text {
    /// Reads text that must be there.
    pub(super) fn required<'a>(self, name: &str) -> Result<&'a str> {
        self.optional(name)?.ok_or_else(|| null(name))
    }

    /// Reads text that may be NULL.
    pub(super) fn optional<'a>(self, name: &str) -> Result<Option<&'a str>> {
        if self.0.is_null() {
            return Ok(None);
        }
        // SAFETY: not NULL, and the header asks for NUL-terminated text that outlives the call.
        let bytes = unsafe { CStr::from_ptr(self.0) }.to_bytes();
        utf8(name, bytes).map(Some)
    }
}

fn utf8<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("`{name}` was not UTF-8 from byte {} on", error.valid_up_to());
        ProbeError::new(ErrorCode::InvalidArgument, message).with("argument", name)
    })
}

fn slice<'a, T>(name: &str, data: *const T, len: usize) -> Result<Option<&'a [T]>> {
    if data.is_null() {
        if len == 0 {
            return Ok(None);
        }
        let message = format!("`{name}` was NULL with a length of {len}");
        return Err(ProbeError::new(ErrorCode::InvalidArgument, message).with("argument", name));
    }
    if len.checked_mul(size_of::<T>()).is_none_or(|bytes| bytes > isize::MAX.unsigned_abs()) {
        let message = format!("`{name}` had an impossible length of {len}");
        return Err(ProbeError::new(ErrorCode::InvalidArgument, message).with("argument", name));
    }
    if !data.is_aligned() {
        let message = format!("`{name}` was not aligned");
        return Err(ProbeError::new(ErrorCode::InvalidArgument, message).with("argument", name));
    }
    // SAFETY: not NULL, aligned, of a possible length, and the header asks for that many readable items.
    Ok(Some(unsafe { std::slice::from_raw_parts(data, len) }))
}

impl CBytes {
    fn read<'a>(self, name: &str) -> Result<Option<&'a [u8]>> {
        slice(name, self.data, self.len)
    }
}

/// Reads a record; everything is copied.
pub(super) fn event(record: Option<&CRecord>) -> Result<Event> {
    let record = record.ok_or_else(|| null("rec"))?;
    if record.struct_size != RECORD_SIZE {
        let message = format!("`rec.struct_size` was {}, not {RECORD_SIZE}", record.struct_size);
        return Err(ProbeError::new(ErrorCode::InvalidArgument, message)
            .hint("begin with TEST_PROBE_RECORD_INIT, and use the header of this library's version"));
    }
    if record.flags & !TEST_PROBE_RECORD_RAW != 0 {
        let message = format!("`rec.flags` was {:#x}, which has unknown bits", record.flags);
        return Err(ProbeError::new(ErrorCode::InvalidArgument, message));
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let mut headers = Headers::default();
    for header in slice::<CHeader>("rec.headers", record.headers, record.header_count)?.unwrap_or_default() {
        let name = Text(header.name).required("rec.headers[].name")?;
        headers.push(name, header.value.read("rec.headers[].value")?.map(Bytes::copy_from_slice));
    }
    Ok(Event {
        id: owned(Text(record.id).optional("rec.id")?),
        event_type: owned(Text(record.r#type).optional("rec.type")?),
        version: owned(Text(record.version).optional("rec.version")?),
        key: record.key.read("rec.key")?.map(Bytes::copy_from_slice),
        headers,
        payload: payload(record)?,
        partition: partition(record.partition)?,
        timestamp: Some(record.timestamp).filter(|millis| *millis != i64::MIN),
    })
}

fn payload(record: &CRecord) -> Result<Payload> {
    let Some(value) = record.value.read("rec.value")? else { return Ok(Payload::Null) };
    if record.flags & TEST_PROBE_RECORD_RAW != 0 {
        return Ok(Payload::Raw(Bytes::copy_from_slice(value)));
    }
    utf8("rec.value", value)
        .map(|text| Payload::Text(text.to_owned()))
        .map_err(|error| error.hint("bytes that are not text need the flag TEST_PROBE_RECORD_RAW"))
}

fn partition(number: i32) -> Result<Option<i32>> {
    match number {
        -1 => Ok(None),
        0.. => Ok(Some(number)),
        _ => {
            let message = format!("`rec.partition` was {number}, neither -1 nor a partition");
            Err(ProbeError::new(ErrorCode::InvalidArgument, message))
        }
    }
}

/// Reads a time in milliseconds; -1 means the configured one.
pub(super) fn millis(name: &str, value: i64) -> Result<Option<Duration>> {
    match value {
        -1 => Ok(None),
        0..=LONGEST_MS => Ok(Some(Duration::from_millis(value.unsigned_abs()))),
        _ => {
            let message = format!("`{name}` was {value}, not -1 or 0 to {LONGEST_MS} milliseconds");
            Err(ProbeError::new(ErrorCode::InvalidArgument, message).with("argument", name))
        }
    }
}
