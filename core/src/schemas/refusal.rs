//! Answers that are refusals, as errors. What a registry writes into its answer is shown, on one line and cut.

use serde_json::Value;

use super::breaker::Refused;
use super::transport::Answer;
use crate::document::shown;
use crate::error::{ErrorCode, ProbeError};

/// How somebody authenticates who does not.
pub(super) const NOBODY: &str = "no credentials";

/// Who refuses, and whom.
#[derive(Debug)]
pub(super) struct Parties {
    /// The name of the cluster that the registry belongs to.
    pub(super) cluster: String,
    /// Its URLs, as messages show them.
    pub(super) registry: String,
    /// Who calls, and how it authenticates.
    pub(super) method: String,
}

impl Parties {
    fn error(&self, code: ErrorCode, message: String) -> ProbeError {
        ProbeError::new(code, message)
            .with("registry", self.registry.as_str())
            .with("cluster", self.cluster.as_str())
    }

    /// No answer, or the answer that there is none now.
    pub(super) fn unreachable(&self, why: &str) -> ProbeError {
        self.error(
            ErrorCode::RegistryUnreachable,
            format!("schema registry `{}` did not answer: {why}", self.registry),
        )
    }

    /// The time was over before the registry answered.
    pub(super) fn late(&self) -> ProbeError {
        self.unreachable("the time was over")
    }

    /// The breaker refused the call.
    pub(super) fn suspended(&self, refused: Refused) -> ProbeError {
        let Refused { state, failures, open_for, again_in } = refused;
        let (open_for, again_in) = (open_for.as_secs_f64(), again_in.as_secs_f64());
        let again = match state {
            "open" => format!("tried again in {again_in:.1} s"),
            _ => "being tried again now".to_owned(),
        };
        let message = format!(
            "calls to schema registry `{}` were suspended: circuit {state}, {failures} failures in a row, since \
             {open_for:.1} s, {again}",
            self.registry
        );
        self.error(ErrorCode::CircuitOpen, message)
            .with("state", state)
            .with("failures", failures)
            .with("open_for_ms", (open_for * 1e3).round())
            .with("again_in_ms", (again_in * 1e3).round())
    }

    /// An answer that was no success; `what` was asked, as "schema 7", and `missing` is what to do when it is not
    /// there.
    pub(super) fn refused(&self, answer: &Answer, what: &str, missing: Option<&str>) -> ProbeError {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let number = body["error_code"].as_i64();
        let said = said(&body);
        let error = match (answer.status, number) {
            (401, _) => self.unknown_caller(&said),
            (403, _) | (_, Some(42205)) => self.not_allowed(what, &said, number),
            (404, _) => self.missing(what, &said, number, missing),
            (409, _) => self.incompatible(what, &said, &body),
            (422, _) => self.incompatible(what, &said, &body),
            (300..=399, _) => self
                .unreachable(&format!("it answered {} to {what}", answer.status))
                .hint("give the URL that it moved to"),
            (status @ (429 | 500..), _) => self.unreachable(&format!("it answered {status}{said}")),
            (status, _) => self.error(
                ErrorCode::Unsupported,
                format!("schema registry `{}` answered {status} to {what}{said}", self.registry),
            ),
        };
        let error = error.with("status", answer.status);
        match number {
            Some(number) => error.with("error_code", number),
            None => error,
        }
    }

    fn unknown_caller(&self, said: &str) -> ProbeError {
        let (registry, method) = (&self.registry, self.method.as_str());
        let message = format!("schema registry `{registry}` refused who called with {method}{said}");
        let error = self.error(ErrorCode::AuthenticationFailed, message).with("method", method);
        error.hint(if method == NOBODY {
            "set `schema-registry.auth`, as `basic.auth.user.info` or `bearer.auth.token`"
        } else {
            "look at what `schema-registry.auth` names: does this registry know it, and is it still good?"
        })
    }

    /// The registry asked for a client certificate and did not get one that it takes.
    pub(super) fn no_good_certificate(&self, why: &str) -> ProbeError {
        let message = format!("schema registry `{}` {why}", self.registry);
        let error = self.error(ErrorCode::AuthenticationFailed, message);
        error.hint("set `ssl.certificate` and `ssl.key` of `schema-registry.auth`")
    }

    fn not_allowed(&self, what: &str, said: &str, number: Option<i64>) -> ProbeError {
        let (registry, method) = (&self.registry, self.method.as_str());
        let message = format!(
            "schema registry `{registry}` did not let who called with {method} do this: {what}{said}"
        );
        let error = self.error(ErrorCode::NotAuthorized, message).with("method", method);
        match number {
            Some(42205) => error.hint("look at the mode of the subject and of the registry"),
            _ => error.hint("give the principal the right, or call as another one"),
        }
    }

    fn missing(&self, what: &str, said: &str, number: Option<i64>, hint: Option<&str>) -> ProbeError {
        let message = format!("schema registry `{}` did not have {what}{said}", self.registry);
        let error = self.error(ErrorCode::SchemaNotFound, message);
        match (number, hint) {
            (Some(40401..=40403), Some(hint)) => error.hint(hint),
            (Some(40401..=40403), None) => error,
            _ => error.hint("is this the URL of a schema registry, with its path if it has one?"),
        }
    }

    fn incompatible(&self, what: &str, said: &str, body: &Value) -> ProbeError {
        let message = format!("schema registry `{}` did not take {what}{said}", self.registry);
        let error = self.error(ErrorCode::SchemaIncompatible, message);
        match body["message"].as_str() {
            Some(whole) => error.with("messages", whole),
            None => error,
        }
    }

    /// An answer that succeeded and is not what a registry answers.
    pub(super) fn foreign(&self, what: &str) -> ProbeError {
        self.unreachable(&format!("its answer to {what} was not that of a schema registry"))
            .hint("is this the URL of a schema registry, with its path if it has one?")
    }
}

/// What the registry said itself.
fn said(body: &Value) -> String {
    let text = body["message"].as_str().unwrap_or_default().trim();
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > MOST_SAID {
        line = line.chars().take(MOST_SAID).collect::<String>() + "...";
    }
    // Each word by itself, since `shown` cuts after 80 characters.
    let line = line.split(' ').map(shown).collect::<Vec<_>>().join(" ");
    if line.is_empty() { line } else { format!(": {line}") }
}

const MOST_SAID: usize = 600;
