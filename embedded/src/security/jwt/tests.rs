use std::sync::LazyLock;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::*;

/// When the tokens were issued; they end ten minutes later.
const ISSUED: i64 = 1_700_000_000;
const NOW: i64 = ISSUED * 1000 + 1;
const ISSUER: &str = "https://issuer.example";

/// A key whose private half was thrown away, and two tokens that it had signed.
const RSA_N: &str = "loEny3k8UD_cYHFOVaBUUYEAW_snmBXPDbIa7Zr2TW63JVV-U_jTHV8YodxK8uUGT5_ZG4OaKx5DdmPA3Uj-T9By4S1CpC44uGOJXPUfDhyoSlrAHZbgYiEtDbhonu3tv_4a4CZ66xTS3jRn4_nMC2eiWNHT_VESusaALiL6AWgSVJwLlktL-UzOmJbdgcwjLgYkipZP6brm-EJpUnZNfMobOpBLHP23pUmRB-6T-0jfT9e9jSlHrAXqJhJAMvmYcB8Gx9v43mtWo0Bb3kcd_rYZZt1-C_enNfEd4S0ZRYAiWqNtQKxoaFn5H4mZ9XMB6Hd-3VXSeDQ7j2N7-610Lw";
const RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYS0xIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8vaXNzdWVyLmV4YW1wbGUiLCJhdWQiOlsia2Fma2EiLCJvdGhlciJdLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDYwMH0.TkOInEPa9jZUbZAkGgDVeGHw7u7TQCTAvRTJwLavj2KeE3S-1kQCWc5SOHeWPeD0wdfBzoVPxZxaHGy2gdQBYcRjTREkIIERJGMfc0kgyfBz0PJNxdh86AIvV-_tedvQH0yw___qu5zlvRMH8_87Rk7-vgQlQaPKcvbYR5L7EK1D9Fi24F2quwI0I_tS9EzMpC7jeM5vbsU28IRylxR_rgqjsd_pSfMY4W0Nwlh_dXf7dQcWZbS-cWsGZmCPjOfKfVoYZ6dm66uA5FWdQXEN6w-h0FjZv7cmDZHFV3gTnJUpOGowCp6uQgCVTQ9JOpXu54VQgbsEPL8x5ZpzbqDa8A";
const PS256: &str = "eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYS0xIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8vaXNzdWVyLmV4YW1wbGUiLCJhdWQiOlsia2Fma2EiLCJvdGhlciJdLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDYwMH0.lkSOk6ov3yQ0vvyfIl9VJ4nohTCQfsjqKZrDn0nfTTX-fI05yOV5c5_IzGB_7LLHRInDGhg6awqSCVGWhoU45mUwEcEN7_loRiliZ1Rzfb_kiAimte0E8qX-f3hx-ySXu0-MGqh9Cgr_fmuRvmYpc-mzdjDqS0XrJ7R-eAEPBdqCuAjnzcX4e39qiJZEKueQXq0HKOpv3NGFmUu32OkV30_TtvT3v8hInczjix_RkhOHljB6K_E8rbHPAs4rp2vWaMPzVzT9VkYABp60gd7_3knipzAF2IM88bANMXLhwE5Vw52CJQuvyuTCtCjL8gSqlcXQK1ziMn8hkpoiFU-izw";
const SECRET: &[u8] = b"a secret that both sides know, of enough bytes";

static P256: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &SystemRandom::new()).expect("a key")
});
static ED25519: LazyLock<Ed25519KeyPair> = LazyLock::new(|| {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key")
});

/// The keys of an issuer: RSA, P-256 and Ed25519, and some that are of no use.
fn jwks() -> Value {
    let (x, y) = P256.public_key().as_ref()[1..].split_at(32);
    json!({"keys": [
        {"kty": "RSA", "kid": "rsa-1", "use": "sig", "n": RSA_N, "e": "AQAB"},
        {"kty": "EC", "kid": "ec-1", "crv": "P-256", "x": BASE64URL.encode(x), "y": BASE64URL.encode(y)},
        {"kty": "OKP", "kid": "ed-1", "crv": "Ed25519", "x": BASE64URL.encode(ED25519.public_key().as_ref())},
        {"kty": "RSA", "kid": "enc-1", "use": "enc", "n": RSA_N, "e": "AQAB"},
        {"kty": "EC", "kid": "ec-2", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": "future"},
    ]})
}

fn keys() -> KeySet {
    KeySet::from_jwks(&jwks().to_string()).expect("keys")
}

fn rules() -> TokenRules {
    TokenRules {
        issuer: Some(ISSUER.to_owned()),
        audiences: vec!["kafka".to_owned()],
        clock_skew: Duration::ZERO,
        ..TokenRules::default()
    }
}

fn claims() -> Value {
    json!({"sub": "alice", "iss": ISSUER, "aud": "kafka", "iat": ISSUED, "exp": ISSUED + 600})
}

fn signed(header: Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message =
        format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
    let signature = BASE64URL.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn hs256(header: Value, claims: &Value, secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    signed(header, claims, |message| hmac::sign(&key, message).as_ref().to_vec())
}

fn es256(header: Value) -> String {
    let sign = |message: &[u8]| P256.sign(&SystemRandom::new(), message).expect("signs").as_ref().to_vec();
    signed(header, &claims(), sign)
}

fn alice() -> Result<Claims, String> {
    Ok(Claims { principal: "alice".to_owned(), expires_ms: Some((ISSUED + 600) * 1000) })
}

#[test]
fn a_token_that_one_of_the_keys_signed_is_accepted() {
    let ed25519 = signed(json!({"alg": "EdDSA", "kid": "ed-1"}), &claims(), |message| {
        ED25519.sign(message).as_ref().to_vec()
    });
    for token in [
        RS256,
        PS256,
        &es256(json!({"alg": "ES256", "kid": "ec-1"})),
        &es256(json!({"alg": "ES256"})),
        &ed25519,
    ] {
        assert_eq!(rules().signed(&keys(), token, NOW), alice(), "{token}");
    }
    let token = hs256(json!({"alg": "HS256"}), &claims(), SECRET);
    assert_eq!(rules().signed(&KeySet::hmac(SECRET), &token, NOW), alice());
}

#[test]
fn a_signature_that_does_not_fit_is_refused() {
    let unfit = Err("the signature did not fit".to_owned());
    let (message, signature) = RS256.rsplit_once('.').expect("parts");
    let mallory = {
        let (header, _) = message.split_once('.').expect("parts");
        let claims = claims().to_string().replace("alice", "mallory");
        format!("{header}.{}.{signature}", BASE64URL.encode(claims))
    };
    assert_eq!(rules().signed(&keys(), &mallory, NOW), unfit);
    assert_eq!(rules().signed(&keys(), &format!("{message}."), NOW), unfit);
    assert_eq!(rules().signed(&keys(), &format!("{message}.{}", &signature[4..]), NOW), unfit);
    let of_another_key = hs256(json!({"alg": "HS256"}), &claims(), b"another secret");
    assert_eq!(rules().signed(&KeySet::hmac(SECRET), &of_another_key, NOW), unfit);
    let of_the_pss_padding = format!("{}.{signature}", PS256.rsplit_once('.').expect("parts").0);
    assert_eq!(rules().signed(&keys(), &of_the_pss_padding, NOW), unfit);
}

#[test]
fn a_key_serves_only_its_own_algorithms() {
    let no_key = |algorithm: &str| Err(format!("no key was for `{algorithm}`"));
    // What everybody can know of the RSA key, taken for the secret of an HMAC.
    let modulus = BASE64URL.decode(RSA_N).expect("base64url");
    for public in [RSA_N.as_bytes(), &modulus, jwks().to_string().as_bytes()] {
        let forged = hs256(json!({"alg": "HS256", "kid": "rsa-1"}), &claims(), public);
        assert_eq!(rules().signed(&keys(), &forged, NOW), no_key("HS256"));
    }
    assert_eq!(
        rules().signed(&keys(), &es256(json!({"alg": "ES256", "kid": "rsa-1"})), NOW),
        no_key("ES256")
    );
    assert_eq!(rules().signed(&keys(), &es256(json!({"alg": "ES384"})), NOW), no_key("ES384"));
    assert_eq!(rules().signed(&KeySet::hmac(SECRET), RS256, NOW), no_key("RS256"));
    let mut bound = jwks();
    bound["keys"][0]["alg"] = json!("PS256");
    let bound = KeySet::from_jwks(&bound.to_string()).expect("keys");
    assert_eq!(rules().signed(&bound, PS256, NOW), alice());
    assert_eq!(rules().signed(&bound, RS256, NOW), no_key("RS256"));
}

#[test]
fn a_token_without_a_signature_is_taken_only_where_that_is_allowed() {
    let unsigned = |algorithm: &str| signed(json!({"alg": algorithm}), &claims(), |_| Vec::new());
    for algorithm in ["none", "None", "NONE", ""] {
        let refused = rules().signed(&keys(), &unsigned(algorithm), NOW);
        assert_eq!(refused, Err(format!("no key was for `{algorithm}`")));
    }
    assert_eq!(rules().unsecured(&unsigned("none"), NOW), alice());
    assert!(rules().unsecured(&unsigned("None"), NOW).is_err());
    assert!(rules().unsecured(RS256, NOW).is_err(), "what is signed is not taken unlooked");
    assert!(rules().unsecured(&format!("{}AAAA", unsigned("none")), NOW).is_err());
    let early = TokenRules { clock_skew: Duration::from_millis(500), ..rules() };
    assert!(early.unsecured(&unsigned("none"), NOW - 600).is_err(), "issued in the future");
    assert_eq!(early.unsecured(&unsigned("none"), NOW - 400), alice());
}

#[test]
fn a_token_is_good_until_it_ends_give_or_take_the_clocks() {
    let expired = Err("the token had expired".to_owned());
    let end = (ISSUED + 600) * 1000;
    assert_eq!(rules().signed(&keys(), RS256, end - 1), alice());
    assert_eq!(rules().signed(&keys(), RS256, end), expired);
    let skewed = TokenRules { clock_skew: TokenRules::default().clock_skew, ..rules() };
    assert_eq!(skewed.signed(&keys(), RS256, end + 29_999), alice());
    assert_eq!(skewed.signed(&keys(), RS256, end + 30_000), expired);
}

#[test]
fn claims_that_are_not_as_expected_are_refused() {
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        match value {
            Value::Null => claims.as_object_mut().expect("claims").remove(name),
            value => claims.as_object_mut().expect("claims").insert(name.to_owned(), value),
        };
        hs256(json!({"alg": "HS256"}), &claims, SECRET)
    };
    let said = |name: &str, value: Value| {
        rules().signed(&KeySet::hmac(SECRET), &with(name, value), NOW).expect_err("refused")
    };
    assert_eq!(said("iss", json!("https://other.example")), "the token was of another issuer");
    assert_eq!(said("iss", Value::Null), "the token was of another issuer");
    assert_eq!(said("aud", json!("other")), "the token was for another audience");
    assert_eq!(said("aud", json!(["a", "b"])), "the token was for another audience");
    assert_eq!(said("aud", Value::Null), "the token was for another audience");
    assert_eq!(said("exp", Value::Null), "the token did not say when it ends");
    assert_eq!(said("exp", json!("soon")), "claim `exp` was no date");
    assert_eq!(said("iat", Value::Null), "the token did not say when it was issued");
    assert_eq!(said("nbf", json!(ISSUED + 1)), "the token was not valid yet");
    assert_eq!(said("sub", json!("  ")), "claim `sub` was no name");
    assert_eq!(said("sub", json!(7)), "claim `sub` was no name");
    assert_eq!(said("sub", Value::Null), "claim `sub` was no name");

    let open = TokenRules { audiences: Vec::new(), ..rules() };
    let refused = open.signed(&KeySet::hmac(SECRET), &with("exp", json!(ISSUED + 600)), NOW);
    assert_eq!(refused, Err("the token was for an audience, and none was expected".to_owned()));
    assert_eq!(open.signed(&KeySet::hmac(SECRET), &with("aud", Value::Null), NOW), alice());
    let other = TokenRules { principal_claim: "client_id".to_owned(), ..rules() };
    let named = other.signed(&KeySet::hmac(SECRET), &with("client_id", json!("service")), NOW);
    assert_eq!(named.map(|claims| claims.principal), Ok("service".to_owned()));
}

#[test]
fn what_is_no_token_is_refused() {
    let (message, signature) = RS256.rsplit_once('.').expect("parts");
    for token in [
        "",
        "a",
        "a.b",
        "..",
        "a.b.c.d",
        &format!("{message}.{signature}."),
        &format!("{message}.{signature}=="),
        &RS256.replacen("eyJ", "!!!", 1),
        &format!("{}.{}.", BASE64URL.encode("[]"), BASE64URL.encode("{}")),
        &format!("{}.{}.", BASE64URL.encode("{}"), BASE64URL.encode("{}")),
        &es256(json!({"alg": "ES256", "crit": ["b64"], "b64": false})),
    ] {
        assert!(rules().signed(&keys(), token, NOW).is_err(), "{token}");
        assert!(rules().unsecured(token, NOW).is_err(), "{token}");
    }
}

#[test]
fn a_key_set_that_cannot_be_used_says_why_and_never_what_is_in_it() {
    for (text, reason) in [
        ("hunter2", "the key set was not JSON"),
        (r#"{"kty": "oct", "k": "aHVudGVyMg"}"#, "the key set had no `keys`"),
        (r#"{"keys": []}"#, "the key set had no key that signs"),
        (r#"{"keys": [{"kty": "future", "k": "aHVudGVyMg"}]}"#, "the key set had no key that signs"),
        (r#"{"keys": ["hunter2"]}"#, "key 0 was no object"),
        (r#"{"keys": [{"k": "hunter2"}]}"#, "key 0: `kty` was missing"),
        (r#"{"keys": [{"kty": "oct", "k": "hunter2!"}]}"#, "key 0: `k` was missing or not base64url"),
        (
            r#"{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}"#,
            "key 0: `x` or `y` had another length than the curve",
        ),
    ] {
        assert_eq!(KeySet::from_jwks(text).expect_err("refused"), reason);
    }
    let shared =
        KeySet::from_jwks(r#"{"keys": [{"kty": "oct", "kid": "k", "k": "aHVudGVyMg"}]}"#).expect("keys");
    assert_eq!(format!("{shared:?}"), r#"[("secret", Some("k"))]"#);
}
