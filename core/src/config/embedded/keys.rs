//! The keys of `embedded:`.

use crate::config::keys::{MECHANISMS, PROTOCOLS};
use crate::document::{Key, Kind, Table};

/// `embedded:`.
pub(in crate::config) static EMBEDDED: Table = Table {
    what: "`embedded`",
    keys: &[
        Key::new("brokers", Kind::Integer(1, 100), "How many brokers; 1 when absent."),
        Key::new(
            "default-partitions",
            Kind::Integer(1, 10_000),
            "Partitions of a topic made without a number.",
        ),
        Key::new(
            "auto-create-topics",
            Kind::Boolean,
            "Whether asking for a topic makes it; true when absent.",
        ),
        Key::new("cluster-id", Kind::Text, "The cluster id; random when absent."),
        Key::new("memory", Kind::AnyOf(MEMORY), "Memory for records, as `512MiB`, which is the default."),
        Key::new(
            "when-full",
            Kind::Choice(&["refuse", "spill"]),
            "Refuse records, or `spill` them to files.",
        ),
        Key::new("seed", Kind::Integer(0, i64::MAX), "Seeds all randomness, so that a run can be repeated."),
        Key::new(
            "initial-rebalance-delay",
            Kind::Duration,
            "How long an empty group waits for more members.",
        ),
        Key::new("min-session-timeout", Kind::Duration, "Shortest session timeout of a classic group."),
        Key::new("max-session-timeout", Kind::Duration, "Longest session timeout of a classic group."),
        Key::new("consumer-heartbeat-interval", Kind::Duration, "How often a KIP-848 member calls."),
        Key::new("consumer-session-timeout", Kind::Duration, "How long a KIP-848 member may be silent."),
        Key::new("security", Kind::Object(&SECURITY), "Listeners beside PLAINTEXT, and who may do what."),
    ],
};

const MEMORY: &[Kind] = &[Kind::Integer(0, i64::MAX), Kind::Pattern("^[0-9]+ *(B|[KMG]iB|[kMG]B)$")];

/// `security:`.
pub(super) static SECURITY: Table = Table {
    what: "`security`",
    keys: &[
        Key::new(
            "listeners",
            Kind::ListOf(&Kind::AnyCase(PROTOCOLS)),
            "What each broker listens for, a port each. PLAINTEXT, by which the probe connects, is always there.",
        ),
        Key::new(
            "mechanisms",
            Kind::ListOf(&Kind::AnyCase(MECHANISMS)),
            "SASL mechanisms; when absent those that `users` and `oauth` make possible.",
        ),
        Key::new("users", Kind::MapOf(&Kind::Text), "Passwords of PLAIN and SCRAM by user.").hidden(),
        Key::new("max-reauth", Kind::Duration, "How long a SASL session lasts; for ever when absent."),
        Key::new("tls", Kind::Object(&TLS), "Certificates; made at the start when absent."),
        Key::new("oauth", Kind::Object(&OAUTH), "How tokens of OAUTHBEARER are checked."),
        Key::new("acls", Kind::Object(&ACLS), "Turns authorisation on; rules are made by Kafka's own calls."),
    ],
};

/// `tls:`.
pub(super) static TLS: Table = Table {
    what: "`tls`",
    keys: &[
        Key::new("certificate", Kind::Text, "The brokers' certificate chain, a PEM file or PEM text.")
            .hidden(),
        Key::new("key", Kind::Text, "Its key, a PEM file or PEM text.").hidden(),
        Key::new("client-ca", Kind::Text, "Authorities of clients' certificates, a PEM file or PEM text.")
            .hidden(),
        Key::new(
            "client-auth",
            Kind::Choice(&["none", "requested", "required"]),
            "Whether clients show a certificate; `none` when absent.",
        ),
    ],
};

/// `oauth:` of an embedded cluster.
pub(super) static OAUTH: Table = Table {
    what: "`oauth` of an embedded cluster",
    keys: &[
        Key::new(
            "jwks",
            Kind::AnyOf(&[Kind::Text, Kind::Free]),
            "Keys of signed tokens, a JWK set or its file.",
        )
        .hidden(),
        Key::new("hmac-secret", Kind::Text, "The secret of tokens by HS256, HS384 or HS512.").hidden(),
        Key::new("unsecured", Kind::Boolean, "Tokens without a signature are believed."),
        Key::new("issuer", Kind::Text, "Who must have issued a token."),
        Key::new("audience", Kind::Text, "Whom a token must be for, one of these, comma separated."),
    ],
};

/// `acls:`.
pub(super) static ACLS: Table = Table {
    what: "`acls`",
    keys: &[
        Key::new("super-users", Kind::ListOf(&Kind::Text), "Who may do everything, as `User:admin`."),
        Key::new("allow-everyone-if-no-acl", Kind::Boolean, "Whether what no rule is about is allowed."),
    ],
};
