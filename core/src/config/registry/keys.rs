//! The keys of `schema-registry:`. Those of `auth:` are the names that Confluent's clients have.

use crate::document::{Key, Kind, Table};

/// `schema-registry:`.
pub(crate) static REGISTRY: Table = Table {
    what: "`schema-registry`",
    keys: &[
        Key::new("url", Kind::Text, "Its URLs without user information, comma separated; or `mock://SCOPE`.")
            .hidden()
            .required(),
        Key::new("auth", Kind::Object(&AUTH), "How to authenticate."),
        Key::new("auto.register.schemas", Kind::Boolean, "Who writes registers what the subject lacks."),
        Key::new("use.latest.version", Kind::Boolean, "Write with the subject's latest schema."),
        Key::new("normalize.schemas", Kind::Boolean, "Compare schemas by meaning, not by text."),
        Key::new("request-timeout", Kind::Duration, "How long one call to one URL may take."),
        Key::new("max-retries", Kind::Integer(0, 100), "How often a call is tried again."),
        Key::new("latest-cache-ttl", Kind::Duration, "How long the answer to `latest` holds."),
    ],
};

pub(super) const USER_INFO: &str = "USER_INFO";
pub(super) const STATIC_TOKEN: &str = "STATIC_TOKEN";
pub(super) const OAUTHBEARER: &str = "OAUTHBEARER";

/// `auth:`.
pub(super) static AUTH: Table = Table {
    what: "`auth` of `schema-registry`",
    keys: &[
        Key::new(
            "basic.auth.credentials.source",
            Kind::AnyCase(&[USER_INFO]),
            "Where user and password are.",
        ),
        Key::new("basic.auth.user.info", Kind::Text, "`user:password`.").hidden(),
        Key::new(
            "bearer.auth.credentials.source",
            Kind::AnyCase(&[STATIC_TOKEN, OAUTHBEARER]),
            "Where tokens come from; without it what is given says so.",
        ),
        Key::new("bearer.auth.token", Kind::Text, "A token that does not change.").hidden(),
        Key::new(
            "bearer.auth.issuer.endpoint.url",
            Kind::Text,
            "Where tokens come from; the cluster's `oauth.token-endpoint` when absent.",
        )
        .hidden(),
        Key::new("bearer.auth.client.id", Kind::Text, "OAuth client id.").hidden(),
        Key::new("bearer.auth.client.secret", Kind::Text, "OAuth client secret.").hidden(),
        Key::new("bearer.auth.scope", Kind::Text, "Scope; the cluster's `oauth.client-scope` when absent."),
        Key::new("bearer.auth.logical.cluster", Kind::Text, "The registry's cluster, as `lsrc-123`."),
        Key::new("bearer.auth.identity.pool.id", Kind::Text, "The identity pool, as `pool-123`."),
        Key::new("ssl.ca", Kind::Text, "Certificate authorities, a PEM file."),
        Key::new("ssl.certificate", Kind::Text, "Client certificate, a PEM file."),
        Key::new("ssl.key", Kind::Text, "Client key, a PEM file.").hidden(),
        Key::new("ssl.key.password", Kind::Text, "Passphrase of the client key.").hidden(),
    ],
};
