//! Who may connect, who they are then, and what they may do.
//!
//! Nothing in here waits or reads a clock: bytes and times come as arguments, answers go back as values. The
//! connection task asks its [`Gate`] before it answers a request; what an authenticated client may do is a
//! question to the rules in [`acl`].

pub(crate) mod acl;
mod gate;
mod jwt;
mod options;
mod principal;
mod sasl;
mod secret;
mod tls;

pub use acl::AclOptions;
pub(crate) use gate::{Admit, Gate};
pub use jwt::{Claims, KeySet, TokenRules};
pub(crate) use options::Security;
pub use options::{OAuthBearer, SecurityOptions, TokenCheck, User};
pub use principal::Principal;
pub use sasl::Mechanism;
pub use secret::Secret;
pub(crate) use tls::principal as principal_of;
pub use tls::{
    CertificateAuthority, ClientAuth, ClientIdentity, PrincipalFrom, ServerIdentity, TlsError, TlsOptions,
};

/// What is spoken on a listener, with Kafka's names (`security.protocol`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Neither encryption nor authentication.
    #[default]
    Plaintext,
    /// TLS; clients are authenticated by certificate or not at all.
    Ssl,
    /// SASL without encryption.
    SaslPlaintext,
    /// SASL inside TLS.
    SaslSsl,
}

impl Protocol {
    /// Returns Kafka's name, such as `SASL_SSL`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// Returns the protocol with this name of Kafka's.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl]
            .into_iter()
            .find(|protocol| protocol.name() == name)
    }

    /// Returns whether connections are encrypted.
    pub fn uses_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// Returns whether clients authenticate by SASL.
    pub fn uses_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn a_protocol_has_the_name_that_kafka_gives_it() {
        for protocol in [Protocol::Plaintext, Protocol::Ssl, Protocol::SaslPlaintext, Protocol::SaslSsl] {
            assert_eq!(Protocol::from_name(protocol.name()), Some(protocol));
        }
        assert_eq!(Protocol::from_name("sasl_ssl"), None);
        assert!(Protocol::SaslSsl.uses_tls() && Protocol::SaslSsl.uses_sasl());
        assert!(Protocol::Ssl.uses_tls() && !Protocol::Ssl.uses_sasl());
        assert!(!Protocol::SaslPlaintext.uses_tls() && Protocol::SaslPlaintext.uses_sasl());
        assert!(!Protocol::Plaintext.uses_tls() && !Protocol::Plaintext.uses_sasl());
    }
}
