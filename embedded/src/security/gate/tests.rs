use std::time::Duration;

use super::*;
use crate::security::{Mechanism, Protocol, SecurityOptions, User};

const NOW: i64 = 1_700_000_000_000;
const GOOD: &[u8] = b"\0alice\0wonder";

fn gate(max_reauth_ms: u64) -> Gate {
    let users = [User::new("alice", "wonder"), User::new("bob", "builder")];
    let mut options = SecurityOptions::sasl(Mechanism::Plain, users);
    options.mechanisms.push(Mechanism::ScramSha512);
    options.max_reauth = Duration::from_millis(max_reauth_ms);
    let protocol = Protocol::SaslPlaintext;
    let security = Security::new(options, &[protocol]).expect("usable");
    Gate::new(&Arc::new(security), protocol, Principal::anonymous())
}

fn handshake(gate: &mut Gate, mechanism: &'static str, now_ms: i64) -> (i16, Vec<String>, bool) {
    assert_eq!(gate.admit(ApiKey::SaslHandshake, now_ms), Admit::Yes);
    let request = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(mechanism));
    let answer = gate.handshake(&request, 1, now_ms);
    let mechanisms = answer.response.mechanisms.iter().map(ToString::to_string).collect();
    (answer.response.error_code, mechanisms, answer.then_close)
}

fn authenticate(gate: &mut Gate, token: &'static [u8], now_ms: i64) -> Answer<SaslAuthenticateResponse> {
    assert_eq!(gate.admit(ApiKey::SaslAuthenticate, now_ms), Admit::Yes);
    gate.authenticate(&SaslAuthenticateRequest::default().with_auth_bytes(token.into()), 2, now_ms)
}

fn log_in(gate: &mut Gate, now_ms: i64) -> SaslAuthenticateResponse {
    assert_eq!(handshake(gate, "PLAIN", now_ms).0, 0);
    let answer = authenticate(gate, GOOD, now_ms);
    assert_eq!((answer.response.error_code, answer.then_close), (0, false));
    answer.response
}

fn is_closed(admit: Admit) -> bool {
    matches!(admit, Admit::No(_))
}

#[test]
fn a_stranger_may_ask_for_versions_and_authenticate_and_nothing_else() {
    for api in [ApiKey::Metadata, ApiKey::Produce, ApiKey::SaslAuthenticate, ApiKey::CreateAcls] {
        assert!(is_closed(gate(0).admit(api, NOW)), "{api:?}");
    }
    let mut gate = gate(0);
    assert_eq!(gate.admit(ApiKey::ApiVersions, NOW), Admit::Yes);
    assert_eq!(gate.principal(), &Principal::anonymous());
    assert_eq!(gate.limits(Limits::default()).produce, 512 * 1024);
    assert_eq!(gate.limits(Limits::default()).other, 512 * 1024);
    let enabled = vec!["PLAIN".to_owned(), "SCRAM-SHA-512".to_owned()];
    assert_eq!(handshake(&mut gate, "PLAIN", NOW), (0, enabled, false));
    for api in [ApiKey::Metadata, ApiKey::ApiVersions, ApiKey::SaslHandshake] {
        assert!(is_closed(gate.admit(api, NOW)), "{api:?}");
    }
    authenticate(&mut gate, GOOD, NOW);
    assert_eq!(gate.principal(), &Principal::user("alice"));
    assert_eq!(gate.limits(Limits::default()).produce, Limits::default().produce);
    for api in [ApiKey::Metadata, ApiKey::ApiVersions, ApiKey::Produce] {
        assert_eq!(gate.admit(api, NOW), Admit::Yes, "{api:?}");
    }
}

#[test]
fn a_mechanism_that_is_not_enabled_is_answered_with_those_that_are_and_ends_the_connection() {
    let enabled = vec!["PLAIN".to_owned(), "SCRAM-SHA-512".to_owned()];
    assert_eq!(handshake(&mut gate(0), "GSSAPI", NOW), (33, enabled, true));
}

#[test]
fn a_wrong_password_is_told_and_ends_the_connection() {
    let mut gate = gate(0);
    handshake(&mut gate, "PLAIN", NOW);
    let answer = authenticate(&mut gate, b"\0alice\0wrong", NOW);
    assert_eq!(answer.response.error_code, 58);
    let message = answer.response.error_message.expect("a message").to_string();
    assert_eq!(message, "Authentication failed: Invalid username or password");
    assert!(answer.then_close);
    assert_eq!(gate.principal(), &Principal::anonymous());
    assert!(is_closed(gate.admit(ApiKey::Metadata, NOW)));
}

#[test]
fn a_listener_without_sasl_admits_everything_and_has_no_business_with_sasl() {
    let security = Arc::new(Security::new(SecurityOptions::default(), &[Protocol::Ssl]).expect("usable"));
    let mut gate = Gate::new(&security, Protocol::Ssl, Principal::user("CN=alice"));
    assert_eq!(gate.admit(ApiKey::Metadata, NOW), Admit::Yes);
    assert_eq!(gate.principal(), &Principal::user("CN=alice"));
    assert_eq!(handshake(&mut gate, "PLAIN", NOW), (34, Vec::new(), false));
    let answer = authenticate(&mut gate, GOOD, NOW);
    assert_eq!((answer.response.error_code, answer.then_close), (34, false));
}

#[test]
fn a_session_that_is_over_serves_only_to_authenticate_again() {
    let mut gate = gate(5000);
    assert_eq!(log_in(&mut gate, NOW).session_lifetime_ms, 5000);
    assert_eq!(gate.admit(ApiKey::Produce, NOW + 5000), Admit::Yes);
    assert!(is_closed(gate.admit(ApiKey::Produce, NOW + 5001)));
    assert!(is_closed(gate.admit(ApiKey::SaslAuthenticate, NOW + 5001)));
    assert_eq!(log_in(&mut gate, NOW + 6000).session_lifetime_ms, 5000);
    assert_eq!(gate.admit(ApiKey::Produce, NOW + 11_000), Admit::Yes);
    assert!(is_closed(gate.admit(ApiKey::Produce, NOW + 11_001)));
}

#[test]
fn another_principal_ends_a_connection_that_authenticates_again() {
    let mut gate = gate(0);
    log_in(&mut gate, NOW);
    handshake(&mut gate, "PLAIN", NOW + 10);
    let answer = authenticate(&mut gate, b"\0bob\0builder", NOW + 10);
    assert_eq!((answer.response.error_code, answer.then_close), (58, true));
    assert_eq!(gate.principal(), &Principal::user("alice"));
}

#[test]
fn another_mechanism_ends_a_connection_that_authenticates_again() {
    let mut gate = gate(0);
    log_in(&mut gate, NOW);
    assert_eq!(handshake(&mut gate, "SCRAM-SHA-512", NOW + 10).0, 0);
    assert!(is_closed(gate.admit(ApiKey::SaslAuthenticate, NOW + 10)));
}

#[test]
fn authenticating_again_twice_within_a_second_is_an_illegal_state() {
    let mut gate = gate(0);
    log_in(&mut gate, NOW);
    log_in(&mut gate, NOW + 1);
    assert_eq!(handshake(&mut gate, "PLAIN", NOW + 1000), (34, Vec::new(), false));
    let answer = authenticate(&mut gate, GOOD, NOW + 1000);
    assert_eq!((answer.response.error_code, answer.then_close), (34, false));
    log_in(&mut gate, NOW + 1001);
    assert_eq!(gate.admit(ApiKey::Produce, NOW + 1002), Admit::Yes);
}

#[test]
fn a_handshake_of_version_0_is_followed_by_tokens_without_headers() {
    let mut gate = gate(0);
    let request = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("PLAIN"));
    assert!(!gate.expects_raw_token());
    gate.handshake(&request, 0, NOW);
    assert!(gate.expects_raw_token());
    assert_eq!(
        [1, 512 * 1024, 512 * 1024 + 1, -1].map(|size| gate.token_size(size)),
        [Some(1), Some(512 * 1024), None, None]
    );
    assert_eq!(gate.raw_token(GOOD, NOW), Some(Vec::new()));
    assert!(!gate.expects_raw_token());
    assert_eq!(gate.admit(ApiKey::Metadata, NOW), Admit::Yes);

    let mut refused = self::gate(0);
    refused.handshake(&request, 0, NOW);
    assert_eq!(refused.raw_token(b"\0alice\0wrong", NOW), None);
    assert!(is_closed(refused.admit(ApiKey::Metadata, NOW)));
}
