//! One list of error codes for every language, and the error type that carries them.
//!
//! The C header, `codes.py`, `ErrorCode.java` and `tests/vectors/error_codes.json` are generated from [`ErrorCode`];
//! `cargo run -p xtask -- codegen` renews them and a test fails when one is stale.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

/// What kind of trouble an [`ErrorCode`] names. Decides the exception class of each language
/// and whether a test counts as failed or as in error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// 1xxx: the caller asked for something that cannot be.
    Usage,
    /// 2xxx: the system under test did not do what was expected. The only *failure*.
    Expectation,
    /// 25xx: the engine cannot know. Never a pass, never a failure.
    Inconclusive,
    /// 3xxx: Kafka said no, or did not answer.
    Kafka,
    /// 4xxx: a schema, its registry or a payload that breaks it.
    Schema,
    /// 5xxx: the call ended because something was closed, cancelled, full or late.
    Lifecycle,
    /// 9xxx: ours. Please report.
    Internal,
}

impl Category {
    /// Returns the name used in documents and generated files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Expectation => "expectation",
            Self::Inconclusive => "inconclusive",
            Self::Kafka => "kafka",
            Self::Schema => "schema",
            Self::Lifecycle => "lifecycle",
            Self::Internal => "internal",
        }
    }
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal, $name:literal, $retriable:literal;)+) => {
        /// The one list of error codes (design: "Errors"). Numbers never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i32)]
        pub enum ErrorCode { $($(#[doc = $doc])+ $variant = $number,)+ }

        impl ErrorCode {
            /// Every code in the order of its number.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)+];

            /// Returns the name that documents, headers and bindings use, as `UNKNOWN_TOPIC`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Returns the one sentence that generated files carry.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+).trim_ascii(),)+ }
            }

            /// Returns whether the same call may succeed later without a change by the caller.
            #[must_use]
            pub const fn retriable(self) -> bool {
                match self { $(Self::$variant => $retriable,)+ }
            }
        }
    };
}

error_codes! {
    /// An argument was missing, malformed or out of range.
    InvalidArgument = 1001, "INVALID_ARGUMENT", false;
    /// A topic directive did not validate.
    InvalidDirective = 1002, "INVALID_DIRECTIVE", false;
    /// Two directives of a session had the same name.
    DuplicateTopic = 1003, "DUPLICATE_TOPIC", false;
    /// Bootstrap servers were not a list of host:port.
    InvalidBootstrapServers = 1004, "INVALID_BOOTSTRAP_SERVERS", false;
    /// The configuration did not validate.
    InvalidConfig = 1005, "INVALID_CONFIG", false;
    /// A cluster was named that the configuration does not have.
    UnknownCluster = 1006, "UNKNOWN_CLUSTER", false;
    /// A principal was named that the configuration does not have, under strict principals.
    UnknownPrincipal = 1007, "UNKNOWN_PRINCIPAL", false;
    /// No worker was registered for this test id, topic and role.
    ActorNotRegistered = 1008, "ACTOR_NOT_REGISTERED", false;
    /// The static DSL was used before a probe was registered, or after it was closed.
    DslNotInitialized = 1009, "DSL_NOT_INITIALIZED", false;
    /// A handle was stale, closed twice or of another kind.
    InvalidHandle = 1010, "INVALID_HANDLE", false;
    /// The session was closed.
    SessionClosed = 1011, "SESSION_CLOSED", false;
    /// The request is understood and not supported.
    Unsupported = 1012, "UNSUPPORTED", false;
    /// The probe was made in another process, before a fork.
    Forked = 1013, "FORKED", false;
    /// The call is not possible on this thread.
    WrongThread = 1014, "WRONG_THREAD", false;

    /// The expected event provably did not come.
    ExpectationTimeout = 2001, "EXPECTATION_TIMEOUT", false;
    /// An event came that was forbidden.
    UnexpectedEvent = 2002, "UNEXPECTED_EVENT", false;
    /// Another number of events came than was expected.
    WrongCount = 2003, "WRONG_COUNT", false;
    /// The events came in another order.
    WrongOrder = 2004, "WRONG_ORDER", false;
    /// An event came more than once.
    DuplicateEvent = 2005, "DUPLICATE_EVENT", false;
    /// An acknowledged event was lost.
    AckedEventLost = 2006, "ACKED_EVENT_LOST", false;

    /// The reader had not reached the end offset that was taken after the deadline.
    NotCovered = 2501, "NOT_COVERED", true;
    /// A record that might have matched could not be decoded.
    Undecodable = 2502, "UNDECODABLE", false;
    /// A record that meets every other condition carries no test id.
    NotAttributable = 2503, "NOT_ATTRIBUTABLE", false;
    /// Records were gone before they were read.
    ReadGap = 2504, "READ_GAP", true;
    /// The cluster behind the bootstrap servers became another one.
    ClusterMoved = 2505, "CLUSTER_MOVED", true;

    /// No broker answered in time.
    BrokerUnreachable = 3001, "BROKER_UNREACHABLE", true;
    /// The broker refused the credentials.
    AuthenticationFailed = 3002, "AUTHENTICATION_FAILED", false;
    /// The principal lacks a right.
    NotAuthorized = 3003, "NOT_AUTHORIZED", false;
    /// The topic does not exist.
    UnknownTopic = 3004, "UNKNOWN_TOPIC", true;
    /// The broker did not accept the record.
    ProduceFailed = 3005, "PRODUCE_FAILED", true;
    /// Records could not be fetched.
    ConsumeFailed = 3006, "CONSUME_FAILED", true;
    /// The record is larger than the broker or the client allows.
    MessageTooLarge = 3007, "MESSAGE_TOO_LARGE", false;
    /// The topic could not be created.
    TopicCreateFailed = 3008, "TOPIC_CREATE_FAILED", false;
    /// Another producer took over this producer's identity.
    ProducerFenced = 3009, "PRODUCER_FENCED", false;
    /// Offsets could not be committed.
    CommitFailed = 3010, "COMMIT_FAILED", true;

    /// The schema registry did not answer.
    RegistryUnreachable = 4001, "REGISTRY_UNREACHABLE", true;
    /// The registry does not have the schema.
    SchemaNotFound = 4002, "SCHEMA_NOT_FOUND", false;
    /// The schema is not compatible with its subject.
    SchemaIncompatible = 4003, "SCHEMA_INCOMPATIBLE", false;
    /// The value could not be written in the topic's format.
    EncodeFailed = 4004, "ENCODE_FAILED", false;
    /// The record could not be read in the topic's format.
    DecodeFailed = 4005, "DECODE_FAILED", false;
    /// Calls to the registry are suspended after repeated failures.
    CircuitOpen = 4006, "CIRCUIT_OPEN", true;

    /// The call was cancelled.
    Cancelled = 5001, "CANCELLED", false;
    /// The probe is closing or closed.
    ShuttingDown = 5002, "SHUTTING_DOWN", false;
    /// A limit was reached.
    Overloaded = 5003, "OVERLOADED", true;
    /// The call did not end within its time.
    TimedOut = 5004, "TIMED_OUT", true;

    /// A panic was caught at the boundary or in a worker.
    Panic = 9001, "PANIC", false;
    /// An invariant of the engine did not hold.
    Internal = 9002, "INTERNAL", false;
}

impl ErrorCode {
    /// Returns the number that crosses every boundary.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// Returns the code of a number, or `None` for a number that no code has.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }

    /// Returns the category, which follows from the number's range alone.
    #[must_use]
    pub const fn category(self) -> Category {
        match self.number() {
            1000..=1999 => Category::Usage,
            2500..=2999 => Category::Inconclusive,
            2000..=2499 => Category::Expectation,
            3000..=3999 => Category::Kafka,
            4000..=4999 => Category::Schema,
            5000..=5999 => Category::Lifecycle,
            _ => Category::Internal,
        }
    }
}

/// Returns the kind of an error as counts and metrics name it: `network_timeout`, `connection_refused`, `network_io`,
/// `schema_not_found`, `auth_failure`, `incompatible_schema`, `serialization_error` or `unknown`.
#[must_use]
pub const fn classify_error(code: ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        E::TimedOut | E::NotCovered => "network_timeout",
        E::BrokerUnreachable | E::RegistryUnreachable | E::CircuitOpen => "connection_refused",
        E::ProduceFailed | E::ConsumeFailed | E::CommitFailed | E::ClusterMoved => "network_io",
        E::SchemaNotFound => "schema_not_found",
        E::AuthenticationFailed | E::NotAuthorized => "auth_failure",
        E::SchemaIncompatible => "incompatible_schema",
        E::EncodeFailed | E::DecodeFailed | E::Undecodable => "serialization_error",
        E::InvalidArgument
        | E::InvalidDirective
        | E::DuplicateTopic
        | E::InvalidBootstrapServers
        | E::InvalidConfig
        | E::UnknownCluster
        | E::UnknownPrincipal
        | E::ActorNotRegistered
        | E::DslNotInitialized
        | E::InvalidHandle
        | E::SessionClosed
        | E::Unsupported
        | E::Forked
        | E::WrongThread
        | E::ExpectationTimeout
        | E::UnexpectedEvent
        | E::WrongCount
        | E::WrongOrder
        | E::DuplicateEvent
        | E::AckedEventLost
        | E::NotAttributable
        | E::ReadGap
        | E::UnknownTopic
        | E::MessageTooLarge
        | E::TopicCreateFailed
        | E::ProducerFenced
        | E::Cancelled
        | E::ShuttingDown
        | E::Overloaded
        | E::Panic
        | E::Internal => "unknown",
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The result of everything that can fail.
pub type Result<T, E = ProbeError> = std::result::Result<T, E>;

/// The one error of the engine: a code, what happened, where, and what to do about it.
///
/// ```
/// use test_probe::{ErrorCode, ProbeError};
/// let error = ProbeError::new(ErrorCode::UnknownTopic, "topic `orders` does not exist")
///     .with("topic", "orders")
///     .hint("create it, or set `missing: wait`");
/// assert_eq!(error.code().number(), 3004);
/// assert_eq!(error.to_string(), "topic `orders` does not exist\nhint: create it, or set `missing: wait`");
/// ```
#[derive(Clone, PartialEq)]
pub struct ProbeError(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    code: ErrorCode,
    message: String,
    hint: Option<String>,
    context: BTreeMap<&'static str, Value>,
    source: Option<ProbeError>,
}

impl ProbeError {
    /// Makes an error. The message is lower case, past tense, on one line, values in backticks;
    /// a verdict's message is its whole explanation.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            hint: None,
            context: BTreeMap::new(),
            source: None,
        }))
    }

    /// Adds one fact under a stable key, for programs.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.0.context.insert(key, value.into());
        self
    }

    /// Adds what the reader can do about it; shown on a line of its own.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the error that led to this one.
    #[must_use]
    pub fn caused_by(mut self, source: ProbeError) -> Self {
        self.0.source = Some(source);
        self
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Returns the message without its hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the hint.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns the facts.
    #[must_use]
    pub fn context(&self) -> &BTreeMap<&'static str, Value> {
        &self.0.context
    }

    /// Returns the error that led to this one.
    #[must_use]
    pub fn cause(&self) -> Option<&ProbeError> {
        self.0.source.as_ref()
    }

    /// Returns whether the same call may succeed later.
    #[must_use]
    pub fn retriable(&self) -> bool {
        self.0.code.retriable()
    }

    /// Returns the error as the document that crosses every boundary:
    /// `{code, name, category, message, hint, retriable, context, source}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "code": self.0.code.number(),
            "name": self.0.code.name(),
            "category": self.0.code.category().name(),
            "message": self.0.message,
            "hint": self.0.hint,
            "retriable": self.retriable(),
            "context": self.0.context,
            "source": self.0.source.as_ref().map(ProbeError::to_json),
        })
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {self}", self.0.code.name(), self.0.code.number())?;
        for (key, value) in &self.0.context {
            write!(f, "\n  {key}: {value}")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, "\ncaused by: {source:?}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ProbeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_number_and_numbers_ascend() {
        let numbers: Vec<i32> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), Some(*code));
        }
        assert_eq!(ErrorCode::from_number(0), None);
    }

    #[test]
    fn every_code_is_that_of_its_vector() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/vectors/error_codes.json")).unwrap();
        let mut ran = crate::parity::Ran::new("error_codes.json", "codes");
        let codes = vectors["codes"].as_array().unwrap();
        for (vector, code) in codes.iter().zip(ErrorCode::ALL) {
            ran.note(vector);
            let ours = json!({
                "category": code.category().name(), "code": code.number(), "name": code.name(),
                "retriable": code.retriable(), "summary": code.summary(),
            });
            assert_eq!(ours, *vector);
        }
        assert_eq!(codes.len(), ErrorCode::ALL.len());
        ran.write();
    }

    #[test]
    fn inconclusive_is_neither_a_failure_nor_a_pass() {
        assert_eq!(ErrorCode::NotCovered.category(), Category::Inconclusive);
        assert_eq!(ErrorCode::ExpectationTimeout.category(), Category::Expectation);
    }
}
