//! What the clients of one broker object say about themselves: logs go to `tracing`, and the last
//! problem is kept for errors that must name a cause.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka_sys as rd;

use super::errors::Code;
use super::native::Event;
use super::values::text;
use crate::error::{ErrorCode, ProbeError};

/// The last problem with a connection, shared by all clients of a broker object.
#[derive(Debug, Clone, Default)]
pub(super) struct Problems(Arc<Mutex<Option<ProbeError>>>);

/// An error that a client raised about itself.
#[derive(Debug)]
pub(super) struct ClientError {
    pub(super) error: ProbeError,
    /// The client will not recover.
    pub(super) fatal: bool,
}

impl Problems {
    /// Returns the last problem since the last answer.
    pub(super) fn last(&self) -> Option<ProbeError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets: a broker answered.
    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Takes a log or an error. Answers `None` for what mends itself and for other events.
    pub(super) fn hear(&self, event: &Event) -> Option<ClientError> {
        match event.kind() {
            rd::RD_KAFKA_EVENT_LOG => {
                self.log(event);
                None
            }
            rd::RD_KAFKA_EVENT_ERROR => self.raise(event.error(), &event.error_text()),
            _ => None,
        }
    }

    /// Takes an error of a client as a whole.
    pub(super) fn raise(&self, code: Code, words: &str) -> Option<ClientError> {
        let error = code.error("the Kafka client's connection", Some(words), ErrorCode::BrokerUnreachable);
        // That all brokers are down is said after the reason for each, and says less.
        if code != Code::ALL_BROKERS_DOWN || self.last().is_none() {
            self.note(error.clone());
        }
        let fatal = code.ends_client();
        (fatal || error.code() == ErrorCode::NotAuthorized).then_some(ClientError { error, fatal })
    }

    fn note(&self, error: ProbeError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn log(&self, event: &Event) {
        const ERROR: c_int = 3;
        const WARNING: c_int = 4;
        const INFO: c_int = 6;
        let (mut facility, mut line): (*const c_char, *const c_char) = (ptr::null(), ptr::null());
        let mut level: c_int = INFO;
        // SAFETY: the event is a log and lives; the strings are its own.
        let (facility, line) = unsafe {
            if rd::rd_kafka_event_log(event.raw(), &raw mut facility, &raw mut line, &raw mut level) != 0 {
                return;
            }
            (text(facility), text(line))
        };
        match level {
            ..=ERROR => tracing::error!(target: "librdkafka", facility, "{line}"),
            WARNING => tracing::warn!(target: "librdkafka", facility, "{line}"),
            5..=INFO => tracing::info!(target: "librdkafka", facility, "{line}"),
            _ => tracing::debug!(target: "librdkafka", facility, "{line}"),
        }
        if level <= ERROR && facility == "FAIL" {
            self.note(ProbeError::new(
                ErrorCode::BrokerUnreachable,
                format!("the Kafka client's connection failed: {line}"),
            ));
        }
    }
}
