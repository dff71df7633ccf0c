//! A secured cluster for clients in other languages, until standard input ends.
//!
//! `secured PROTOCOL [MECHANISM,...] [none|requested|required] [max reauth ms]` prints one line of JSON: where it
//! listens, and with TLS the authority, a client's certificate and its key. `alice` has the password `wonder`;
//! tokens are signed by HS256 with the secret in `SECRET`.

use std::io::{Read, Write, stdin, stdout};
use std::time::Duration;

use test_probe_embedded::security::{
    ClientAuth, KeySet, Mechanism, OAuthBearer, Protocol, SecurityOptions, TlsOptions, TokenRules, User,
};
use test_probe_embedded::{EmbeddedKafka, Options};

const SECRET: &[u8] = b"the secret of the tokens in these tests";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize| words.get(at).map(String::as_str).unwrap_or_default();
    let mechanisms: Option<Vec<Mechanism>> =
        word(1).split(',').filter(|name| !name.is_empty()).map(Mechanism::from_name).collect();
    let client_auth = match word(2) {
        "required" => ClientAuth::Required,
        "requested" => ClientAuth::Requested,
        _ => ClientAuth::None,
    };
    let listeners = vec![Protocol::from_name(word(0)).ok_or("unknown protocol")?];
    let security = SecurityOptions {
        mechanisms: mechanisms.ok_or("unknown mechanism")?,
        users: vec![User::new("alice", "wonder"), User::new("bob", "builder")],
        oauthbearer: Some(OAuthBearer::Signed(KeySet::hmac(SECRET), TokenRules::default())),
        max_reauth: Duration::from_millis(word(3).parse().unwrap_or(0)),
        tls: TlsOptions { client_auth, ..TlsOptions::default() },
    };
    let kafka = EmbeddedKafka::start(Options { listeners, security, ..Options::default() })?;
    let mut said = serde_json::json!({"bootstrap": kafka.bootstrap_servers()});
    if let Some(authority) = kafka.certificate_authority() {
        let client = authority.client("alice", &["tests"])?;
        said["ca"] = authority.pem().into();
        said["certificate"] = client.certificate_pem.into();
        said["key"] = client.key_pem.reveal().into();
    }
    writeln!(stdout(), "{said}")?;
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
