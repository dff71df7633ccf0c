//! The server's side of SASL, as Kafka speaks it. A mechanism is a state machine over messages; what its words
//! mean to a connection is decided here, and what a connection may send when is the gate's.
//!
//! The texts that clients are told are Kafka's, because clients show them and tests match them.

mod oauthbearer;
mod plain;
mod scram;

use std::sync::Arc;

pub(crate) use scram::{ScramCredentials, ScramHash};

use super::{Principal, Security};

/// A way to authenticate, with the name that Kafka and IANA give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// Name and password as they are (RFC 4616).
    Plain,
    /// A proof of the password over SHA-256 (RFC 5802, RFC 7677).
    ScramSha256,
    /// A proof of the password over SHA-512.
    ScramSha512,
    /// A bearer token (RFC 7628, KIP-255).
    OAuthBearer,
}

impl Mechanism {
    /// All mechanisms that there are.
    pub const ALL: [Self; 4] = [Self::Plain, Self::ScramSha256, Self::ScramSha512, Self::OAuthBearer];

    /// Returns the registered name, such as `SCRAM-SHA-256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }

    /// Returns the mechanism with this name; case matters, as in Kafka.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name() == name)
    }
}

impl std::fmt::Display for Mechanism {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a mechanism made of a message.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The client has to answer this.
    Challenge(Vec<u8>),
    /// The client is who it says.
    Accepted {
        reply: Vec<u8>,
        name: String,
        /// When what it showed is no longer good, in milliseconds of the wall clock.
        expires_ms: Option<i64>,
    },
    /// The client is refused, and told why.
    Told(String),
    /// The client is refused and told no more than that; the reason is for the log.
    Untold(&'static str),
}

enum Exchange {
    Plain,
    Scram(Box<scram::Exchange>),
    OAuthBearer(oauthbearer::Exchange),
}

/// What became of a token that the client sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The client has to answer this.
    Continue(Vec<u8>),
    /// The client is authenticated, for so many milliseconds or for ever.
    Done { bytes: Vec<u8>, principal: Principal, lifetime_ms: Option<i64> },
    /// The client is told this; then its connection ends.
    Failed { message: String },
}

/// Authenticates one connection, any number of times (KIP-368).
pub(crate) struct Authenticator {
    security: Arc<Security>,
    exchange: Option<(Mechanism, Exchange)>,
    established: Option<(Mechanism, Principal)>,
}

impl Authenticator {
    pub(crate) fn new(security: Arc<Security>) -> Self {
        Self { security, exchange: None, established: None }
    }

    /// Returns the names of the mechanisms that clients may choose from.
    pub(crate) fn enabled(&self) -> Vec<&'static str> {
        self.security.options().mechanisms.iter().map(|mechanism| mechanism.name()).collect()
    }

    /// Returns whether a token is awaited.
    pub(crate) fn is_exchanging(&self) -> bool {
        self.exchange.is_some()
    }

    /// Begins an exchange. Returns whether the mechanism is enabled.
    ///
    /// A client that authenticates again with another mechanism is told that it is enabled and is then refused,
    /// as in Kafka: no token is awaited.
    pub(crate) fn handshake(&mut self, mechanism: &str) -> bool {
        self.exchange = None;
        let Some(mechanism) = Mechanism::from_name(mechanism)
            .filter(|asked| self.security.options().mechanisms.contains(asked))
        else {
            return false;
        };
        if self.established.as_ref().is_none_or(|(before, _)| *before == mechanism) {
            let scram = |hash| Exchange::Scram(Box::new(scram::Exchange::new(hash)));
            let exchange = match mechanism {
                Mechanism::Plain => Exchange::Plain,
                Mechanism::ScramSha256 => scram(ScramHash::Sha256),
                Mechanism::ScramSha512 => scram(ScramHash::Sha512),
                Mechanism::OAuthBearer => Exchange::OAuthBearer(oauthbearer::Exchange::default()),
            };
            self.exchange = Some((mechanism, exchange));
        }
        true
    }

    /// Takes a token of the client's; `now_ms` is the wall clock.
    pub(crate) fn step(&mut self, token: &[u8], now_ms: i64) -> Step {
        let Some((mechanism, mut exchange)) = self.exchange.take() else {
            return Step::Failed {
                message: "SaslAuthenticate request received without a handshake".to_owned(),
            };
        };
        let outcome = match &mut exchange {
            Exchange::Plain => plain::step(&self.security, token),
            Exchange::Scram(scram) => scram.step(self.security.scram(scram.hash()), token),
            Exchange::OAuthBearer(oauthbearer) => oauthbearer.step(&self.security, token, now_ms),
        };
        match outcome {
            Outcome::Challenge(bytes) => {
                self.exchange = Some((mechanism, exchange));
                Step::Continue(bytes)
            }
            Outcome::Accepted { reply, name, expires_ms } => {
                self.accept(mechanism, reply, Principal::user(&name), expires_ms, now_ms)
            }
            Outcome::Told(message) => Step::Failed { message },
            Outcome::Untold(reason) => {
                tracing::debug!(%mechanism, reason, "a client was not authenticated");
                let which = if self.established.is_some() { "re-authentication" } else { "authentication" };
                let message = format!(
                    "Authentication failed during {which} due to invalid credentials with SASL mechanism {mechanism}"
                );
                Step::Failed { message }
            }
        }
    }

    fn accept(
        &mut self,
        mechanism: Mechanism,
        bytes: Vec<u8>,
        principal: Principal,
        expires_ms: Option<i64>,
        now_ms: i64,
    ) -> Step {
        if let Some((_, before)) = &self.established
            && *before != principal
        {
            let (before, now) = (before.name(), principal.name());
            let message =
                format!("Cannot change principals during re-authentication from User.{before}: User.{now}");
            return Step::Failed { message };
        }
        self.established = Some((mechanism, principal.clone()));
        let of_token = expires_ms.map(|expires| expires.saturating_sub(now_ms).max(0));
        let of_listener = i64::try_from(self.security.options().max_reauth.as_millis())
            .ok()
            .filter(|max_reauth| *max_reauth > 0);
        let lifetime_ms = match (of_token, of_listener) {
            (Some(token), Some(listener)) => Some(token.min(listener)),
            (one, other) => one.or(other),
        };
        Step::Done { bytes, principal, lifetime_ms }
    }
}

#[cfg(test)]
mod tests;
