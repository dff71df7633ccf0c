//! A message of librdkafka lent out as a record.

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::slice;

use rdkafka_sys as rd;
use rdkafka_sys::rd_kafka_timestamp_type_t as TimestampType;
use smallvec::SmallVec;

use super::errors::Code;
use super::values::code_at;
use crate::broker::RecordRef;

/// Messages that were drained and are freed one by one, the rest when this is dropped.
#[derive(Debug)]
pub(super) struct Drained<'a> {
    messages: &'a [*mut rd::rd_kafka_message_t],
}

impl<'a> Drained<'a> {
    /// Takes over messages.
    ///
    /// # Safety
    /// They are messages that librdkafka handed out and nobody else frees.
    pub(super) unsafe fn new(messages: &'a [*mut rd::rd_kafka_message_t]) -> Self {
        Self { messages }
    }
}

impl Iterator for Drained<'_> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let (first, rest) = self.messages.split_first()?;
        self.messages = rest;
        Some(Message(*first))
    }
}

impl Drop for Drained<'_> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

/// Headers on the stack.
type Headers<'m, Name> = SmallVec<[(Name, Option<&'m [u8]>); 8]>;

/// A message: a record, or something that happened to a partition.
#[derive(Debug)]
pub(super) struct Message(*mut rd::rd_kafka_message_t);

impl Message {
    /// Returns the error, or `NONE` for a record.
    pub(super) fn code(&self) -> Code {
        // SAFETY: the message lives.
        unsafe { code_at(ptr::addr_of!((*self.0).err)) }
    }

    /// Returns the topic's address, which names it as long as one of its partitions is assigned.
    pub(super) fn topic_address(&self) -> usize {
        // SAFETY: the message lives.
        unsafe { (*self.0).rkt as usize }
    }

    /// Returns the topic's name, or `None` for what concerns the whole client.
    pub(super) fn topic(&self) -> Option<&str> {
        // SAFETY: the message lives and keeps its topic alive.
        unsafe {
            let topic = (*self.0).rkt;
            if topic.is_null() { None } else { CStr::from_ptr(rd::rd_kafka_topic_name(topic)).to_str().ok() }
        }
    }

    /// Returns the partition.
    pub(super) fn partition(&self) -> i32 {
        // SAFETY: the message lives.
        unsafe { (*self.0).partition }
    }

    /// Returns the offset of the record or of what happened.
    pub(super) fn offset(&self) -> i64 {
        // SAFETY: the message lives.
        unsafe { (*self.0).offset }
    }

    /// Returns the words of an error.
    pub(super) fn words(&self) -> String {
        // SAFETY: the message lives; the text of an error is in its payload.
        String::from_utf8_lossy(unsafe { bytes((*self.0).payload, (*self.0).len) }.unwrap_or_default())
            .into_owned()
    }

    /// Lends the record out. librdkafka makes the headers when they are first asked for, inside the
    /// message: hence `&mut`, and nothing of them may be kept.
    pub(super) fn lend(&mut self, slot: u32, take: impl FnOnce(&RecordRef<'_>)) {
        let mut kind = TimestampType::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message lives, and everything that is borrowed from it until `take` returns.
        let (timestamp, key, value, raw_headers) = unsafe {
            let timestamp = rd::rd_kafka_message_timestamp(self.0, &raw mut kind);
            let key = bytes((*self.0).key, (*self.0).key_len);
            let value = bytes((*self.0).payload, (*self.0).len);
            (timestamp, key, value, self.headers())
        };
        let headers: Headers<'_, &str> =
            raw_headers.iter().map(|(name, value)| (name.as_ref(), *value)).collect();
        take(&RecordRef {
            slot,
            offset: self.offset(),
            timestamp: (kind != TimestampType::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE).then_some(timestamp),
            log_append_time: kind == TimestampType::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
            key,
            value,
            headers: &headers,
        });
    }

    /// # Safety
    /// What is returned is used only while `self` is borrowed by the caller.
    unsafe fn headers<'m>(&self) -> Headers<'m, Cow<'m, str>> {
        let mut found = SmallVec::new();
        let mut headers = ptr::null_mut();
        // SAFETY: the message lives and owns the headers and all that they point to.
        unsafe {
            if Code(rd_kafka_message_headers(self.0, &raw mut headers)) != Code::NONE {
                return found;
            }
            let (mut name, mut value, mut size): (*const c_char, *const c_void, usize) =
                (ptr::null(), ptr::null(), 0);
            for index in 0.. {
                let code =
                    rd_kafka_header_get_all(headers, index, &raw mut name, &raw mut value, &raw mut size);
                if Code(code) != Code::NONE {
                    break;
                }
                found.push((CStr::from_ptr(name).to_string_lossy(), bytes(value, size)));
            }
        }
        found
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: the message is owned and not used again.
        unsafe { rd::rd_kafka_message_destroy(self.0) };
    }
}

// A number in place of the bindings' enum, see `errors`.
unsafe extern "C" {
    fn rd_kafka_message_headers(
        message: *const rd::rd_kafka_message_t,
        headers: *mut *mut rd::rd_kafka_headers_t,
    ) -> std::ffi::c_int;
    fn rd_kafka_header_get_all(
        headers: *const rd::rd_kafka_headers_t,
        index: usize,
        name: *mut *const c_char,
        value: *mut *const c_void,
        size: *mut usize,
    ) -> std::ffi::c_int;
}

/// # Safety
/// `data` is null or points to `len` bytes that live for `'m`.
unsafe fn bytes<'m>(data: *const c_void, len: usize) -> Option<&'m [u8]> {
    // SAFETY: as the caller promises.
    (!data.is_null()).then(|| unsafe { slice::from_raw_parts(data.cast(), len) })
}
