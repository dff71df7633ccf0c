//! What crosses the boundary by value. The order of fields is part of the ABI.

use std::ffi::c_char;

use super::error::CError;
use super::events::CEvents;

/// The version of this header's binary interface. It is also the number in the library's soname:
/// a program that was linked against another one does not load.
/// `test_probe_open` (a macro below) and the C++ wrapper refuse a library with another one.
pub const TEST_PROBE_ABI_VERSION: u32 = 1;

/// Record flag: the value's bytes go to the wire as they are, whatever the topic's format.
pub const TEST_PROBE_RECORD_RAW: u32 = 1;

/// Completion kind: there is nothing besides the code. Also of every completion that failed.
pub const TEST_PROBE_RESULT_NONE: i32 = 0;
/// Completion kind: `ack` is filled.
pub const TEST_PROBE_RESULT_ACK: i32 = 1;
/// Completion kind: `events` is filled.
pub const TEST_PROBE_RESULT_EVENTS: i32 = 2;
/// Completion kind: `json` is filled (a mark or a coverage).
pub const TEST_PROBE_RESULT_JSON: i32 = 3;
/// Completion kind: `session` is filled.
pub const TEST_PROBE_RESULT_SESSION: i32 = 4;

/// A probe: the engine with its clusters and workers. A number, never an address; 0 is no probe.
/// May be copied and used from any thread. A stale, foreign or made-up one is
/// TEST_PROBE_INVALID_HANDLE, one from before a fork TEST_PROBE_FORKED.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CProbe {
    /// The handle.
    pub id: u64,
}

/// A session: one test as the engine knows it. As `test_probe_t`, a number.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CSession {
    /// The handle.
    pub id: u64,
}

/// Bytes with their length. `data` NULL means null (with `len` 0), which differs from empty.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CBytes {
    /// The first byte.
    pub data: *const u8,
    /// How many there are.
    pub len: usize,
}

/// UTF-8 text that belongs to another object. NUL-terminated; `len` counts without the NUL and is
/// the truth when the text holds a NUL itself. `data` NULL means that there is none.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CText {
    /// The first byte.
    pub data: *const c_char,
    /// How many there are.
    pub len: usize,
}

/// One header of a record. A name may repeat; the order is kept.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CHeader {
    /// The name, UTF-8, NUL-terminated.
    pub name: *const c_char,
    /// The value; `data` NULL is a null value, which Kafka tells apart from an empty one.
    pub value: CBytes,
}

/// A record to produce. Begin with `test_probe_record_t rec = TEST_PROBE_RECORD_INIT;`.
/// Everything it points to is copied before the call returns.
///
/// The value is written in the topic's format (`format:` of its directive):
/// its bytes are UTF-8 text, which for `json` must parse (TEST_PROBE_ENCODE_FAILED). With the flag
/// TEST_PROBE_RECORD_RAW they may be any bytes, and go to the wire as they are, whatever the format.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CRecord {
    /// `sizeof(test_probe_record_t)`, by which the library knows this header's layout.
    pub struct_size: usize,
    /// The event type (header `ce_type`), UTF-8; NULL for none.
    pub r#type: *const c_char,
    /// The payload version (header `ce_payloadversion`), UTF-8; NULL for none.
    pub version: *const c_char,
    /// The eventTestId by which the test calls this event (header `ce_correlationid`), UTF-8;
    /// NULL for a fresh one, which comes back in the acknowledgement.
    pub id: *const c_char,
    /// The key; `data` NULL for a record without one.
    pub key: CBytes,
    /// The value; `data` NULL is a tombstone.
    pub value: CBytes,
    /// Headers besides the envelope's; NULL when `header_count` is 0.
    pub headers: *const CHeader,
    /// How many there are.
    pub header_count: usize,
    /// The partition, from 0; -1 for the client's choice by key.
    pub partition: i32,
    /// 0 or TEST_PROBE_RECORD_RAW.
    pub flags: u32,
    /// Milliseconds since the epoch; TEST_PROBE_NO_TIMESTAMP for now.
    pub timestamp: i64,
}

/// A broker's acknowledgement of one record.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CAck {
    /// The offset.
    pub offset: i64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// Nanoseconds from the call to the acknowledgement.
    pub latency_ns: i64,
    /// The partition.
    pub partition: i32,
    /// The eventTestId that the record went out with, NUL-terminated: the fresh one when the record
    /// named none. Empty when it is longer than this (then it is the one that the caller gave).
    pub id: [c_char; 64],
}

/// What is known of one received event. Everything in it belongs to the `test_probe_events_t` that
/// it came from and lives as long.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CEvent {
    /// The name of the topic in the session's directives.
    pub topic: CText,
    /// The eventTestId.
    pub id: CText,
    /// The event type.
    pub r#type: CText,
    /// The payload version.
    pub version: CText,
    /// Whose event it is.
    pub test_id: CText,
    /// The raw key; `data` NULL when the record has none.
    pub key: CBytes,
    /// The raw value; `data` NULL for a tombstone.
    pub value: CBytes,
    /// How many headers it has; see `test_probe_events_header`.
    pub header_count: usize,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since the epoch; TEST_PROBE_NO_TIMESTAMP when the record has none.
    pub timestamp: i64,
    /// The partition.
    pub partition: i32,
    /// 0, or the code that says why the value could not be decoded; see `test_probe_events_error`.
    pub error: i32,
    /// Whether the broker set the timestamp (LogAppendTime).
    pub log_append_time: bool,
    /// Whether this session produced it and it was acknowledged.
    pub own: bool,
}

/// How one operation ended. Free with `test_probe_completions_free`.
#[derive(Debug)]
#[repr(C)]
pub struct CCompletion {
    /// What the `..._async` function gave.
    pub operation: u64,
    /// 0, or why it failed.
    pub code: i32,
    /// TEST_PROBE_RESULT_NONE, _ACK, _EVENTS, _JSON or _SESSION: which of the fields below is filled.
    pub kind: i32,
    /// The error when `code` is not 0, else NULL.
    pub error: *mut CError,
    /// Events of a fetch, a journal or an expectation that passed.
    pub events: *mut CEvents,
    /// A mark or a coverage.
    pub json: *mut c_char,
    /// A session that was opened. It is the caller's to close, and stays open after the free.
    pub session: CSession,
    /// An acknowledgement.
    pub ack: CAck,
}
