//! The client over TLS: whom it trusts, and who it is by certificate.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::runtime::Handle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::script::within;
use super::wire::{Both, Server, ok};
use crate::config::{RegistryTls, SchemaRegistryConfig, Secret};
use crate::error::{ErrorCode, ProbeError};
use crate::schemas::SchemaRegistry;

/// A folder with the certificates of a test; gone with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("test-probe-registry-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed(authority: &CertifiedIssuer<'static, KeyPair>, names: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, authority).unwrap();
    (certificate.der().to_vec(), key.serialize_der())
}

/// A registry over TLS that wants client certificates of `clients`, when given.
async fn serve(authority: &CertifiedIssuer<'static, KeyPair>, clients: bool) -> Server {
    let (certificate, key) = signed(authority, &["localhost"]);
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = if clients {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        builder.unwrap().with_client_cert_verifier(verifier)
    } else {
        builder.unwrap().with_no_client_auth()
    };
    let key = PrivatePkcs8KeyDer::from(key).into();
    let config = builder.with_single_cert(vec![certificate.into()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let accept = move |stream| {
        let acceptor = acceptor.clone();
        let accepted = async move {
            let stream = acceptor.accept(stream).await.ok()?;
            Some(Box::new(stream) as Box<dyn Both>)
        };
        Box::pin(accepted) as _
    };
    Server::over(accept, |_| ok("[1]")).await
}

async fn call(server: &Server, tls: RegistryTls) -> Result<Vec<i32>, ProbeError> {
    let mut config = SchemaRegistryConfig::at(format!("https://localhost:{}", server.port));
    config.max_retries = 0;
    config.request_timeout = std::time::Duration::from_secs(20);
    config.auth.tls = tls;
    let registry = SchemaRegistry::open("c", &config, None, &Handle::current()).unwrap();
    registry.versions("s", within(30)).await
}

#[tokio::test]
async fn a_registry_is_trusted_by_its_authority_and_by_no_other() {
    let (folder, ours) = (Folder::new(), authority());
    let server = serve(&ours, false).await;
    let ca = folder.file("ca.pem", &pem("CERTIFICATE", ours.der()));
    assert_eq!(call(&server, RegistryTls { ca: Some(ca), ..Default::default() }).await.unwrap(), [1]);
    let other = folder.file("other.pem", &pem("CERTIFICATE", authority().der()));
    for tls in [RegistryTls { ca: Some(other), ..Default::default() }, RegistryTls::default()] {
        let error = call(&server, tls).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::RegistryUnreachable);
        assert!(error.message().ends_with("its certificate was signed by nobody who is trusted"), "{error}");
        assert!(error.hint_text().is_some_and(|hint| hint.contains("`ssl.ca`")), "{error}");
    }
}

#[tokio::test]
async fn a_registry_that_wants_a_certificate_gets_it() {
    let (folder, ours) = (Folder::new(), authority());
    let server = serve(&ours, true).await;
    let ca = Some(folder.file("ca.pem", &pem("CERTIFICATE", ours.der())));
    let error = call(&server, RegistryTls { ca: ca.clone(), ..Default::default() }).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AuthenticationFailed);
    assert!(error.message().ends_with("asked for a client certificate, and `ssl.certificate` named none"));
    let shown = |authority: &CertifiedIssuer<'static, KeyPair>| {
        let (certificate, key) = signed(authority, &["client"]);
        RegistryTls {
            ca: ca.clone(),
            certificate: Some(folder.file("c.pem", &pem("CERTIFICATE", &certificate))),
            key: Some(Secret::new(folder.file("k.pem", &pem("PRIVATE KEY", &key)))),
            key_password: None,
        }
    };
    let error = call(&server, shown(&authority())).await.unwrap_err();
    assert_eq!((error.code(), error.retriable()), (ErrorCode::AuthenticationFailed, false), "{error}");
    assert!(error.message().contains("did not take the client certificate of `ssl.certificate`"), "{error}");
    assert_eq!(call(&server, shown(&ours)).await.unwrap(), [1]);
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named_by_their_key_and_never_tried_again() {
    let (folder, ours) = (Folder::new(), authority());
    let server = serve(&ours, false).await;
    let empty = folder.file("empty.pem", "nothing");
    let (certificate, _) = signed(&ours, &["client"]);
    let certificate = folder.file("c.pem", &pem("CERTIFICATE", &certificate));
    let with_key = |key: &str| RegistryTls {
        certificate: Some(certificate.clone()),
        key: Some(Secret::new(key)),
        ..Default::default()
    };
    let stray = folder.file("stray.pem", &pem("PRIVATE KEY", &signed(&ours, &["x"]).1));
    for (tls, key) in [
        (RegistryTls { ca: Some("/nowhere/ca.pem".to_owned()), ..Default::default() }, "ssl.ca"),
        (RegistryTls { ca: Some(empty.clone()), ..Default::default() }, "ssl.ca"),
        (with_key("/nowhere/hunter2"), "ssl.key"),
        (with_key(&empty), "ssl.key"),
        (with_key(&stray), "ssl.key"),
    ] {
        let error = call(&server, tls).await.unwrap_err();
        assert_eq!(
            (error.code(), &error.context()["key"]),
            (ErrorCode::InvalidConfig, &key.into()),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    assert_eq!(server.connections.load(std::sync::atomic::Ordering::Relaxed), 0);
}
