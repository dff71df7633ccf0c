//! The one place where librdkafka's error codes become ours.
//!
//! Codes are plain numbers here: a broker may answer one that this librdkafka does not know, and
//! the enum of the bindings has no value for it.

use std::ffi::{CStr, c_char, c_int};

use rdkafka_sys::rd_kafka_resp_err_t as E;

use crate::error::{ErrorCode, ProbeError};

/// An error code of librdkafka or of a broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Code(pub(super) c_int);

unsafe extern "C" {
    safe fn rd_kafka_err2str(code: c_int) -> *const c_char;
    safe fn rd_kafka_err2name(code: c_int) -> *const c_char;
}

macro_rules! codes {
    ($($name:ident = $code:ident,)+) => { $(pub(super) const $name: Code = Code(E::$code as c_int);)+ };
}

impl Code {
    codes! {
        NONE = RD_KAFKA_RESP_ERR_NO_ERROR,
        ALL_BROKERS_DOWN = RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
        AUTHENTICATION = RD_KAFKA_RESP_ERR__AUTHENTICATION,
        AUTO_OFFSET_RESET = RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
        BAD_COMPRESSION = RD_KAFKA_RESP_ERR__BAD_COMPRESSION,
        BAD_MSG = RD_KAFKA_RESP_ERR__BAD_MSG,
        DESTROY = RD_KAFKA_RESP_ERR__DESTROY,
        FATAL = RD_KAFKA_RESP_ERR__FATAL,
        FENCED = RD_KAFKA_RESP_ERR__FENCED,
        INVALID_ARG = RD_KAFKA_RESP_ERR__INVALID_ARG,
        MSG_TIMED_OUT = RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
        NO_ENTRY = RD_KAFKA_RESP_ERR__NOENT,
        PARTITION_EOF = RD_KAFKA_RESP_ERR__PARTITION_EOF,
        PURGE_INFLIGHT = RD_KAFKA_RESP_ERR__PURGE_INFLIGHT,
        PURGE_QUEUE = RD_KAFKA_RESP_ERR__PURGE_QUEUE,
        QUEUE_FULL = RD_KAFKA_RESP_ERR__QUEUE_FULL,
        RESOLVE = RD_KAFKA_RESP_ERR__RESOLVE,
        SSL = RD_KAFKA_RESP_ERR__SSL,
        TIMED_OUT = RD_KAFKA_RESP_ERR__TIMED_OUT,
        TIMED_OUT_QUEUE = RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
        TRANSPORT = RD_KAFKA_RESP_ERR__TRANSPORT,
        UNKNOWN_PARTITION_HERE = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
        UNKNOWN_TOPIC_HERE = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        UNSUPPORTED_FEATURE = RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
        WAIT_COORDINATOR = RD_KAFKA_RESP_ERR__WAIT_COORD,

        COORDINATOR_LOADING = RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        COORDINATOR_NOT_AVAILABLE = RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        NOT_COORDINATOR = RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        BROKER_NOT_AVAILABLE = RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        CLUSTER_AUTHORIZATION_FAILED = RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        FENCED_LEADER_EPOCH = RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        GROUP_AUTHORIZATION_FAILED = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        GROUP_ID_NOT_FOUND = RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND,
        INVALID_PRODUCER_EPOCH = RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        INVALID_TOPIC = RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
        LEADER_NOT_AVAILABLE = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        MSG_SIZE_TOO_LARGE = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        NOT_LEADER = RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        OFFSET_NOT_AVAILABLE = RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        PRODUCER_FENCED = RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
        RECORD_LIST_TOO_LARGE = RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        REPLICA_NOT_AVAILABLE = RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        REQUEST_TIMED_OUT = RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        SASL_AUTHENTICATION_FAILED = RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
        STORAGE_ERROR = RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        TOPIC_ALREADY_EXISTS = RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
        TOPIC_AUTHORIZATION_FAILED = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        TRANSACTIONAL_ID_AUTHORIZATION_FAILED = RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        UNKNOWN_LEADER_EPOCH = RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        UNKNOWN_TOPIC_ID = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID,
        UNKNOWN_TOPIC_OR_PARTITION = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        UNSUPPORTED_SASL_MECHANISM = RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
        UNSUPPORTED_VERSION = RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
    }

    /// Returns librdkafka's sentence for the code.
    pub(super) fn text(self) -> String {
        static_text(rd_kafka_err2str(self.0))
    }

    /// Returns the name of the code, as `UNKNOWN_TOPIC_OR_PART`.
    pub(super) fn name(self) -> String {
        static_text(rd_kafka_err2name(self.0))
    }

    /// Returns whether the topic, or that partition of it, is not there.
    pub(super) fn is_unknown_topic(self) -> bool {
        matches!(
            self,
            Self::UNKNOWN_TOPIC_OR_PARTITION
                | Self::UNKNOWN_TOPIC_ID
                | Self::UNKNOWN_TOPIC_HERE
                | Self::UNKNOWN_PARTITION_HERE
        )
    }

    /// Returns whether the broker refused the credentials.
    pub(super) fn is_authentication(self) -> bool {
        matches!(
            self,
            Self::AUTHENTICATION
                | Self::SSL
                | Self::SASL_AUTHENTICATION_FAILED
                | Self::UNSUPPORTED_SASL_MECHANISM
        )
    }

    /// Returns whether the client as a whole will not recover.
    pub(super) fn ends_client(self) -> bool {
        self == Self::FATAL || self.is_authentication()
    }

    /// Returns whether leadership was on the move: the same question may be answered in a moment.
    pub(super) fn is_passing(self) -> bool {
        matches!(
            self,
            Self::NOT_LEADER
                | Self::LEADER_NOT_AVAILABLE
                | Self::BROKER_NOT_AVAILABLE
                | Self::REPLICA_NOT_AVAILABLE
                | Self::OFFSET_NOT_AVAILABLE
                | Self::FENCED_LEADER_EPOCH
                | Self::UNKNOWN_LEADER_EPOCH
                | Self::STORAGE_ERROR
                | Self::TRANSPORT
        )
    }

    /// Returns whether a group's coordinator was on the move or not ready yet.
    pub(super) fn is_coordinator(self) -> bool {
        matches!(self, Self::COORDINATOR_LOADING | Self::COORDINATOR_NOT_AVAILABLE | Self::NOT_COORDINATOR)
    }

    /// Returns our code, or `otherwise` for what has no code of its own.
    pub(super) fn ours(self, otherwise: ErrorCode) -> ErrorCode {
        match self {
            code if code.is_unknown_topic() => ErrorCode::UnknownTopic,
            code if code.is_authentication() => ErrorCode::AuthenticationFailed,
            Self::TOPIC_AUTHORIZATION_FAILED
            | Self::GROUP_AUTHORIZATION_FAILED
            | Self::CLUSTER_AUTHORIZATION_FAILED
            | Self::TRANSACTIONAL_ID_AUTHORIZATION_FAILED => ErrorCode::NotAuthorized,
            Self::MSG_SIZE_TOO_LARGE | Self::RECORD_LIST_TOO_LARGE => ErrorCode::MessageTooLarge,
            Self::TRANSPORT
            | Self::ALL_BROKERS_DOWN
            | Self::RESOLVE
            | Self::TIMED_OUT
            | Self::TIMED_OUT_QUEUE
            | Self::WAIT_COORDINATOR => ErrorCode::BrokerUnreachable,
            Self::FENCED | Self::PRODUCER_FENCED | Self::INVALID_PRODUCER_EPOCH => ErrorCode::ProducerFenced,
            Self::INVALID_ARG | Self::INVALID_TOPIC => ErrorCode::InvalidArgument,
            Self::MSG_TIMED_OUT => ErrorCode::ProduceFailed,
            Self::UNSUPPORTED_FEATURE | Self::UNSUPPORTED_VERSION => ErrorCode::Unsupported,
            Self::DESTROY | Self::PURGE_QUEUE | Self::PURGE_INFLIGHT => ErrorCode::ShuttingDown,
            _ => otherwise,
        }
    }

    /// Makes an error of it: "`what` failed: ...", in librdkafka's or the broker's words.
    pub(super) fn error(self, what: &str, words: Option<&str>, otherwise: ErrorCode) -> ProbeError {
        let words = words.map_or_else(|| self.text(), ToOwned::to_owned);
        ProbeError::new(self.ours(otherwise), format!("{what} failed: {words}"))
            .with("kafka_error", self.name())
            .with("kafka_error_code", self.0)
    }

    /// Makes an error of a record that was not acknowledged. Running out of time says nothing about
    /// a broker that is gone: the record was not accepted in time, for whatever reason.
    pub(super) fn produce_error(self, topic: &str) -> ProbeError {
        let what = format!("producing to `{topic}`");
        let mut error = self.error(&what, None, ErrorCode::ProduceFailed);
        if error.code() == ErrorCode::BrokerUnreachable {
            error = ProbeError::new(ErrorCode::ProduceFailed, error.message())
                .with("kafka_error", self.name())
                .with("kafka_error_code", self.0);
        }
        error.with("topic", topic)
    }
}

fn static_text(text: *const c_char) -> String {
    // SAFETY: both functions return a NUL-terminated string: a constant, or for an unknown code a
    // thread-local buffer that stays as it is until the next call on this thread.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_this_librdkafka_does_not_know_is_an_error_like_any_other() {
        let error = Code(12_345).error("asking", None, ErrorCode::ConsumeFailed);
        assert_eq!(error.code(), ErrorCode::ConsumeFailed);
        assert_eq!(error.context()["kafka_error_code"], 12_345);
    }

    #[test]
    fn a_record_that_ran_out_of_time_failed_to_be_produced_and_may_be_tried_again() {
        for code in [Code::MSG_TIMED_OUT, Code::TIMED_OUT, Code::TRANSPORT, Code::REQUEST_TIMED_OUT] {
            let error = code.produce_error("orders");
            assert_eq!(error.code(), ErrorCode::ProduceFailed, "{error:?}");
            assert!(error.retriable());
        }
    }

    #[test]
    fn codes_that_callers_act_on_have_codes_of_their_own() {
        let of = |code: Code| code.produce_error("orders").code();
        assert_eq!(of(Code::MSG_SIZE_TOO_LARGE), ErrorCode::MessageTooLarge);
        assert_eq!(of(Code::TOPIC_AUTHORIZATION_FAILED), ErrorCode::NotAuthorized);
        assert_eq!(of(Code::UNKNOWN_TOPIC_HERE), ErrorCode::UnknownTopic);
        assert_eq!(of(Code::FENCED), ErrorCode::ProducerFenced);
        assert_eq!(of(Code::PURGE_QUEUE), ErrorCode::ShuttingDown);
        assert_eq!(of(Code::AUTHENTICATION), ErrorCode::AuthenticationFailed);
    }
}
