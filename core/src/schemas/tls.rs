//! Whom a client trusts over TLS, and the certificate that it shows. Files are read here; not on a runtime thread.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::private_key;
use super::transport::To;
use crate::config::{RegistryTls, Secret};
use crate::document::shown;
use crate::error::{ErrorCode, ProbeError, Result};

/// Returns how to speak TLS with the registry or with the endpoint of tokens. The registry is trusted by `ssl.ca` alone
/// where that is given; the endpoint may be a public one, so the system's authorities count for it as well, and it is
/// shown no client certificate.
pub(super) fn client(tls: &RegistryTls, to: To) -> Result<ClientConfig> {
    let roots = Arc::new(roots(tls, to)?);
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ProbeError::new(ErrorCode::Internal, format!("TLS was not set up: {error}")))?
        .with_root_certificates(roots);
    match (&tls.certificate, &tls.key, to) {
        (Some(certificate), Some(key), To::Registry) => {
            let chain = certificates("ssl.certificate", certificate)?;
            let key = private_key(key.expose(), tls)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| invalid("ssl.key", &format!("did not go with `ssl.certificate`: {error}")))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn roots(tls: &RegistryTls, to: To) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if let Some(ca) = &tls.ca {
        for certificate in certificates("ssl.ca", ca)? {
            roots
                .add(certificate)
                .map_err(|error| invalid("ssl.ca", &format!("held no authority: {error}")))?;
        }
    }
    if tls.ca.is_none() || to == To::Tokens {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    Ok(roots)
}

fn certificates(key: &str, path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let read =
        |error: &dyn std::fmt::Display| invalid(key, &format!("`{}` was not read: {error}", shown(path)));
    let all: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .map_err(|error| read(&error))?
        .collect::<Result<_, _>>()
        .map_err(|error| read(&error))?;
    if all.is_empty() {
        return Err(invalid(key, &format!("`{}` held no certificate in PEM", shown(path))));
    }
    Ok(all)
}

/// Neither the path nor what the file holds is shown.
fn private_key(path: &str, tls: &RegistryTls) -> Result<PrivateKeyDer<'static>> {
    let text = std::fs::read(path)
        .map_err(|error| invalid("ssl.key", &format!("was not read: {}", error.kind())))?;
    let password = tls.key_password.as_ref().map(Secret::expose);
    private_key::read(&text, password).map_err(|unread| {
        let error = invalid(unread.key, unread.why);
        unread.hint.map_or(error.clone(), |hint| error.hint(hint))
    })
}

fn invalid(key: &str, why: &str) -> ProbeError {
    ProbeError::new(ErrorCode::InvalidConfig, format!("`{key}` of `schema-registry.auth` {why}"))
        .with("key", key)
}
