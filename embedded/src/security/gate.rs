//! What a connection may send, and who it belongs to. The connection task asks before it answers anything, and
//! hands the two SASL requests here.

use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiKey, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::sasl::{Authenticator, Step};
use super::{Principal, Protocol, Security};
use crate::wire::frame::Limits;

/// The largest frame before a client is authenticated (`sasl.server.max.receive.size`).
const LARGEST_FRAME_OF_A_STRANGER: usize = 512 * 1024;
/// How often a connection may authenticate again, as in Kafka.
const LEAST_BETWEEN_REAUTHENTICATIONS_MS: i64 = 1000;

/// Whether a request may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admit {
    Yes,
    /// The connection is to be closed without an answer.
    No(&'static str),
}

/// An answer, and whether the connection ends after it.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) response: T,
    pub(crate) then_close: bool,
}

/// The gate of one connection. `now_ms` is always the wall clock, in milliseconds.
pub(crate) struct Gate {
    principal: Principal,
    sasl: Option<Sasl>,
}

struct Sasl {
    authenticator: Authenticator,
    authenticated: bool,
    /// Whether the first handshake was of version 0: tokens come as frames without a header (before KIP-152).
    raw: bool,
    /// When the session ends.
    expires_ms: Option<i64>,
    reauthenticated_ms: Option<i64>,
    /// Whether a client that authenticates again named another mechanism.
    mechanism_changed: bool,
}

impl Gate {
    /// Returns the gate of a connection over which nothing was said yet; `transport` is who TLS says it is.
    pub(crate) fn new(security: &Arc<Security>, protocol: Protocol, transport: Principal) -> Self {
        let sasl = protocol.uses_sasl().then(|| Sasl {
            authenticator: Authenticator::new(security.clone()),
            authenticated: false,
            raw: false,
            expires_ms: None,
            reauthenticated_ms: None,
            mechanism_changed: false,
        });
        Self { principal: if sasl.is_some() { Principal::anonymous() } else { transport }, sasl }
    }

    /// Returns whose requests these are.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns how large frames may be now: whoever is not authenticated yet is held shorter.
    pub(crate) fn limits(&self, limits: Limits) -> Limits {
        match &self.sasl {
            Some(sasl) if !sasl.authenticated => Limits {
                produce: limits.produce.min(LARGEST_FRAME_OF_A_STRANGER),
                other: limits.other.min(LARGEST_FRAME_OF_A_STRANGER),
            },
            _ => limits,
        }
    }

    /// Reads the size of a token without a header; none when it is out of range.
    pub(crate) fn token_size(&self, size: i32) -> Option<usize> {
        usize::try_from(size).ok().filter(|size| *size <= LARGEST_FRAME_OF_A_STRANGER)
    }

    /// Returns whether the next frame is a token without a header; then it goes to [`Self::raw_token`].
    pub(crate) fn expects_raw_token(&self) -> bool {
        self.sasl.as_ref().is_some_and(|sasl| sasl.raw && sasl.authenticator.is_exchanging())
    }

    /// Decides whether a request may be answered.
    pub(crate) fn admit(&mut self, api: ApiKey, now_ms: i64) -> Admit {
        let Some(sasl) = &mut self.sasl else { return Admit::Yes };
        if sasl.mechanism_changed {
            return Admit::No("the mechanism was changed while authenticating again");
        }
        if sasl.authenticator.is_exchanging() {
            return match api {
                ApiKey::SaslAuthenticate => Admit::Yes,
                _ => Admit::No("something else was sent during SASL authentication"),
            };
        }
        match api {
            _ if sasl.authenticated => sasl.admit_authenticated(api, now_ms),
            ApiKey::ApiVersions | ApiKey::SaslHandshake => Admit::Yes,
            _ => Admit::No("something else was sent before SASL authentication"),
        }
    }

    /// Answers SaslHandshake. A connection that has no business with it is told ILLEGAL_SASL_STATE.
    pub(crate) fn handshake(
        &mut self,
        request: &SaslHandshakeRequest,
        version: i16,
        now_ms: i64,
    ) -> Answer<SaslHandshakeResponse> {
        let refused = |error: ResponseError| SaslHandshakeResponse::default().with_error_code(error.code());
        let Some(sasl) = self.sasl.as_mut().filter(|sasl| sasl.may_begin(now_ms)) else {
            return Answer { response: refused(ResponseError::IllegalSaslState), then_close: false };
        };
        let mechanisms = || sasl.authenticator.enabled().into_iter().map(StrBytes::from_static_str).collect();
        let response = SaslHandshakeResponse::default().with_mechanisms(mechanisms());
        if !sasl.authenticator.handshake(&request.mechanism) {
            let code = ResponseError::UnsupportedSaslMechanism.code();
            return Answer { response: response.with_error_code(code), then_close: true };
        }
        sasl.raw = version == 0;
        if sasl.authenticated {
            sasl.reauthenticated_ms = Some(now_ms);
            sasl.mechanism_changed = !sasl.authenticator.is_exchanging();
        }
        Answer { response, then_close: false }
    }

    /// Answers SaslAuthenticate.
    pub(crate) fn authenticate(
        &mut self,
        request: &SaslAuthenticateRequest,
        version: i16,
        now_ms: i64,
    ) -> Answer<SaslAuthenticateResponse> {
        let response = SaslAuthenticateResponse::default();
        let refused = |error: ResponseError, message: String| {
            let response = SaslAuthenticateResponse::default().with_error_code(error.code());
            response.with_error_message(Some(StrBytes::from_string(message)))
        };
        if !self.sasl.as_ref().is_some_and(|sasl| sasl.authenticator.is_exchanging()) {
            let message = "SaslAuthenticate request received after successful authentication".to_owned();
            return Answer { response: refused(ResponseError::IllegalSaslState, message), then_close: false };
        }
        match self.step(&request.auth_bytes, now_ms) {
            Ok((bytes, lifetime_ms)) => {
                // Version 0 has no field for it: such a client is closed when its session is over.
                let lifetime_ms = if version == 0 { 0 } else { lifetime_ms };
                let response = response.with_auth_bytes(bytes.into()).with_session_lifetime_ms(lifetime_ms);
                Answer { response, then_close: false }
            }
            Err(message) => {
                let response = refused(ResponseError::SaslAuthenticationFailed, message);
                Answer { response, then_close: true }
            }
        }
    }

    /// Answers a token without a header with one like it; none when the client is refused, which ends the
    /// connection without a word.
    pub(crate) fn raw_token(&mut self, token: &[u8], now_ms: i64) -> Option<Vec<u8>> {
        self.step(token, now_ms).ok().map(|(bytes, _)| bytes)
    }

    /// Returns what to say and how long the session lasts (0 for ever or not yet), or why the client is refused.
    fn step(&mut self, token: &[u8], now_ms: i64) -> Result<(Vec<u8>, i64), String> {
        let Some(sasl) = &mut self.sasl else { return Err(String::new()) };
        match sasl.authenticator.step(token, now_ms) {
            Step::Continue(bytes) => Ok((bytes, 0)),
            Step::Done { bytes, principal, lifetime_ms } => {
                sasl.authenticated = true;
                sasl.expires_ms = lifetime_ms.map(|lifetime| now_ms.saturating_add(lifetime));
                self.principal = principal;
                Ok((bytes, lifetime_ms.unwrap_or(0)))
            }
            Step::Failed { message } => Err(message),
        }
    }
}

impl Sasl {
    /// Whether a handshake begins an authentication now.
    fn may_begin(&self, now_ms: i64) -> bool {
        let soon = |before: i64| now_ms.saturating_sub(before) < LEAST_BETWEEN_REAUTHENTICATIONS_MS;
        !self.authenticated || !self.reauthenticated_ms.is_some_and(soon)
    }

    fn admit_authenticated(&self, api: ApiKey, now_ms: i64) -> Admit {
        let is_over = self.expires_ms.is_some_and(|expires| now_ms > expires);
        if is_over && !(api == ApiKey::SaslHandshake && self.may_begin(now_ms)) {
            return Admit::No("the SASL session had expired");
        }
        Admit::Yes
    }
}

#[cfg(test)]
mod tests;
