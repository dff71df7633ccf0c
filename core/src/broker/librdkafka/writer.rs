//! The producer: records go in with a token, delivery reports bring the token back.

use std::collections::VecDeque;
use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::time::Duration;

use bytes::Bytes;
use rdkafka_sys as rd;
use rdkafka_sys::rd_kafka_msg_status_t as Status;
use rdkafka_sys::rd_kafka_timestamp_type_t as TimestampType;
use rdkafka_sys::rd_kafka_vtype_t as Type;
use smallvec::{SmallVec, smallvec};

use super::admin::warm_up;
use super::config::LibrdkafkaConfig;
use super::errors::Code;
use super::native::{Client, Event, Kind};
use super::problems::Problems;
use super::values::{c_string, code_at, from_buffer, rd_kafka_error_code, text};
use crate::broker::{Delivered, Delivery, OutgoingRecord, SendError, Wake, Writer, WriterOptions};
use crate::error::{ErrorCode, ProbeError, Result};

/// librdkafka copies key and value.
const COPY: c_int = 2;

/// After this many deliveries a poll lets the caller handle them first.
const ENOUGH: usize = 1_000;

type Argument = rd::rd_kafka_vu_t;
type Value = rd::rd_kafka_vu_s__bindgen_ty_1;
type Memory = rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1;
type Header = rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_2;

/// A producer of its own, idempotent.
#[derive(Debug)]
pub(super) struct RdWriter {
    client: Client,
    problems: Problems,
    /// Deliveries of an event that were more than one poll hands out.
    rest: VecDeque<Delivery>,
}

impl RdWriter {
    /// Starts the producer, and lets it find the cluster and get its id: neither waits for the
    /// first record.
    pub(super) fn open(
        config: &LibrdkafkaConfig,
        options: WriterOptions,
        wake: &Wake,
        problems: Problems,
    ) -> Result<Self> {
        let client = Client::start(Kind::Producer, config.writer(options)?, Some(wake))?;
        warm_up(&client);
        Ok(Self { client, problems, rest: VecDeque::new() })
    }

    /// Returns why a client that failed for good did so, in place of "it failed".
    fn underlying(&self, code: Code) -> (Code, Option<String>) {
        if code != Code::FATAL {
            return (code, None);
        }
        let mut words = [0 as c_char; 512];
        // SAFETY: the client lives and `words` is as long as it says.
        let cause = unsafe { rd_kafka_fatal_error(self.client.raw(), words.as_mut_ptr(), words.len()) };
        (Code(cause), Some(from_buffer(&words)))
    }

    fn read_event(&mut self, event: &Event) {
        if event.kind() != rd::RD_KAFKA_EVENT_DR {
            // A problem of the client shows in its deliveries.
            let _ = self.problems.hear(event);
            return;
        }
        loop {
            // SAFETY: the event lives and owns the messages that it walks through.
            let message = unsafe { rd::rd_kafka_event_message_next(event.raw()) };
            if message.is_null() {
                break;
            }
            // SAFETY: the message is the event's.
            let delivery = unsafe { self.read_report(message) };
            self.rest.push_back(delivery);
        }
    }

    /// # Safety
    /// `message` is one of a delivery report that lives.
    unsafe fn read_report(&self, message: *const rd::rd_kafka_message_t) -> Delivery {
        let mut kind = TimestampType::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: as the caller promises; the opaque is a number and not followed.
        unsafe {
            let token = (*message)._private as usize as u64;
            let code = code_at(ptr::addr_of!((*message).err));
            if code == Code::NONE {
                self.problems.clear();
                let timestamp = rd::rd_kafka_message_timestamp(message, &raw mut kind);
                let known = kind != TimestampType::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp >= 0;
                let timestamp = known.then_some(timestamp);
                let delivered =
                    Delivered { partition: (*message).partition, offset: (*message).offset, timestamp };
                return Delivery { token, result: Ok(delivered) };
            }
            let topic = text(rd::rd_kafka_topic_name((*message).rkt));
            let certainty = match rd::rd_kafka_message_status(message) {
                Status::RD_KAFKA_MSG_STATUS_NOT_PERSISTED => "none",
                Status::RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED | Status::RD_KAFKA_MSG_STATUS_PERSISTED => {
                    "unknown"
                }
            };
            Delivery { token, result: Err(self.error(code, &topic).with("delivery", certainty)) }
        }
    }

    fn error(&self, code: Code, topic: &str) -> ProbeError {
        let (code, words) = self.underlying(code);
        let mut error = code.produce_error(topic);
        if let Some(words) = words {
            error = error.with("fatal", words);
        }
        match self.problems.last() {
            Some(problem) if error.code() == ErrorCode::ProduceFailed => error.caused_by(problem),
            _ => error,
        }
    }
}

impl Writer for RdWriter {
    fn send(&mut self, record: &OutgoingRecord, token: u64) -> Result<(), SendError> {
        let refused = |error: ProbeError| SendError::Failed(error.with("delivery", "none"));
        let topic = c_string("topic", &record.topic).map_err(refused)?;
        let names = record.headers.iter().map(|(name, _)| c_string("header", name));
        let names = names.collect::<Result<SmallVec<[CString; 8]>>>().map_err(refused)?;
        let mut arguments: SmallVec<[Argument; 16]> = smallvec![
            argument(Type::RD_KAFKA_VTYPE_TOPIC, Value { cstr: topic.as_ptr() }),
            argument(Type::RD_KAFKA_VTYPE_MSGFLAGS, Value { i: COPY }),
            argument(Type::RD_KAFKA_VTYPE_OPAQUE, Value { ptr: token as usize as *mut c_void }),
            argument(Type::RD_KAFKA_VTYPE_KEY, memory(record.key.as_ref())),
            argument(Type::RD_KAFKA_VTYPE_VALUE, memory(record.value.as_ref())),
        ];
        if let Some(partition) = record.partition {
            arguments.push(argument(Type::RD_KAFKA_VTYPE_PARTITION, Value { i32_: partition }));
        }
        if let Some(timestamp) = record.timestamp {
            arguments.push(argument(Type::RD_KAFKA_VTYPE_TIMESTAMP, Value { i64_: timestamp }));
        }
        for (name, (_, value)) in names.iter().zip(&record.headers) {
            let (val, size) = pointer(value.as_ref());
            let size = isize::try_from(size).unwrap_or(isize::MAX);
            let header = Header { name: name.as_ptr(), val, size };
            arguments.push(argument(Type::RD_KAFKA_VTYPE_HEADER, Value { header }));
        }
        // SAFETY: the arguments and all that they point to live through the call, which copies.
        let error = unsafe { rd::rd_kafka_produceva(self.client.raw(), arguments.as_ptr(), arguments.len()) };
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the error is owned, read and then freed.
        let code = unsafe {
            let code = Code(rd_kafka_error_code(error));
            rd::rd_kafka_error_destroy(error);
            code
        };
        if code == Code::QUEUE_FULL {
            return Err(SendError::Full);
        }
        Err(refused(self.error(code, &record.topic)))
    }

    fn poll(&mut self, out: &mut Vec<Delivery>) -> bool {
        // Before the queue is drained: what comes later rings again.
        self.client.events().take_rung();
        let mut room = ENOUGH;
        loop {
            let taken = self.rest.len().min(room);
            out.extend(self.rest.drain(..taken));
            room -= taken;
            if room == 0 {
                return true;
            }
            match self.client.events().next_event(Duration::ZERO) {
                Some(event) => self.read_event(&event),
                None => return false,
            }
        }
    }
}

// A number in place of the bindings' enum, see `errors`.
unsafe extern "C" {
    fn rd_kafka_fatal_error(rk: *mut rd::rd_kafka_t, words: *mut c_char, size: usize) -> c_int;
}

fn argument(vtype: Type, u: Value) -> Argument {
    Argument { vtype, u }
}

/// Null for a record without the key or value; an empty one is not null.
fn memory(bytes: Option<&Bytes>) -> Value {
    let (ptr, size) = pointer(bytes);
    Value { mem: Memory { ptr: ptr.cast_mut(), size } }
}

fn pointer(bytes: Option<&Bytes>) -> (*const c_void, usize) {
    bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr().cast(), bytes.len()))
}
