//! Tokens that are JSON web tokens (RFC 7519), checked as Kafka's broker checks them.
//!
//! A key says which algorithms it serves; what the token names in `alg` only chooses among the keys. So a public
//! key never becomes the secret of an HMAC, and `none` is no algorithm of any key.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ring::{hmac, signature};
use serde_json::{Map, Value};

/// What a token says that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who the client is, without `User:`.
    pub principal: String,
    /// When the token ends, in milliseconds since 1970; none is never.
    pub expires_ms: Option<i64>,
}

/// What is asked of a token besides its signature.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// Who must have issued it (`sasl.oauthbearer.expected.issuer`).
    pub issuer: Option<String>,
    /// Whom it must be for, one of these (`sasl.oauthbearer.expected.audience`). As in Kafka, a signed token
    /// that names an audience is not accepted where none is expected.
    pub audiences: Vec<String>,
    /// The claim that names the principal (`sasl.oauthbearer.sub.claim.name`).
    pub principal_claim: String,
    /// How far the clocks may differ (`sasl.oauthbearer.clock.skew.seconds`, 30 by default).
    pub clock_skew: Duration,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            issuer: None,
            audiences: Vec::new(),
            principal_claim: "sub".to_owned(),
            clock_skew: Duration::from_secs(30),
        }
    }
}

impl TokenRules {
    /// Checks a signed token; returns why it is not accepted.
    pub(crate) fn signed(&self, keys: &KeySet, token: &str, now_ms: i64) -> Result<Claims, String> {
        let token = Token::parse(token)?;
        keys.verify(&token)?;
        if !token.claims.contains_key("iat") {
            return Err("the token did not say when it was issued".to_owned());
        }
        if self.audiences.is_empty() && token.claims.contains_key("aud") {
            return Err("the token was for an audience, and none was expected".to_owned());
        }
        self.claims(&token.claims, now_ms)
    }

    /// Checks a token without a signature; returns why it is not accepted.
    pub(crate) fn unsecured(&self, token: &str, now_ms: i64) -> Result<Claims, String> {
        let token = Token::parse(token)?;
        if token.algorithm != "none" || !token.signature.is_empty() {
            return Err("the token had a signature, and nothing to check it with".to_owned());
        }
        if number(&token.claims, "iat")?.is_some_and(|issued| issued > now_ms.saturating_add(self.skew_ms()))
        {
            return Err("the token was issued in the future".to_owned());
        }
        self.claims(&token.claims, now_ms)
    }

    fn claims(&self, claims: &Map<String, Value>, now_ms: i64) -> Result<Claims, String> {
        let expires_ms = number(claims, "exp")?.ok_or("the token did not say when it ends")?;
        if expires_ms.saturating_add(self.skew_ms()) <= now_ms {
            return Err("the token had expired".to_owned());
        }
        if number(claims, "nbf")?.is_some_and(|begins| begins > now_ms.saturating_add(self.skew_ms())) {
            return Err("the token was not valid yet".to_owned());
        }
        if let Some(issuer) = &self.issuer
            && claims.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err("the token was of another issuer".to_owned());
        }
        if !self.audiences.is_empty() && !self.is_for_us(claims) {
            return Err("the token was for another audience".to_owned());
        }
        let principal = claims.get(&self.principal_claim).and_then(Value::as_str).unwrap_or_default().trim();
        if principal.is_empty() {
            return Err(format!("claim `{}` was no name", self.principal_claim));
        }
        Ok(Claims { principal: principal.to_owned(), expires_ms: Some(expires_ms) })
    }

    fn is_for_us(&self, claims: &Map<String, Value>) -> bool {
        let expected = |audience: &Value| {
            audience.as_str().is_some_and(|audience| self.audiences.iter().any(|ours| ours == audience))
        };
        match claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(expected),
            Some(audience) => expected(audience),
            None => false,
        }
    }

    fn skew_ms(&self) -> i64 {
        i64::try_from(self.clock_skew.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Reads a date: seconds since 1970, maybe with a fraction. Returns milliseconds.
fn number(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, String> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(seconds)) => Ok(seconds.as_f64().map(|seconds| (seconds * 1000.0) as i64)),
        Some(_) => Err(format!("claim `{name}` was no date")),
    }
}

/// A token, taken apart (RFC 7515, section 7.1).
struct Token<'a> {
    algorithm: String,
    key_id: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

impl<'a> Token<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("the token had not three parts".to_owned());
        };
        let signed = &text[..header.len() + 1 + claims.len()];
        let header = object(header, "header")?;
        let claims = object(claims, "payload")?;
        if header.contains_key("crit") {
            return Err("the token asked for an extension".to_owned());
        }
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        let algorithm = text("alg").ok_or("the token named no algorithm")?;
        let signature = BASE64URL.decode(signature).map_err(|_| "the signature was not base64url")?;
        Ok(Self { algorithm, key_id: text("kid"), signed, signature, claims })
    }
}

fn object(part: &str, what: &str) -> Result<Map<String, Value>, String> {
    let bytes = BASE64URL.decode(part).map_err(|_| format!("the {what} was not base64url"))?;
    serde_json::from_slice(&bytes).map_err(|_| format!("the {what} was no JSON object"))
}

/// The keys that tokens are signed with.
#[derive(Clone)]
pub struct KeySet(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: Option<String>,
    /// The only algorithm it is for, when it says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed points.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    Hmac(Vec<u8>),
}

impl KeySet {
    /// Returns the set whose one key is a shared secret: HS256, HS384 and HS512.
    pub fn hmac(secret: &[u8]) -> Self {
        Self(vec![Key { id: None, algorithm: None, material: Material::Hmac(secret.to_vec()) }])
    }

    /// Reads a JWK set (RFC 7517), as issuers publish it: `{"keys": [...]}`.
    ///
    /// Keys of RSA (RS and PS), P-256, P-384, Ed25519 and shared secrets (`oct`) are taken; keys of other kinds
    /// and those for encryption are passed over. The error names the key, and never what is in it.
    pub fn from_jwks(json: &str) -> Result<Self, String> {
        // What serde says quotes the text, and the text may have secrets.
        let set: Value = serde_json::from_str(json).map_err(|_| "the key set was not JSON".to_owned())?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or("the key set had no `keys`")?;
        let mut read = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let key = key.as_object().ok_or_else(|| format!("key {index} was no object"))?;
            read.extend(Key::from_jwk(key).map_err(|reason| format!("key {index}: {reason}"))?);
        }
        if read.is_empty() {
            return Err("the key set had no key that signs".to_owned());
        }
        Ok(Self(read))
    }

    fn verify(&self, token: &Token<'_>) -> Result<(), String> {
        let mut serves = false;
        for key in &self.0 {
            if matches!((&key.id, &token.key_id), (Some(ours), Some(theirs)) if ours != theirs)
                || key.algorithm.as_ref().is_some_and(|only| *only != token.algorithm)
            {
                continue;
            }
            match key.material.verify(token) {
                Some(true) => return Ok(()),
                Some(false) => serves = true,
                None => {}
            }
        }
        Err(if serves {
            "the signature did not fit".to_owned()
        } else {
            format!("no key was for `{}`", token.algorithm)
        })
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| (key.material.kind(), &key.id))).finish()
    }
}

impl Key {
    /// Reads a key; none when it is of no use here.
    fn from_jwk(jwk: &Map<String, Value>) -> Result<Option<Self>, String> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            text(name)
                .and_then(|value| BASE64URL.decode(value.trim_end_matches('=')).ok())
                .filter(|bytes| !bytes.is_empty())
                .ok_or_else(|| format!("`{name}` was missing or not base64url"))
        };
        let point = |size: usize| -> Result<Vec<u8>, String> {
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != size || y.len() != size {
                return Err("`x` or `y` had another length than the curve".to_owned());
            }
            Ok([&[4], &x[..], &y[..]].concat())
        };
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return Ok(None);
        }
        let material = match (text("kty").ok_or("`kty` was missing")?, text("crv")) {
            ("RSA", _) => Material::Rsa { n: unsigned(bytes("n")?), e: unsigned(bytes("e")?) },
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x")?),
            ("oct", _) => Material::Hmac(bytes("k")?),
            _ => return Ok(None),
        };
        let (id, algorithm) = (text("kid").map(str::to_owned), text("alg").map(str::to_owned));
        Ok(Some(Self { id, algorithm, material }))
    }
}

/// Strips the zeros that some issuers write in front of a number.
fn unsigned(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}

impl Material {
    fn kind(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RSA",
            Self::P256(_) => "P-256",
            Self::P384(_) => "P-384",
            Self::Ed25519(_) => "Ed25519",
            Self::Hmac(_) => "secret",
        }
    }

    /// Returns whether the signature fits; none when this key does not serve the algorithm.
    fn verify(&self, token: &Token<'_>) -> Option<bool> {
        let (message, sign) = (token.signed.as_bytes(), &token.signature[..]);
        let verified = |algorithm, key: &[u8]| {
            signature::UnparsedPublicKey::new(algorithm, key).verify(message, sign).is_ok()
        };
        let fits = match (self, token.algorithm.as_str()) {
            (Self::Rsa { n, e }, name) => {
                let algorithm = match name {
                    "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                    "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
                    "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => return None,
                };
                signature::RsaPublicKeyComponents { n, e }.verify(algorithm, message, sign).is_ok()
            }
            (Self::P256(point), "ES256") => verified(&signature::ECDSA_P256_SHA256_FIXED, point),
            (Self::P384(point), "ES384") => verified(&signature::ECDSA_P384_SHA384_FIXED, point),
            (Self::Ed25519(key), "EdDSA" | "Ed25519") => verified(&signature::ED25519, key),
            (Self::Hmac(secret), name) => {
                let algorithm = match name {
                    "HS256" => hmac::HMAC_SHA256,
                    "HS384" => hmac::HMAC_SHA384,
                    "HS512" => hmac::HMAC_SHA512,
                    _ => return None,
                };
                hmac::verify(&hmac::Key::new(algorithm, secret), message, sign).is_ok()
            }
            _ => return None,
        };
        Some(fits)
    }
}

#[cfg(test)]
mod tests;
