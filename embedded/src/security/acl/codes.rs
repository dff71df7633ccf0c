//! The words of ACLs, with the numbers that the protocol gives them. UNKNOWN (0) has no word here, and ANY (1)
//! none either: it is the absence of a condition in a filter.

/// Code of a condition that everything meets.
const ANY: i8 = 1;
/// Code of the pattern filter that also asks what a name falls under.
const MATCH: i8 = 2;

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal $kafka:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name { $($variant),* }

        impl $name {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            pub(crate) fn code(self) -> i8 {
                match self { $(Self::$variant => $code),* }
            }

            pub(crate) fn from_code(code: i8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// Returns the name that Kafka has for it.
            #[cfg(test)]
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $kafka),* }
            }
        }
    };
}

coded! {
    /// What is protected (`ResourceType`).
    Resource {
        Topic = 2 "TOPIC",
        Group = 3 "GROUP",
        Cluster = 4 "CLUSTER",
        TransactionalId = 5 "TRANSACTIONAL_ID",
        DelegationToken = 6 "DELEGATION_TOKEN",
        User = 7 "USER",
    }
}

coded! {
    /// How the name of a rule is meant (`PatternType`).
    Pattern {
        Literal = 3 "LITERAL",
        Prefixed = 4 "PREFIXED",
    }
}

coded! {
    /// What is done (`AclOperation`).
    Operation {
        All = 2 "ALL",
        Read = 3 "READ",
        Write = 4 "WRITE",
        Create = 5 "CREATE",
        Delete = 6 "DELETE",
        Alter = 7 "ALTER",
        Describe = 8 "DESCRIBE",
        ClusterAction = 9 "CLUSTER_ACTION",
        DescribeConfigs = 10 "DESCRIBE_CONFIGS",
        AlterConfigs = 11 "ALTER_CONFIGS",
        IdempotentWrite = 12 "IDEMPOTENT_WRITE",
        CreateTokens = 13 "CREATE_TOKENS",
        DescribeTokens = 14 "DESCRIBE_TOKENS",
        TwoPhaseCommit = 15 "TWO_PHASE_COMMIT",
    }
}

coded! {
    /// Whether it may be done (`AclPermissionType`).
    Permission {
        Deny = 2 "DENY",
        Allow = 3 "ALLOW",
    }
}

/// How a filter looks at the name of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatternFilter {
    /// Every pattern with that name.
    Any,
    /// Every pattern that the name falls under.
    Match,
    /// Patterns of this type with that name.
    Of(Pattern),
}

impl PatternFilter {
    pub(super) fn from_code(code: i8) -> Option<Self> {
        match code {
            ANY => Some(Self::Any),
            MATCH => Some(Self::Match),
            code => Pattern::from_code(code).map(Self::Of),
        }
    }
}

/// Reads a condition of a filter: none for ANY, an error for what is unknown.
pub(super) fn condition<T>(code: i8, read: impl Fn(i8) -> Option<T>) -> Result<Option<T>, ()> {
    match code {
        ANY => Ok(None),
        code => read(code).map(Some).ok_or(()),
    }
}

/// Names a code that no rule can have, as Kafka does.
pub(super) fn unusable(code: i8, is_pattern: bool) -> &'static str {
    match code {
        ANY => "ANY",
        MATCH if is_pattern => "MATCH",
        _ => "UNKNOWN",
    }
}
