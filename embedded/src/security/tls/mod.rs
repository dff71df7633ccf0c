//! TLS of the listeners: certificates, what is asked of those of clients, and who a certificate makes of its
//! owner. The cryptography is ring's, chosen explicitly: no process-wide provider is installed.

mod authority;
mod name;

use std::fmt;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, ServerConnection};

pub use authority::{CertificateAuthority, ClientIdentity};

use super::{Principal, Secret};

/// TLS of the listeners.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// The certificate that the brokers show.
    pub identity: ServerIdentity,
    /// Whether clients have to show one (`ssl.client.auth`).
    pub client_auth: ClientAuth,
    /// The authorities whose certificates clients may show, as PEM (`ssl.truststore.certificates`). None is the
    /// generated authority, where there is one.
    pub client_ca_pem: Option<String>,
    /// Who a certificate makes of its owner (`ssl.principal.mapping.rules`).
    pub principal_from: PrincipalFrom,
}

/// The certificate that the brokers show.
#[derive(Debug, Clone, Default)]
pub enum ServerIdentity {
    /// An authority and a certificate for 127.0.0.1, ::1 and localhost, made when the cluster starts.
    #[default]
    Generated,
    /// A given chain, the server's own certificate first, and its key (PKCS#8, PKCS#1 or SEC1), as PEM.
    Given {
        /// The chain.
        certificates_pem: String,
        /// The key.
        key_pem: Secret,
    },
}

/// Whether clients have to show a certificate (`ssl.client.auth`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// They are not asked.
    #[default]
    None,
    /// They may; whoever does not is `User:ANONYMOUS`.
    Requested,
    /// They have to.
    Required,
}

/// Who a certificate makes of its owner (`ssl.principal.mapping.rules`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrincipalFrom {
    /// The whole subject, as Kafka shows it by default: `User:CN=alice,OU=tests,O=Example`.
    #[default]
    Subject,
    /// The common name alone: `User:alice`. A subject without one stays whole.
    CommonName,
}

/// Why TLS could not be set up. It never shows a key.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// Something given was not usable PEM; names what.
    Pem(&'static str),
    /// Clients have to be authenticated, and no authority was given to judge them by.
    NoClientAuthority,
    /// The certificate or its key was refused.
    Refused(String),
    /// A certificate could not be made.
    Generation(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(what) => write!(f, "the {what} was not usable PEM"),
            Self::NoClientAuthority => {
                f.write_str("client certificates were asked for, and no authority was given for them")
            }
            Self::Refused(reason) => write!(f, "the certificate was refused: {reason}"),
            Self::Generation(reason) => write!(f, "no certificate could be made: {reason}"),
        }
    }
}

impl std::error::Error for TlsError {}

/// What options were made into.
pub(super) struct Made {
    pub(super) acceptor: TlsAcceptor,
    /// The authority, where one was generated.
    pub(super) authority: Option<CertificateAuthority>,
}

pub(super) fn acceptor(options: &TlsOptions) -> Result<Made, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let (chain, key, authority) = match &options.identity {
        ServerIdentity::Generated => {
            let authority = CertificateAuthority::generate()?;
            let (certificate, key) = authority.server()?;
            (vec![certificate], key, Some(authority))
        }
        ServerIdentity::Given { certificates_pem, key_pem } => {
            let key = PrivateKeyDer::from_pem_slice(key_pem.reveal().as_bytes());
            (certificates(certificates_pem, "certificate")?, key.map_err(|_| TlsError::Pem("key"))?, None)
        }
    };
    let refused = |error: tokio_rustls::rustls::Error| TlsError::Refused(error.to_string());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let builder = match options.client_auth {
        ClientAuth::None => builder.with_no_client_auth(),
        asked => builder.with_client_cert_verifier(verifier(options, authority.as_ref(), asked, provider)?),
    };
    let config = builder.with_single_cert(chain, key).map_err(refused)?;
    Ok(Made { acceptor: TlsAcceptor::from(Arc::new(config)), authority })
}

fn verifier(
    options: &TlsOptions,
    authority: Option<&CertificateAuthority>,
    asked: ClientAuth,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn tokio_rustls::rustls::server::danger::ClientCertVerifier>, TlsError> {
    let trusted = match (&options.client_ca_pem, authority) {
        (Some(pem), _) => certificates(pem, "client authority")?,
        (None, Some(authority)) => vec![authority.certificate()],
        (None, None) => return Err(TlsError::NoClientAuthority),
    };
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate).map_err(|error| TlsError::Refused(error.to_string()))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if asked == ClientAuth::Requested { builder.allow_unauthenticated() } else { builder };
    builder.build().map_err(|error| TlsError::Refused(error.to_string()))
}

fn certificates(pem: &str, what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    read.ok().filter(|certificates| !certificates.is_empty()).ok_or(TlsError::Pem(what))
}

/// Returns who a client is by the certificate that it showed.
pub(crate) fn principal(connection: &ServerConnection, from: PrincipalFrom) -> Principal {
    let shown = connection.peer_certificates().and_then(|chain| chain.first());
    // The handshake has verified the certificate, so it can be parsed.
    let parsed = shown.and_then(|certificate| webpki::EndEntityCert::try_from(certificate).ok());
    match parsed {
        Some(certificate) => Principal::user(&named(certificate.subject(), from)),
        None => Principal::anonymous(),
    }
}

fn named(subject: &[u8], from: PrincipalFrom) -> String {
    match from {
        PrincipalFrom::Subject => name::rfc2253(subject),
        PrincipalFrom::CommonName => name::common_name(subject).unwrap_or_else(|| name::rfc2253(subject)),
    }
}

#[cfg(test)]
mod tests;
