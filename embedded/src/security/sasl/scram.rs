//! SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677) as Kafka speaks them: no channel binding, no tokens of
//! delegation, names and passwords as they are, without SASLprep.
//!
//! Where the RFC and Kafka differ in what they refuse, both refusals hold: a client that passes here passes
//! there. A user that does not exist goes all the way to the same refusal, with a salt of its own, so that
//! neither words nor work tell it from a wrong password.

use std::collections::HashMap;
use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use subtle::ConstantTimeEq;

use super::Outcome;
use crate::security::User;

/// What Kafka's tools take when nobody says (`kafka-configs --add-config 'SCRAM-SHA-256=[password=...]'`).
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScramHash {
    Sha256,
    Sha512,
}

impl ScramHash {
    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn sign(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(self.hmac(), key), message).as_ref().to_vec()
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        digest::digest(self.hmac().digest_algorithm(), bytes).as_ref().to_vec()
    }

    /// `Hi(password, salt, i)` of RFC 5802.
    fn salt(self, password: &[u8], salt: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        let mut salted = vec![0; self.hmac().digest_algorithm().output_len()];
        pbkdf2::derive(algorithm, ITERATIONS, salt, password, &mut salted);
        salted
    }
}

/// What a server keeps of a password (RFC 5802, section 2.2).
#[derive(Clone)]
struct Credential {
    salt: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

impl Credential {
    fn derive(hash: ScramHash, password: &str, salt: Vec<u8>) -> Self {
        let salted = hash.salt(password.as_bytes(), &salt);
        let client_key = hash.sign(&salted, b"Client Key");
        Self { stored_key: hash.digest(&client_key), server_key: hash.sign(&salted, b"Server Key"), salt }
    }
}

/// The credentials of all users, derived together: the first exchange waits for it, whoever it is for.
pub(crate) struct ScramCredentials {
    hash: ScramHash,
    of: HashMap<String, Credential>,
    /// Makes the salts of users that do not exist, the same each time.
    pepper: Vec<u8>,
}

impl ScramCredentials {
    pub(crate) fn derive(hash: ScramHash, users: &[User]) -> Self {
        let of = users
            .iter()
            .map(|user| {
                (user.name.clone(), Credential::derive(hash, user.password.reveal(), random(SALT_BYTES)))
            })
            .collect();
        Self { hash, of, pepper: random(SALT_BYTES) }
    }

    /// Returns what is known of a user, or what nobody's password fits.
    fn find(&self, name: &str) -> (Credential, bool) {
        let mut salt = self.hash.sign(&self.pepper, name.as_bytes());
        salt.truncate(SALT_BYTES);
        let nobody = Credential { salt, stored_key: self.pepper.clone(), server_key: self.pepper.clone() };
        match self.of.get(name) {
            Some(credential) => (credential.clone(), true),
            None => (nobody, false),
        }
    }
}

const SALT_BYTES: usize = 24;
const NONCE_BYTES: usize = 24;

fn random(bytes: usize) -> Vec<u8> {
    let mut made = vec![0; bytes];
    // The system's generator fails only where the process could not have started.
    SystemRandom::new().fill(&mut made).expect("the system gives random bytes");
    made
}

/// One exchange: client-first, server-first, client-final, server-final.
pub(super) struct Exchange {
    hash: ScramHash,
    nonce: String,
    asked: Option<Asked>,
}

/// What was said in the first two messages.
struct Asked {
    name: String,
    exists: bool,
    credential: Credential,
    /// Base64 of the GS2 header, which the client has to repeat.
    binding: String,
    nonce: String,
    /// `client-first-message-bare "," server-first-message ","`.
    heard: String,
}

impl Exchange {
    pub(super) fn new(hash: ScramHash) -> Self {
        Self::with_nonce(hash, BASE64.encode(random(NONCE_BYTES)))
    }

    fn with_nonce(hash: ScramHash, nonce: String) -> Self {
        Self { hash, nonce, asked: None }
    }

    pub(super) fn hash(&self) -> ScramHash {
        self.hash
    }

    pub(super) fn step(&mut self, credentials: &ScramCredentials, message: &[u8]) -> Outcome {
        let Ok(message) = std::str::from_utf8(message) else {
            return Outcome::Untold("a message was not UTF-8");
        };
        let outcome = match self.asked.take() {
            None => self.first(credentials, message),
            Some(asked) => self.last(asked, message),
        };
        outcome.unwrap_or_else(|refused| refused)
    }

    fn first(&mut self, credentials: &ScramCredentials, message: &str) -> Result<Outcome, Outcome> {
        let first = ClientFirst::parse(message).map_err(Outcome::Untold)?;
        if !first.authorization.is_empty() && first.authorization != first.name {
            return Err(Outcome::Told(
                "Authentication failed: Client requested an authorization id that is different from username"
                    .to_owned(),
            ));
        }
        let (credential, exists) = credentials.find(&first.name);
        let nonce = format!("{}{}", first.nonce, self.nonce);
        let server_first = format!("r={nonce},s={},i={ITERATIONS}", BASE64.encode(&credential.salt));
        let heard = format!("{},{server_first},", first.bare);
        let binding = BASE64.encode(first.header);
        self.asked = Some(Asked { name: first.name, exists, credential, binding, nonce, heard });
        Ok(Outcome::Challenge(server_first.into_bytes()))
    }

    fn last(&self, asked: Asked, message: &str) -> Result<Outcome, Outcome> {
        let untold = Outcome::Untold;
        let (without_proof, proof) =
            message.rsplit_once(",p=").ok_or(untold("the final message had no proof"))?;
        let mut attributes = without_proof.split(',');
        if attributes.next().and_then(|first| first.strip_prefix("c=")) != Some(&asked.binding) {
            return Err(untold("the channel binding was not the one of the first message"));
        }
        if attributes.next().and_then(|second| second.strip_prefix("r=")) != Some(&asked.nonce) {
            return Err(untold("the nonce was not the one of this exchange"));
        }
        let proof = BASE64.decode(proof).map_err(|_| untold("the proof was not base64"))?;

        let heard = format!("{}{without_proof}", asked.heard);
        let signature = self.hash.sign(&asked.credential.stored_key, heard.as_bytes());
        if proof.len() != signature.len() {
            return Err(untold("the proof had another length"));
        }
        let client_key: Vec<u8> = proof.iter().zip(&signature).map(|(proof, sign)| proof ^ sign).collect();
        let matches: bool = self.hash.digest(&client_key).ct_eq(&asked.credential.stored_key).into();
        if !matches || !asked.exists {
            return Err(untold("the proof did not fit the user"));
        }
        let verifier = BASE64.encode(self.hash.sign(&asked.credential.server_key, heard.as_bytes()));
        let reply = format!("v={verifier}").into_bytes();
        Ok(Outcome::Accepted { reply, name: asked.name, expires_ms: None })
    }
}

/// `gs2-header client-first-message-bare`.
struct ClientFirst<'a> {
    header: &'a str,
    bare: &'a str,
    authorization: String,
    name: String,
    nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    fn parse(message: &'a str) -> Result<Self, &'static str> {
        let mut parts = message.splitn(3, ',');
        if parts.next() != Some("n") {
            return Err("channel binding was asked for");
        }
        let authorization = match parts.next() {
            Some("") => String::new(),
            Some(authorization) => {
                sasl_name(authorization.strip_prefix("a=").ok_or("the header was malformed")?)?
            }
            None => return Err("the header was malformed"),
        };
        let bare = parts.next().ok_or("the first message had no name")?;
        let header = &message[..message.len() - bare.len()];
        let mut attributes = bare.split(',');
        let name = attributes.next().and_then(|name| name.strip_prefix("n=")).ok_or("there was no name")?;
        let name = sasl_name(name)?;
        let nonce =
            attributes.next().and_then(|nonce| nonce.strip_prefix("r=")).ok_or("there was no nonce")?;
        if nonce.is_empty() || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the nonce was malformed");
        }
        for extension in attributes {
            let (key, value) = extension.split_once('=').ok_or("an extension was malformed")?;
            let is_word = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic());
            if !is_word || value.is_empty() {
                return Err("an extension was malformed");
            }
            if key == "tokenauth" && value.eq_ignore_ascii_case("true") {
                return Err("a token of delegation was offered");
            }
        }
        Ok(Self { header, bare, authorization, name, nonce })
    }
}

/// Reads a `saslname`: a comma is `=2C` in it, and an equals sign `=3D`. Kafka takes ASCII only.
fn sasl_name(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.contains('\0') || !name.is_ascii() {
        return Err("a name was malformed");
    }
    let mut parts = name.split('=');
    let mut read = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some(rest) = part.strip_prefix("2C") {
            read.push(',');
            read.push_str(rest);
        } else if let Some(rest) = part.strip_prefix("3D") {
            read.push('=');
            read.push_str(rest);
        } else {
            return Err("a name was malformed");
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests;
