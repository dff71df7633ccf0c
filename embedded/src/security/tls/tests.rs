use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};

use super::*;

/// Connects over a pipe and exchanges a word. Returns who the server says the client is.
async fn connect(
    made: &Made,
    trusted_pem: &str,
    identity: Option<&ClientIdentity>,
    server: &'static str,
    from: PrincipalFrom,
) -> Result<Principal, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(trusted_pem, "trusted").expect("pem") {
        roots.add(certificate).expect("a root");
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.reveal().as_bytes()).expect("pem");
            let chain = certificates(&identity.certificate_pem, "client").expect("pem");
            builder.with_client_auth_cert(chain, key).expect("a client's identity")
        }
    };
    let (near, far) = tokio::io::duplex(64 * 1024);
    let name = ServerName::try_from(server).expect("a name");
    let client = async move {
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, near).await?;
        stream.write_all(b"ping").await?;
        let mut word = [0; 4];
        stream.read_exact(&mut word).await?;
        Ok::<_, std::io::Error>(word)
    };
    let serving = async {
        let mut stream = made.acceptor.accept(far).await?;
        let principal = principal(stream.get_ref().1, from);
        let mut word = [0; 4];
        stream.read_exact(&mut word).await?;
        stream.write_all(&word).await?;
        stream.flush().await?;
        Ok::<_, std::io::Error>(principal)
    };
    let (said, served) = tokio::join!(client, serving);
    match (said, served) {
        (Ok(word), Ok(principal)) if word == *b"ping" => Ok(principal),
        (said, served) => Err(format!("client: {said:?}; server: {served:?}")),
    }
}

fn made(client_auth: ClientAuth) -> (Made, String) {
    let made = acceptor(&TlsOptions { client_auth, ..TlsOptions::default() }).expect("certificates");
    let pem = made.authority.as_ref().expect("generated").pem();
    (made, pem)
}

fn identity(made: &Made, name: &str, units: &[&str]) -> ClientIdentity {
    made.authority.as_ref().expect("generated").client(name, units).expect("an identity")
}

#[tokio::test]
async fn the_generated_certificate_is_good_for_this_machine_and_for_nobody_else() {
    let (made, pem) = made(ClientAuth::None);
    for name in ["127.0.0.1", "::1", "localhost"] {
        let principal = connect(&made, &pem, None, name, PrincipalFrom::Subject).await;
        assert_eq!(principal, Ok(Principal::anonymous()), "{name}");
    }
    assert!(connect(&made, &pem, None, "example.com", PrincipalFrom::Subject).await.is_err());
    let (_, other) = self::made(ClientAuth::None);
    assert!(connect(&made, &other, None, "localhost", PrincipalFrom::Subject).await.is_err());
}

#[tokio::test]
async fn a_client_is_who_its_certificate_says() {
    let (made, pem) = made(ClientAuth::Required);
    let alice = identity(&made, "alice", &["tests"]);
    let principal = connect(&made, &pem, Some(&alice), "localhost", PrincipalFrom::Subject).await;
    assert_eq!(principal.map(|principal| principal.to_string()), Ok("User:CN=alice,OU=tests".to_owned()));
    let principal = connect(&made, &pem, Some(&alice), "localhost", PrincipalFrom::CommonName).await;
    assert_eq!(principal, Ok(Principal::user("alice")));
}

#[tokio::test]
async fn a_certificate_is_asked_for_as_the_option_says() {
    for (client_auth, without, of_another, own) in [
        (ClientAuth::None, Ok("ANONYMOUS"), Ok("ANONYMOUS"), "ANONYMOUS"),
        (ClientAuth::Requested, Ok("ANONYMOUS"), Err(()), "CN=alice"),
        (ClientAuth::Required, Err(()), Err(()), "CN=alice"),
    ] {
        let (made, pem) = made(client_auth);
        let (other, _) = self::made(ClientAuth::None);
        let (alice, stranger) = (identity(&made, "alice", &[]), identity(&other, "alice", &[]));
        let as_name = async |identity: Option<&ClientIdentity>| {
            let principal = connect(&made, &pem, identity, "localhost", PrincipalFrom::Subject).await;
            principal.map(|principal| principal.name().to_owned()).map_err(|_| ())
        };
        assert_eq!(as_name(None).await, without.map(str::to_owned), "{client_auth:?}");
        assert_eq!(as_name(Some(&stranger)).await, of_another.map(str::to_owned), "{client_auth:?}");
        assert_eq!(as_name(Some(&alice)).await, Ok(own.to_owned()), "{client_auth:?}");
    }
}

#[tokio::test]
async fn given_certificates_are_used_and_judge_clients() {
    let (other, ca_pem) = made(ClientAuth::None);
    let authority = other.authority.as_ref().expect("generated");
    let (certificate, key) = authority.server().expect("a certificate");
    let encode = |label: &str, der: &[u8]| {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let options = TlsOptions {
        identity: ServerIdentity::Given {
            certificates_pem: encode("CERTIFICATE", &certificate),
            key_pem: Secret::new(encode("PRIVATE KEY", key.secret_der())),
        },
        client_auth: ClientAuth::Required,
        client_ca_pem: Some(ca_pem.clone()),
        ..TlsOptions::default()
    };
    let given = acceptor(&options).expect("usable");
    assert!(given.authority.is_none());
    let bob = identity(&other, "bob", &[]);
    let principal = connect(&given, &ca_pem, Some(&bob), "127.0.0.1", PrincipalFrom::Subject).await;
    assert_eq!(principal, Ok(Principal::user("CN=bob")));
    assert!(connect(&given, &ca_pem, None, "127.0.0.1", PrincipalFrom::Subject).await.is_err());
}

#[test]
fn what_cannot_be_used_is_refused_and_never_shown() {
    let (made, ca_pem) = made(ClientAuth::None);
    let alice = identity(&made, "alice", &[]);
    let refused = |certificates_pem: &str, key_pem: &str, client_ca_pem: Option<&str>| {
        let identity = ServerIdentity::Given {
            certificates_pem: certificates_pem.to_owned(),
            key_pem: Secret::from(key_pem),
        };
        let options = TlsOptions {
            identity,
            client_auth: ClientAuth::Required,
            client_ca_pem: client_ca_pem.map(str::to_owned),
            ..TlsOptions::default()
        };
        assert!(!format!("{options:?}").contains("PRIVATE"), "{options:?}");
        acceptor(&options).err().map(|error| error.to_string())
    };
    let (certificate, key) = (&alice.certificate_pem, alice.key_pem.reveal());
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(refused("", key, None), text("the certificate was not usable PEM"));
    assert_eq!(refused(certificate, "hunter2", None), text("the key was not usable PEM"));
    let nobody = "client certificates were asked for, and no authority was given for them";
    assert_eq!(refused(certificate, key, None), text(nobody));
    assert_eq!(refused(certificate, key, Some("x")), text("the client authority was not usable PEM"));
    let other = identity(&made, "bob", &[]);
    let mismatch = refused(certificate, other.key_pem.reveal(), Some(&ca_pem)).expect("refused");
    assert!(mismatch.starts_with("the certificate was refused:"), "{mismatch}");
    assert_eq!(refused(certificate, key, Some(&ca_pem)), None);
    let shown = format!("{alice:?} {:?}", made.authority);
    assert!(!shown.contains("PRIVATE KEY") && shown.contains("<secret>"), "{shown}");
}
