//! Who calls the registry: headers of basic and bearer authentication, and tokens that are renewed before they expire.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::refusal::NOBODY;
use super::transport::{Method, Request, To, Transport, Trouble};
use super::url::form;
use crate::config::{OauthConfig, RegistryAuth, RegistryCredentials, RegistryOauth, Secret};
use crate::document::shown;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::Deadline;

/// A token whose life nobody states is used for so long.
const UNSTATED_LIFE: Duration = Duration::from_secs(60);
/// No token is used for longer.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// A token is renewed after four fifths of its life, and at most this long before its end.
const MOST_AHEAD: Duration = Duration::from_secs(60);

/// Who calls.
#[derive(Debug)]
pub(super) struct Credentials {
    kind: Kind,
    more: Vec<(&'static str, String)>,
    method: String,
}

#[derive(Debug)]
enum Kind {
    Nobody,
    Fixed(Secret),
    Renewed(Box<Tokens>),
}

/// The headers of one attempt, with the header that a refusal makes old.
pub(super) struct Presented {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) token: Option<Secret>,
}

impl Credentials {
    pub(super) fn new(auth: &RegistryAuth, oauth: Option<&OauthConfig>) -> Self {
        let (kind, method) = match &auth.credentials {
            RegistryCredentials::None if auth.tls.certificate.is_some() => {
                (Kind::Nobody, "a client certificate (`ssl.certificate`)".to_owned())
            }
            RegistryCredentials::None => (Kind::Nobody, NOBODY.to_owned()),
            RegistryCredentials::Basic(user_info) => {
                let header = format!("Basic {}", STANDARD.encode(user_info.expose()));
                // What has no `:` does not validate; and it may be the password.
                let user = user_info.expose().split_once(':').map_or("", |(user, _)| user);
                let method = format!("the password of user `{}` (`basic.auth.user.info`)", shown(user));
                (Kind::Fixed(Secret::new(header)), method)
            }
            RegistryCredentials::Token(token) => {
                let header = format!("Bearer {}", token.expose().trim());
                (Kind::Fixed(Secret::new(header)), "a token (`bearer.auth.token`)".to_owned())
            }
            RegistryCredentials::Oauth(client) => {
                let tokens = Tokens::new(client, oauth);
                let method = format!("a token for client `{}` (`bearer.auth.client.id`)", tokens.client_id);
                (Kind::Renewed(Box::new(tokens)), method)
            }
        };
        let more = [
            ("target-sr-cluster", &auth.logical_cluster),
            ("confluent-identity-pool-id", &auth.identity_pool),
        ];
        let more = more.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
        Self { kind, more, method }
    }

    /// Returns what messages call this way to authenticate, with the name of who does.
    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// Returns the headers, with a new token where the old one nears its end. Who comes meanwhile waits for the same.
    pub(super) async fn present(
        &self,
        transport: &dyn Transport,
        timeout: Duration,
        by: Deadline,
    ) -> Result<Presented> {
        let mut headers = self.more.clone();
        let token = match &self.kind {
            Kind::Nobody => None,
            Kind::Fixed(header) => {
                headers.push(("authorization", header.expose().to_owned()));
                None
            }
            Kind::Renewed(tokens) => {
                let header = by.wait("a token", tokens.current(transport, timeout, by)).await??;
                headers.push(("authorization", header.expose().to_owned()));
                Some(header)
            }
        };
        Ok(Presented { headers, token })
    }

    /// Forgets a token that was refused. Returns whether another one can be had.
    pub(super) async fn forget(&self, refused: Option<&Secret>) -> bool {
        let (Kind::Renewed(tokens), Some(refused)) = (&self.kind, refused) else { return false };
        let mut held = tokens.held.lock().await;
        if held.as_ref().is_some_and(|held| held.header == *refused) {
            *held = None;
        }
        true
    }
}

struct Tokens {
    endpoint: String,
    /// As messages show it.
    client_id: String,
    client: Secret,
    scope: Option<String>,
    held: Mutex<Option<Held>>,
}

struct Held {
    header: Secret,
    renewed_at: Instant,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Tokens {
    fn new(client: &RegistryOauth, oauth: Option<&OauthConfig>) -> Self {
        let endpoint = client.token_endpoint.clone();
        let scope = client.scope.clone();
        Self {
            // A configuration without an endpoint does not validate.
            endpoint: endpoint.or_else(|| oauth?.token_endpoint.clone()).unwrap_or_default(),
            client_id: shown(&client.client_id),
            client: Secret::new(format!("{}:{}", client.client_id, client.client_secret.expose())),
            scope: scope.or_else(|| oauth?.client_scope.clone()),
            held: Mutex::default(),
        }
    }

    async fn current(&self, transport: &dyn Transport, timeout: Duration, by: Deadline) -> Result<Secret> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| Instant::now() < held.renewed_at) {
            return Ok(held.header.clone());
        }
        let (header, life) = self.ask(transport, timeout.min(by.left())).await?;
        let renewed_at = Instant::now() + life.saturating_sub((life / 5).min(MOST_AHEAD));
        *held = Some(Held { header: header.clone(), renewed_at });
        Ok(header)
    }

    async fn ask(&self, transport: &dyn Transport, timeout: Duration) -> Result<(Secret, Duration)> {
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let request = Request {
            method: Method::Post,
            url: self.endpoint.clone(),
            headers: vec![
                ("authorization", format!("Basic {}", STANDARD.encode(self.client.expose()))),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
                ("accept", "application/json".to_owned()),
            ],
            body: Some(form(&fields).into_bytes()),
            to: To::Tokens,
        };
        let answer = match tokio::time::timeout(timeout, transport.send(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(Trouble::Connection(why))) => return Err(self.unreachable(&why)),
            Ok(Err(Trouble::Untrusted(why))) => {
                let error = self.unreachable(&why);
                return Err(
                    error.hint("name who signed its certificate in `ssl.ca` of `schema-registry.auth`")
                );
            }
            Ok(Err(Trouble::Unwelcome(why))) => {
                return Err(self.unreachable(&format!("it {why}")));
            }
            Ok(Err(Trouble::Setup(error))) => return Err(error),
            Err(_) => return Err(self.unreachable(&format!("no answer within {} ms", timeout.as_millis()))),
        };
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        match (answer.status, body["access_token"].as_str()) {
            (200..=299, Some(token)) => {
                let life = body["expires_in"].as_f64().filter(|life| *life >= 0.0);
                let life = life.map_or(UNSTATED_LIFE, |life| {
                    Duration::from_secs_f64(life.min(LONGEST_LIFE.as_secs_f64()))
                });
                tracing::debug!(
                    endpoint = self.endpoint,
                    life_s = life.as_secs(),
                    "a token for the schema registry"
                );
                Ok((Secret::new(format!("Bearer {token}")), life))
            }
            (429 | 500.., _) => Err(self.unreachable(&format!("it answered {}", answer.status))),
            (status, _) => {
                // `error` is a word of RFC 6749; the description may be anything.
                let word =
                    body["error"].as_str().map(|word| format!(": {}", shown(word))).unwrap_or_default();
                let message = format!(
                    "token endpoint `{}` gave no token to client `{}`, it answered {status}{word}",
                    self.endpoint, self.client_id
                );
                Err(ProbeError::new(ErrorCode::AuthenticationFailed, message)
                    .with("token_endpoint", self.endpoint.as_str())
                    .with("status", status)
                    .hint("look at `bearer.auth.client.id`, `bearer.auth.client.secret` and `bearer.auth.scope`"))
            }
        }
    }

    fn unreachable(&self, why: &str) -> ProbeError {
        let message =
            format!("token endpoint `{}` of the schema registry did not answer: {why}", self.endpoint);
        ProbeError::new(ErrorCode::RegistryUnreachable, message)
            .with("token_endpoint", self.endpoint.as_str())
    }
}
