//! OAUTHBEARER (RFC 7628) with the rounds of Kafka (KIP-255): a token that is not accepted is answered with a
//! JSON status, the client acknowledges it with one byte, and only then the exchange fails.

use super::Outcome;
use crate::security::{Claims, OAuthBearer, Security};

const SEPARATOR: char = '\u{1}';
const ACKNOWLEDGEMENT: &[u8] = b"\x01";
const INVALID_TOKEN: &str = r#"{"status":"invalid_token"}"#;

#[derive(Default)]
pub(super) struct Exchange {
    /// Whether the client was told that its token is not accepted.
    told: bool,
}

impl Exchange {
    pub(super) fn step(&mut self, security: &Security, message: &[u8], now_ms: i64) -> Outcome {
        if std::mem::take(&mut self.told) && message == ACKNOWLEDGEMENT {
            return Outcome::Told(INVALID_TOKEN.to_owned());
        }
        let first = match ClientFirst::parse(message) {
            Ok(first) => first,
            Err(reason) => return Outcome::Untold(reason),
        };
        let claims = match check(security, first.token, now_ms) {
            Ok(claims) => claims,
            Err(reason) => {
                tracing::debug!(reason, "a token was not accepted");
                self.told = true;
                return Outcome::Challenge(INVALID_TOKEN.as_bytes().to_vec());
            }
        };
        let name = claims.principal;
        if !first.authorization.is_empty() && first.authorization != name {
            return Outcome::Told(format!(
                "Authentication failed: Client requested an authorization id ({}) that is different from the \
                 token's principal name ({name})",
                first.authorization
            ));
        }
        Outcome::Accepted { reply: Vec::new(), name, expires_ms: claims.expires_ms }
    }
}

fn check(security: &Security, token: &str, now_ms: i64) -> Result<Claims, String> {
    match &security.options().oauthbearer {
        None => Err("there was no way to check tokens".to_owned()),
        Some(OAuthBearer::Signed(keys, rules)) => rules.signed(keys, token, now_ms),
        Some(OAuthBearer::Unsecured(rules)) => rules.unsecured(token, now_ms),
        Some(OAuthBearer::Callback(callback)) => {
            let claims = callback(token)?;
            match claims.expires_ms {
                Some(expires) if expires <= now_ms => Err("the token had expired".to_owned()),
                _ if claims.principal.is_empty() => Err("the token had no principal".to_owned()),
                _ => Ok(claims),
            }
        }
    }
}

/// `n,[a=authzid],^A *(key=value ^A) ^A`
struct ClientFirst<'a> {
    authorization: &'a str,
    token: &'a str,
}

impl<'a> ClientFirst<'a> {
    fn parse(message: &'a [u8]) -> Result<Self, &'static str> {
        let message = std::str::from_utf8(message).map_err(|_| "the message was not UTF-8")?;
        let (header, pairs) = message.split_once(SEPARATOR).ok_or("the message had no pairs")?;
        let authorization = header.strip_prefix("n,").and_then(|rest| rest.strip_suffix(','));
        let authorization = match authorization.ok_or("the header was malformed")? {
            "" => "",
            given => {
                given.strip_prefix("a=").filter(|name| is_sasl_name(name)).ok_or("the name was malformed")?
            }
        };
        let pairs = pairs.strip_suffix(SEPARATOR).ok_or("the message had no end")?;
        let mut token = None;
        for pair in pairs.split_terminator(SEPARATOR) {
            let (key, value) = pair.split_once('=').ok_or("a pair had no value")?;
            if !is_key(key) || !is_value(value) {
                return Err("a pair was malformed");
            }
            if key == "auth" {
                token = Some(bearer(value)?);
            }
        }
        if !pairs.is_empty() && !pairs.ends_with(SEPARATOR) {
            return Err("a pair had no end");
        }
        Ok(Self { authorization, token: token.ok_or("the message had no token")? })
    }
}

/// Reads `Bearer <b64token>` (RFC 6750, section 2.1).
fn bearer(value: &str) -> Result<&str, &'static str> {
    let (scheme, token) = value.split_once(' ').ok_or("the authorization was malformed")?;
    let token = token.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("the authorization was of another scheme");
    }
    let unpadded = token.trim_end_matches('=');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if unpadded.is_empty() || !unpadded.bytes().all(is_token) {
        return Err("the token was malformed");
    }
    Ok(token)
}

fn is_sasl_name(name: &str) -> bool {
    let escaped = name.replace("=2C", "").replace("=3D", "");
    !name.is_empty() && escaped.bytes().all(|byte| matches!(byte, 1..=127) && byte != b'=' && byte != b',')
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_value(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| matches!(byte, 0x20..=0x7e | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::security::{Mechanism, Protocol, SecurityOptions};

    const NOW: i64 = 1_700_000_000_000;

    /// Accepts `good` as alice for a minute, and `old` as one that ended just now.
    fn security() -> Security {
        let check = |token: &str| match token {
            "good" => Ok(Claims { principal: "alice".to_owned(), expires_ms: Some(NOW + 60_000) }),
            "old" => Ok(Claims { principal: "alice".to_owned(), expires_ms: Some(NOW) }),
            "nobody" => Ok(Claims { principal: String::new(), expires_ms: None }),
            "ever==" => Ok(Claims { principal: "bob".to_owned(), expires_ms: None }),
            other => Err(format!("{other} was not known")),
        };
        let mut options = SecurityOptions::sasl(Mechanism::OAuthBearer, []);
        options.oauthbearer = Some(OAuthBearer::Callback(Arc::new(check)));
        Security::new(options, &[Protocol::SaslPlaintext]).expect("usable")
    }

    fn accepted(name: &str, expires_ms: Option<i64>) -> Outcome {
        Outcome::Accepted { reply: Vec::new(), name: name.to_owned(), expires_ms }
    }

    #[test]
    fn a_token_that_is_good_authenticates_until_it_ends() {
        for message in [
            "n,,\x01auth=Bearer good\x01\x01",
            "n,a=alice,\x01auth=bearer   good\x01\x01",
            "n,,\x01traceId=a b c\x01auth=Bearer good\x01host=127.0.0.1\x01\x01",
        ] {
            let outcome = Exchange::default().step(&security(), message.as_bytes(), NOW);
            assert_eq!(outcome, accepted("alice", Some(NOW + 60_000)), "{message:?}");
        }
        let outcome = Exchange::default().step(&security(), b"n,,\x01auth=Bearer ever==\x01\x01", NOW);
        assert_eq!(outcome, accepted("bob", None));
    }

    #[test]
    fn a_token_that_is_not_good_is_told_first_and_refused_when_that_was_heard() {
        for token in ["bad", "old", "nobody"] {
            let mut exchange = Exchange::default();
            let message = format!("n,,\x01auth=Bearer {token}\x01\x01");
            let status = Outcome::Challenge(br#"{"status":"invalid_token"}"#.to_vec());
            assert_eq!(exchange.step(&security(), message.as_bytes(), NOW), status);
            let refused = Outcome::Told(r#"{"status":"invalid_token"}"#.to_owned());
            assert_eq!(exchange.step(&security(), b"\x01", NOW), refused);
            assert!(matches!(exchange.step(&security(), b"\x01", NOW), Outcome::Untold(_)));
        }
    }

    #[test]
    fn a_better_token_may_follow_one_that_was_not_good() {
        let mut exchange = Exchange::default();
        let outcome = exchange.step(&security(), b"n,,\x01auth=Bearer bad\x01\x01", NOW);
        assert!(matches!(outcome, Outcome::Challenge(_)));
        let outcome = exchange.step(&security(), b"n,,\x01auth=Bearer good\x01\x01", NOW);
        assert_eq!(outcome, accepted("alice", Some(NOW + 60_000)));
    }

    #[test]
    fn nobody_acts_as_another_than_the_token_says() {
        let outcome = Exchange::default().step(&security(), b"n,a=bob,\x01auth=Bearer good\x01\x01", NOW);
        let told = "Authentication failed: Client requested an authorization id (bob) that is different from the \
                    token's principal name (alice)";
        assert_eq!(outcome, Outcome::Told(told.to_owned()));
    }

    #[test]
    fn a_message_of_another_shape_is_refused_without_a_word() {
        for message in [
            "",
            "\x01",
            "n,,",
            "n,,\x01",
            "n,,\x01\x01",
            "y,,\x01auth=Bearer good\x01\x01",
            "n,,\x01auth=Bearer good\x01",
            "n,,\x01auth=Bearer good",
            "n,,\x01auth=Bearer good\x01\x01\x01",
            "n,,\x01auth=Basic good\x01\x01",
            "n,,\x01auth=good\x01\x01",
            "n,,\x01auth=Bearer go\u{e4}d\x01\x01",
            "n,,\x01auth=Bearer =\x01\x01",
            "n,,\x01a1=x\x01auth=Bearer good\x01\x01",
            "n,,\x01key\x01auth=Bearer good\x01\x01",
            "n,,\x01token=good\x01\x01",
            "n,alice,\x01auth=Bearer good\x01\x01",
            "n,a=al=ice,\x01auth=Bearer good\x01\x01",
            "p=x,,\x01auth=Bearer good\x01\x01",
        ] {
            let outcome = Exchange::default().step(&security(), message.as_bytes(), NOW);
            assert!(matches!(outcome, Outcome::Untold(_)), "{message:?}: {outcome:?}");
        }
    }
}
