//! Configurations, lists of partitions, strings and codes on their way in and out of librdkafka.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka_sys as rd;

use super::errors::Code;
use crate::error::{ErrorCode, ProbeError, Result};

// The bindings return these as a Rust enum, which must not hold a code that it does not know.
unsafe extern "C" {
    pub(super) fn rd_kafka_event_error(event: *mut rd::rd_kafka_event_t) -> c_int;
    pub(super) fn rd_kafka_error_code(error: *const rd::rd_kafka_error_t) -> c_int;
    pub(super) fn rd_kafka_topic_result_error(result: *const rd::rd_kafka_topic_result_t) -> c_int;
}

/// Reads an error code out of a structure of librdkafka without making an enum of it.
///
/// # Safety
/// `field` points to an initialised code.
pub(super) unsafe fn code_at(field: *const rd::rd_kafka_resp_err_t) -> Code {
    // SAFETY: the enum is a C `int`, as the caller promises an initialised one.
    Code(unsafe { field.cast::<c_int>().read() })
}

/// A list of partitions, freed when it is dropped.
#[derive(Debug)]
pub(super) struct PartitionList(NonNull<rd::rd_kafka_topic_partition_list_t>);

// SAFETY: the list is plain memory with one owner.
unsafe impl Send for PartitionList {}

impl PartitionList {
    /// Makes an empty list.
    pub(super) fn new() -> Self {
        // SAFETY: allocates; librdkafka ends the process rather than returning null.
        let list = unsafe { rd::rd_kafka_topic_partition_list_new(1) };
        Self(NonNull::new(list).expect("librdkafka allocates or ends the process"))
    }

    /// Adds a partition with an offset.
    pub(super) fn add(&mut self, topic: &CStr, partition: i32, offset: i64, epoch: Option<i32>) {
        // SAFETY: the list and the topic live; the element is the list's, written before it grows.
        unsafe {
            let element = rd::rd_kafka_topic_partition_list_add(self.raw(), topic.as_ptr(), partition);
            (*element).offset = offset;
            if let Some(epoch) = epoch {
                rd::rd_kafka_topic_partition_set_leader_epoch(element, epoch);
            }
        }
    }

    /// Returns the raw list, valid as long as `self`.
    pub(super) fn raw(&self) -> *mut rd::rd_kafka_topic_partition_list_t {
        self.0.as_ptr()
    }
}

impl Drop for PartitionList {
    fn drop(&mut self) {
        // SAFETY: the list is owned and not used again.
        unsafe { rd::rd_kafka_topic_partition_list_destroy(self.raw()) };
    }
}

/// A configuration on its way into a client.
#[derive(Debug)]
pub(super) struct Conf(pub(super) NonNull<rd::rd_kafka_conf_t>);

impl Conf {
    /// Makes a configuration with librdkafka's defaults and these kinds of events.
    pub(super) fn new(events: c_int) -> Self {
        // SAFETY: allocates; librdkafka ends the process rather than returning null.
        let conf = NonNull::new(unsafe { rd::rd_kafka_conf_new() }).expect("librdkafka allocates");
        // SAFETY: the configuration lives.
        unsafe { rd::rd_kafka_conf_set_events(conf.as_ptr(), events) };
        Self(conf)
    }

    /// Sets a property. The error names the property and never shows its value.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let refused = |why: &str| {
            ProbeError::new(ErrorCode::InvalidConfig, format!("the Kafka client {why} property `{name}`"))
                .with("property", name)
        };
        let (Ok(c_name), Ok(c_value)) = (CString::new(name), CString::new(value)) else {
            return Err(refused("cannot take a NUL byte in"));
        };
        // SAFETY: all pointers live; without a buffer no text is written (it could show the value).
        let set = unsafe {
            rd::rd_kafka_conf_set(self.0.as_ptr(), c_name.as_ptr(), c_value.as_ptr(), ptr::null_mut(), 0)
        };
        match set {
            rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => Ok(()),
            rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN => Err(refused("does not know")),
            rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_INVALID => Err(refused("did not accept the value of")),
        }
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        // SAFETY: the configuration is owned: no client took it.
        unsafe { rd::rd_kafka_conf_destroy(self.0.as_ptr()) };
    }
}

/// Copies a C string; empty for null.
///
/// # Safety
/// `raw` is null or points to a string that ends in NUL.
pub(super) unsafe fn text(raw: *const c_char) -> String {
    if raw.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(raw) }.to_string_lossy().into_owned()
}

/// Makes a C string of a caller's text.
pub(super) fn c_string(what: &str, text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| {
        ProbeError::new(
            ErrorCode::InvalidArgument,
            format!("{what} `{}` had a NUL byte", text.escape_debug()),
        )
    })
}

/// Returns a time as librdkafka takes it, rounded up.
pub(super) fn millis(time: Duration) -> c_int {
    c_int::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
}

/// Copies the text that librdkafka wrote into a buffer.
pub(super) fn from_buffer(buffer: &[c_char]) -> String {
    let bytes: Vec<u8> =
        buffer.iter().take_while(|byte| **byte != 0).map(|byte| byte.cast_unsigned()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
