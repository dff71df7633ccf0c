use std::time::Duration;

use super::*;
use crate::security::{Claims, OAuthBearer, Protocol, SecurityOptions, User};

const NOW: i64 = 1_700_000_000_000;

fn authenticator(change: impl FnOnce(&mut SecurityOptions)) -> Authenticator {
    let users = [User::new("alice", "wonder"), User::new("bob", "builder")];
    let mut options = SecurityOptions::sasl(Mechanism::Plain, users);
    options.mechanisms.push(Mechanism::ScramSha256);
    change(&mut options);
    Authenticator::new(Arc::new(Security::new(options, &[Protocol::SaslPlaintext]).expect("usable")))
}

fn done(name: &str, lifetime_ms: Option<i64>) -> Step {
    Step::Done { bytes: Vec::new(), principal: Principal::user(name), lifetime_ms }
}

/// Trusts whoever says `until.<milliseconds from now>`.
fn until(options: &mut SecurityOptions) {
    options.mechanisms = vec![Mechanism::OAuthBearer];
    options.oauthbearer = Some(OAuthBearer::Callback(Arc::new(|token| {
        let lifetime: i64 = token.strip_prefix("until.").ok_or("?")?.parse().map_err(|_| "?")?;
        Ok(Claims { principal: "alice".to_owned(), expires_ms: Some(NOW + lifetime) })
    })));
}

#[test]
fn only_an_enabled_mechanism_begins_an_exchange() {
    let mut authenticator = authenticator(|_| {});
    assert_eq!(authenticator.enabled(), ["PLAIN", "SCRAM-SHA-256"]);
    for name in ["SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI", "plain", ""] {
        assert!(!authenticator.handshake(name), "{name}");
        assert!(!authenticator.is_exchanging());
    }
    assert!(authenticator.handshake("PLAIN"));
    assert!(authenticator.is_exchanging());
    for mechanism in Mechanism::ALL {
        assert_eq!(Mechanism::from_name(mechanism.name()), Some(mechanism));
    }
}

#[test]
fn an_exchange_ends_with_a_principal_or_with_a_message_and_not_again() {
    let mut authenticator = authenticator(|_| {});
    authenticator.handshake("PLAIN");
    assert_eq!(authenticator.step(b"\0alice\0wonder", NOW), done("alice", None));
    assert!(!authenticator.is_exchanging());
    assert!(matches!(authenticator.step(b"\0alice\0wonder", NOW), Step::Failed { .. }));
}

#[test]
fn what_is_not_told_is_the_same_for_every_reason_and_names_the_mechanism() {
    let said = |message: &[u8]| {
        let mut authenticator = authenticator(|_| {});
        authenticator.handshake("SCRAM-SHA-256");
        authenticator.step(message, NOW)
    };
    let message =
        "Authentication failed during authentication due to invalid credentials with SASL mechanism \
                   SCRAM-SHA-256"
            .to_owned();
    assert_eq!(said(b"nonsense"), Step::Failed { message: message.clone() });
    assert_eq!(said(b"y,,n=alice,r=abc"), Step::Failed { message });
}

#[test]
fn a_session_lasts_as_long_as_the_listener_and_the_token_allow() {
    let lifetime = |max_reauth: u64, token: i64| {
        let mut authenticator = authenticator(|options| {
            until(options);
            options.max_reauth = Duration::from_millis(max_reauth);
        });
        authenticator.handshake("OAUTHBEARER");
        let step = authenticator.step(format!("n,,\x01auth=Bearer until.{token}\x01\x01").as_bytes(), NOW);
        let Step::Done { lifetime_ms, .. } = step else { panic!("{step:?}") };
        lifetime_ms
    };
    assert_eq!(lifetime(0, 5000), Some(5000));
    assert_eq!(lifetime(2000, 5000), Some(2000));
    assert_eq!(lifetime(9000, 5000), Some(5000));
    let mut plain = authenticator(|options| options.max_reauth = Duration::from_secs(3));
    plain.handshake("PLAIN");
    assert_eq!(plain.step(b"\0alice\0wonder", NOW), done("alice", Some(3000)));
}

#[test]
fn who_authenticates_again_stays_who_they_are() {
    let mut authenticator = authenticator(|_| {});
    authenticator.handshake("PLAIN");
    authenticator.step(b"\0alice\0wonder", NOW);
    assert!(authenticator.handshake("PLAIN"));
    assert_eq!(authenticator.step(b"\0alice\0wonder", NOW), done("alice", None));
    assert!(authenticator.handshake("PLAIN"));
    let message = "Cannot change principals during re-authentication from User.alice: User.bob".to_owned();
    assert_eq!(authenticator.step(b"\0bob\0builder", NOW), Step::Failed { message });
    assert!(authenticator.handshake("PLAIN"));
    let wrong = authenticator.step(b"\0alice\0x", NOW);
    let message = "Authentication failed: Invalid username or password".to_owned();
    assert_eq!(wrong, Step::Failed { message });
}

#[test]
fn who_authenticates_again_stays_with_the_mechanism() {
    let mut authenticator = authenticator(|_| {});
    authenticator.handshake("PLAIN");
    authenticator.step(b"\0alice\0wonder", NOW);
    assert!(authenticator.handshake("SCRAM-SHA-256"), "it is enabled");
    assert!(!authenticator.is_exchanging(), "and not for this connection");
}
