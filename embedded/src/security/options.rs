//! What a listener asks of its clients: options as a user gives them, and what was made of them.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::jwt::{Claims, KeySet, TokenRules};
use super::sasl::{Mechanism, ScramCredentials};
use super::tls::{self, CertificateAuthority, TlsError, TlsOptions};
use super::{Protocol, Secret};
use crate::state::ListenerId;

/// What the listeners of a cluster ask of their clients: those that use SASL, and those that use TLS.
#[derive(Debug, Clone, Default)]
pub struct SecurityOptions {
    /// The mechanisms that clients may choose from (`sasl.enabled.mechanisms`), on SASL listeners.
    pub mechanisms: Vec<Mechanism>,
    /// Who may log in with PLAIN and SCRAM.
    pub users: Vec<User>,
    /// How tokens are checked; needed for OAUTHBEARER.
    pub oauthbearer: Option<OAuthBearer>,
    /// How long a SASL session lasts before the client has to authenticate again
    /// (`connections.max.reauth.ms`, KIP-368); zero is for ever.
    pub max_reauth: Duration,
    /// Certificates and what is asked of those of clients, on TLS listeners.
    pub tls: TlsOptions,
}

/// Somebody who may log in.
#[derive(Debug, Clone)]
pub struct User {
    /// The name, which becomes the principal `User:name`.
    pub name: String,
    /// The password, for PLAIN and SCRAM alike.
    pub password: Secret,
}

impl User {
    /// Returns a user with this password.
    pub fn new(name: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { name: name.into(), password: password.into() }
    }
}

/// Looks into a token and returns what it claims, or why it is not accepted. The reason is logged, never sent.
pub type TokenCheck = Arc<dyn Fn(&str) -> Result<Claims, String> + Send + Sync>;

/// How tokens of OAUTHBEARER are checked.
#[derive(Clone)]
pub enum OAuthBearer {
    /// Signed tokens (JWS), checked with these keys and rules.
    Signed(KeySet, TokenRules),
    /// Tokens without a signature (`alg` is `none`), as Kafka's handler for development takes them. They prove
    /// nothing: whoever connects is who they say.
    Unsecured(TokenRules),
    /// The caller checks; also opaque tokens work this way. Only the expiry is looked at besides.
    Callback(TokenCheck),
}

impl fmt::Debug for OAuthBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(keys, rules) => f.debug_tuple("Signed").field(keys).field(rules).finish(),
            Self::Unsecured(rules) => f.debug_tuple("Unsecured").field(rules).finish(),
            Self::Callback(_) => f.write_str("Callback"),
        }
    }
}

impl SecurityOptions {
    /// Returns options for SASL with one mechanism and these users.
    pub fn sasl(mechanism: Mechanism, users: impl IntoIterator<Item = User>) -> Self {
        Self { mechanisms: vec![mechanism], users: users.into_iter().collect(), ..Self::default() }
    }
}

/// Why security options could not be used.
#[derive(Debug)]
pub(crate) enum SecurityError {
    Sasl(String),
    Tls(TlsError),
}

impl fmt::Display for SecurityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sasl(reason) => f.write_str(reason),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

/// Options that were found usable, with what is derived from them once. Shared by all connections.
pub(crate) struct Security {
    options: SecurityOptions,
    listeners: Vec<Protocol>,
    authority: Option<CertificateAuthority>,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
    /// Of SCRAM-SHA-256 and SCRAM-SHA-512, derived when somebody first asks: that takes about a millisecond
    /// for each user, and starting a cluster takes less.
    scram: [OnceLock<ScramCredentials>; 2],
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}

impl Security {
    /// Checks options and makes certificates where TLS needs them and none were given.
    pub(crate) fn new(options: SecurityOptions, listeners: &[Protocol]) -> Result<Self, SecurityError> {
        if let Some(listener) = listeners.iter().find(|listener| listener.uses_sasl()) {
            check_sasl(&options, *listener).map_err(SecurityError::Sasl)?;
        }
        let (authority, acceptor) = if listeners.iter().any(|listener| listener.uses_tls()) {
            let made = tls::acceptor(&options.tls).map_err(SecurityError::Tls)?;
            (made.authority, Some(made.acceptor))
        } else {
            (None, None)
        };
        Ok(Self { options, listeners: listeners.to_vec(), authority, acceptor, scram: Default::default() })
    }

    pub(crate) fn options(&self) -> &SecurityOptions {
        &self.options
    }

    /// Returns how many listeners each broker has.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Returns what is spoken on a listener.
    pub(crate) fn protocol(&self, listener: ListenerId) -> Protocol {
        self.listeners.get(listener).copied().unwrap_or_default()
    }

    /// Returns what accepts TLS on a listener that uses it.
    pub(crate) fn acceptor(&self, listener: ListenerId) -> Option<&tokio_rustls::TlsAcceptor> {
        self.acceptor.as_ref().filter(|_| self.protocol(listener).uses_tls())
    }

    /// Returns the authority that was made, where certificates were.
    pub(crate) fn authority(&self) -> Option<&CertificateAuthority> {
        self.authority.as_ref()
    }

    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.options.users.iter().find(|user| user.name == name)
    }

    pub(crate) fn scram(&self, hash: super::sasl::ScramHash) -> &ScramCredentials {
        self.scram[hash as usize].get_or_init(|| ScramCredentials::derive(hash, &self.options.users))
    }
}

fn check_sasl(options: &SecurityOptions, listener: Protocol) -> Result<(), String> {
    if options.mechanisms.is_empty() {
        return Err(format!("`{listener}` was asked for without a mechanism"));
    }
    if options.mechanisms.contains(&Mechanism::OAuthBearer) && options.oauthbearer.is_none() {
        return Err("OAUTHBEARER was enabled without a way to check tokens".to_owned());
    }
    for (index, user) in options.users.iter().enumerate() {
        if user.name.is_empty() {
            return Err("a user had no name".to_owned());
        }
        if options.users[..index].iter().any(|other| other.name == user.name) {
            return Err(format!("user `{}` was given twice", user.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_nobody_could_log_in_with_are_refused() {
        let refused = |options: SecurityOptions| match Security::new(options, &[Protocol::SaslPlaintext]) {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        };
        let mut options = SecurityOptions::default();
        assert_eq!(refused(options.clone()), "`SASL_PLAINTEXT` was asked for without a mechanism");
        options.mechanisms = vec![Mechanism::OAuthBearer];
        assert_eq!(refused(options.clone()), "OAUTHBEARER was enabled without a way to check tokens");
        options.mechanisms = vec![Mechanism::Plain];
        options.users = vec![User::new("a", "x"), User::new("a", "y")];
        assert_eq!(refused(options.clone()), "user `a` was given twice");
        options.users = vec![User::new("", "x")];
        assert_eq!(refused(options), "a user had no name");
    }

    #[test]
    fn no_secret_is_shown_by_debug() {
        let rules = TokenRules::default();
        let options = SecurityOptions {
            mechanisms: vec![Mechanism::Plain, Mechanism::ScramSha256, Mechanism::OAuthBearer],
            users: vec![User::new("alice", "hunter2")],
            oauthbearer: Some(OAuthBearer::Signed(KeySet::hmac(b"hunter2-hunter2-hunter2-hunter2!"), rules)),
            ..Default::default()
        };
        let security = Security::new(options.clone(), &[Protocol::SaslPlaintext]).expect("usable");
        security.scram(super::super::sasl::ScramHash::Sha256);
        let callback = OAuthBearer::Callback(Arc::new(|_| Err("hunter2".to_owned())));
        for shown in [format!("{options:?}"), format!("{security:#?}"), format!("{callback:?}")] {
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(!shown.contains(&format!("{:?}", b"hunter2")[1..20]), "{shown}");
        }
    }
}
