//! An authority that lives as long as its cluster: it signs the brokers' certificate and those of clients.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::TlsError;
use crate::security::Secret;

/// An authority that was generated for one cluster. Its certificates are for tests: they do not end, and whoever
/// has the cluster's handle can have one.
pub struct CertificateAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a client shows a broker: a certificate and its key, as PEM (the key is PKCS#8).
#[derive(Debug, Clone)]
pub struct ClientIdentity {
    /// The certificate (`ssl.keystore.certificate.chain`, `ssl.certificate.pem`).
    pub certificate_pem: String,
    /// Its key (`ssl.keystore.key`, `ssl.key.pem`).
    pub key_pem: Secret,
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateAuthority")
    }
}

impl CertificateAuthority {
    /// Makes an authority with a key on P-256.
    pub(super) fn generate() -> Result<Self, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject("test-probe embedded authority", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(generation)?;
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, key).map_err(generation)? })
    }

    /// Returns the authority's certificate as PEM, for clients to trust (`ssl.ca.pem`,
    /// `ssl.truststore.certificates`).
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", self.issuer.der())
    }

    /// Signs a certificate for a client. Its subject is `CN=common_name` after these organizational units, so
    /// `client("alice", &["tests"])` is `CN=alice,OU=tests` to Kafka.
    ///
    /// Fails only when the name cannot be in a certificate.
    pub fn client(&self, common_name: &str, units: &[&str]) -> Result<ClientIdentity, TlsError> {
        let (certificate, key) =
            self.sign(subject(common_name, units), Vec::new(), ExtendedKeyUsagePurpose::ClientAuth)?;
        Ok(ClientIdentity {
            certificate_pem: pem("CERTIFICATE", &certificate),
            key_pem: Secret::new(pem("PRIVATE KEY", &key.serialize_der())),
        })
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// Signs the certificate of the brokers.
    pub(super) fn server(&self) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), TlsError> {
        let names = vec![
            SanType::DnsName("localhost".try_into().map_err(generation)?),
            SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
            SanType::IpAddress(Ipv6Addr::LOCALHOST.into()),
        ];
        let (certificate, key) =
            self.sign(subject("localhost", &[]), names, ExtendedKeyUsagePurpose::ServerAuth)?;
        Ok((certificate, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }

    fn sign(
        &self,
        subject: DistinguishedName,
        names: Vec<SanType>,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<(CertificateDer<'static>, KeyPair), TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject;
        params.subject_alt_names = names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        // Python from 3.13 on takes no certificate without it.
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(generation)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(generation)?;
        Ok((certificate.der().clone(), key))
    }
}

fn subject(common_name: &str, units: &[&str]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for unit in units {
        name.push(DnType::OrganizationalUnitName, *unit);
    }
    name.push(DnType::CommonName, common_name);
    name
}

fn generation(error: rcgen::Error) -> TlsError {
    TlsError::Generation(error.to_string())
}

/// Writes PEM (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
