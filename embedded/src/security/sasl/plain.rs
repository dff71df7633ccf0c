//! PLAIN: `[authzid] NUL authcid NUL passwd` (RFC 4616).

use super::Outcome;
use crate::security::{Secret, Security};

pub(super) fn step(security: &Security, message: &[u8]) -> Outcome {
    let message = String::from_utf8_lossy(message);
    let parts: Vec<&str> = message.splitn(4, '\0').collect();
    let [authorization, name, password] = parts[..] else {
        return Outcome::Told(format!("Invalid SASL/PLAIN response: expected 3 tokens, got {}", parts.len()));
    };
    if name.is_empty() {
        return Outcome::Told("Authentication failed: username not specified".to_owned());
    }
    if password.is_empty() {
        return Outcome::Told("Authentication failed: password not specified".to_owned());
    }
    // A user that does not exist is compared as well, so that the time says nothing.
    let nobody = Secret::from("");
    let user = security.user(name);
    let matches = user.map_or(&nobody, |user| &user.password).is(password);
    if !matches || user.is_none() {
        return Outcome::Told("Authentication failed: Invalid username or password".to_owned());
    }
    if !authorization.is_empty() && authorization != name {
        return Outcome::Told(
            "Authentication failed: Client requested an authorization id that is different from username"
                .to_owned(),
        );
    }
    Outcome::Accepted { reply: Vec::new(), name: name.to_owned(), expires_ms: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::{Mechanism, Protocol, SecurityOptions, User};

    fn said(message: &[u8]) -> Result<String, String> {
        let users = [User::new("alice", "wonder"), User::new("unset", ""), User::new("zoë", "pä ss")];
        let options = SecurityOptions::sasl(Mechanism::Plain, users);
        match step(&Security::new(options, &[Protocol::SaslPlaintext]).expect("usable"), message) {
            Outcome::Accepted { reply, name, expires_ms: None } if reply.is_empty() => Ok(name),
            Outcome::Told(message) => Err(message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_user_with_the_password_is_accepted() {
        assert_eq!(said(b"\0alice\0wonder"), Ok("alice".to_owned()));
        assert_eq!(said(b"alice\0alice\0wonder"), Ok("alice".to_owned()));
        assert_eq!(said("\0zoë\0pä ss".as_bytes()), Ok("zoë".to_owned()));
    }

    #[test]
    fn whoever_does_not_know_the_password_is_told_the_same_whether_or_not_the_user_exists() {
        let same = "Authentication failed: Invalid username or password";
        for message in [
            &b"\0alice\0wonde"[..],
            b"\0alice\0wonderr",
            b"\0alice\0Wonder",
            b"\0Alice\0wonder",
            b"\0mallory\0wonder",
            b"mallory\0alice\0wrong",
            b"\0alice\0\xff",
        ] {
            assert_eq!(said(message), Err(same.to_owned()), "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn an_empty_password_never_opens_a_door() {
        let specified = |what: &str| Err(format!("Authentication failed: {what} not specified"));
        assert_eq!(said(b"\0unset\0"), specified("password"));
        assert_eq!(said(b"\0alice\0"), specified("password"));
        assert_eq!(said(b"\0\0wonder"), specified("username"));
    }

    #[test]
    fn nobody_acts_as_another_user() {
        let other =
            "Authentication failed: Client requested an authorization id that is different from username";
        assert_eq!(said(b"bob\0alice\0wonder"), Err(other.to_owned()));
    }

    #[test]
    fn a_message_of_another_shape_is_refused() {
        let counted = |count: u8| Err(format!("Invalid SASL/PLAIN response: expected 3 tokens, got {count}"));
        assert_eq!(said(b""), counted(1));
        assert_eq!(said(b"alice\0wonder"), counted(2));
        assert_eq!(said(b"\0alice\0wonder\0"), counted(4));
        assert_eq!(said(b"\0alice\0wonder\0a\0b\0c"), counted(4));
    }
}
