//! One call: over the URLs, again after a failure, within the deadline, through the breaker, as somebody.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::credentials::{Credentials, Presented};
use super::gate::Gate;
use super::pause::{jittered, wished};
use super::refusal::Parties;
use super::transport::{Answer, Method, Request, To, Transport, Trouble};
use crate::config::{OauthConfig, SchemaRegistryConfig};
use crate::error::{ProbeError, Result};
use crate::runtime::Deadline;

/// What is asked of a registry.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query behind the registry's URL, encoded.
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), body: None }
    }

    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::Post, path: path.into(), body: Some(body) }
    }
}

/// Calls one registry.
pub(super) struct Caller {
    pub(super) parties: Parties,
    pub(super) gate: Gate,
    urls: Vec<String>,
    /// The URL that answered last.
    good: AtomicUsize,
    timeout: Duration,
    max_retries: u32,
    credentials: Credentials,
    transport: Arc<dyn Transport>,
    calls: AtomicU64,
    failures: AtomicU64,
    retries: AtomicU64,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("parties", &self.parties).finish_non_exhaustive()
    }
}

/// How one pass over the URLs ended.
enum Pass {
    /// Some URL answered, whatever it said.
    Answered(Answer),
    /// None did. The shortest pause that one of them asked for.
    Failed(ProbeError, Option<Duration>),
    /// The deadline cut it short, which says nothing about the registry.
    Late(ProbeError),
    /// It was never sent.
    Unsent(ProbeError),
}

impl Caller {
    pub(super) fn new(
        cluster: &str,
        config: &SchemaRegistryConfig,
        oauth: Option<&OauthConfig>,
        transport: Arc<dyn Transport>,
    ) -> Self {
        let credentials = Credentials::new(&config.auth, oauth);
        let urls: Vec<String> = config.urls().map(|url| url.trim_end_matches('/').to_owned()).collect();
        Self {
            parties: Parties {
                cluster: cluster.to_owned(),
                registry: urls.join(", "),
                method: credentials.method().to_owned(),
            },
            gate: Gate::new(),
            urls,
            good: AtomicUsize::new(0),
            timeout: config.request_timeout,
            max_retries: config.max_retries,
            credentials,
            transport,
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        }
    }

    /// Returns the counts and the breaker's state, without the schemas.
    pub(super) fn state(&self) -> Value {
        json!({
            "url": self.parties.registry,
            "circuit": self.gate.state(),
            "calls": self.calls.load(Relaxed),
            "failures": self.failures.load(Relaxed),
            "retries": self.retries.load(Relaxed),
        })
    }

    /// Returns the registry's answer, whatever it says, unless it is "not now".
    pub(super) async fn call(&self, call: &Call, by: Deadline) -> Result<Answer> {
        let (mut tries, mut renewed) = (0, false);
        let mut last: Option<ProbeError> = None;
        loop {
            let permit = match self.gate.admit() {
                Ok(permit) => permit,
                Err(refused) => {
                    let suspended = self.parties.suspended(refused);
                    return Err(last.unwrap_or(suspended));
                }
            };
            let presented = self.credentials.present(&*self.transport, self.timeout, by).await;
            let (error, wished) = match presented {
                Err(error) if !error.retriable() => return Err(error),
                Err(error) => {
                    drop(permit);
                    (error, None)
                }
                Ok(presented) => match self.pass(call, &presented, by).await {
                    Pass::Unsent(error) => return Err(error),
                    Pass::Late(error) => return Err(last.unwrap_or(error)),
                    Pass::Failed(error, wished) => {
                        permit.failed();
                        (error, wished)
                    }
                    Pass::Answered(answer) => {
                        permit.succeeded();
                        if answer.status == 401
                            && !renewed
                            && self.credentials.forget(presented.token.as_ref()).await
                        {
                            renewed = true;
                            continue;
                        }
                        if answer.status != 429 {
                            return Ok(answer);
                        }
                        (self.parties.refused(&answer, "a call", None), asked_for(&answer))
                    }
                },
            };
            let error = match wished {
                Some(pause) => error.with("again_in_ms", pause.as_millis() as u64),
                None => error,
            };
            let pause = wished.unwrap_or_else(|| jittered(tries));
            if tries >= self.max_retries || by.left() <= pause {
                return Err(error);
            }
            tries += 1;
            self.retries.fetch_add(1, Relaxed);
            last = Some(error);
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks one URL after the other, first the one that answered last.
    async fn pass(&self, call: &Call, presented: &Presented, by: Deadline) -> Pass {
        let first = self.good.load(Relaxed);
        let (mut whys, mut wished, mut hint) = (Vec::new(), None, None);
        for step in 0..self.urls.len() {
            let index = (first + step) % self.urls.len();
            let url = &self.urls[index];
            let began = Instant::now();
            let until = Deadline::after(self.timeout).min(by);
            let request = self.request(call, url, presented);
            self.calls.fetch_add(1, Relaxed);
            let sent = tokio::time::timeout_at(until.instant(), self.transport.send(request)).await;
            let took_ms = began.elapsed().as_millis() as u64;
            let (method, path) = (call.method.name(), &call.path);
            let why = match sent {
                Ok(Ok(answer)) => {
                    let status = answer.status;
                    tracing::debug!(
                        registry = url,
                        method,
                        path,
                        status,
                        took_ms,
                        "schema registry answered"
                    );
                    if status < 500 {
                        self.good.store(index, Relaxed);
                        return Pass::Answered(answer);
                    }
                    wished = wished.into_iter().chain(asked_for(&answer)).min();
                    format!("it answered {status}")
                }
                Ok(Err(Trouble::Setup(error))) => return Pass::Unsent(error),
                Ok(Err(Trouble::Unwelcome(why))) => {
                    return Pass::Unsent(self.parties.no_good_certificate(&why));
                }
                Ok(Err(Trouble::Untrusted(why))) => {
                    hint = Some("name who signed its certificate in `ssl.ca` of `schema-registry.auth`");
                    why
                }
                Ok(Err(Trouble::Connection(why))) => {
                    tracing::debug!(
                        registry = url,
                        method,
                        path,
                        why,
                        took_ms,
                        "schema registry did not answer"
                    );
                    why
                }
                Err(_) => {
                    tracing::debug!(registry = url, method, path, took_ms, "schema registry was too slow");
                    if by.passed() && until.instant() == by.instant() {
                        return Pass::Late(self.parties.late());
                    }
                    format!("no answer within {} ms", self.timeout.as_millis())
                }
            };
            self.failures.fetch_add(1, Relaxed);
            whys.push(if self.urls.len() == 1 { why } else { format!("`{url}`: {why}") });
        }
        let error = self.parties.unreachable(&whys.join("; "));
        Pass::Failed(hint.map_or(error.clone(), |hint| error.hint(hint)), wished)
    }

    fn request(&self, call: &Call, url: &str, presented: &Presented) -> Request {
        let mut headers = presented.headers.clone();
        headers.push(("accept", "application/vnd.schemaregistry.v1+json, application/json".to_owned()));
        if call.body.is_some() {
            headers.push(("content-type", "application/vnd.schemaregistry.v1+json".to_owned()));
        }
        Request {
            method: call.method,
            url: format!("{url}{}", call.path),
            headers,
            body: call.body.as_ref().map(|body| body.to_string().into_bytes()),
            to: To::Registry,
        }
    }
}

/// Returns the pause that an answer asks for.
fn asked_for(answer: &Answer) -> Option<Duration> {
    wished(answer.retry_after.as_deref()?, SystemTime::now())
}
