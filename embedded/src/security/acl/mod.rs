//! What an authenticated client may do: rules and decisions of Kafka's `StandardAuthorizer` (KIP-801), without
//! its storage. A cluster has no authorizer unless it is asked for; then everything is allowed.

mod codes;

use std::collections::HashSet;
use std::net::IpAddr;

pub(crate) use codes::{Operation, Pattern, PatternFilter, Permission, Resource};

use super::Principal;

/// The only name that the cluster has as a resource.
pub(crate) const CLUSTER_NAME: &str = "kafka-cluster";
const WILDCARD: &str = "*";
const EVERYBODY: &str = "User:*";

/// What an authorizer is started with. Without any rule only super users may do anything.
#[derive(Debug, Clone, Default)]
pub struct AclOptions {
    /// Who may do everything, as `User:admin` (`super.users`).
    pub super_users: Vec<String>,
    /// Whether what no rule is about is allowed to everybody (`allow.everyone.if.no.acl.found`).
    pub allow_everyone_if_no_acl_found: bool,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Rule {
    pub(crate) resource: Resource,
    pub(crate) name: String,
    pub(crate) pattern: Pattern,
    /// Such as `User:alice`, or `User:*` for everybody.
    pub(crate) principal: String,
    /// An address, or `*` for every one.
    pub(crate) host: String,
    pub(crate) operation: Operation,
    pub(crate) permission: Permission,
}

impl Rule {
    /// Reads a rule to be created. The error is the message that goes with INVALID_REQUEST.
    pub(crate) fn from_codes(
        (resource, name, pattern): (i8, &str, i8),
        (principal, host): (&str, &str),
        (operation, permission): (i8, i8),
    ) -> Result<Self, String> {
        let invalid =
            |what: &str, code, is_pattern| format!("Invalid {what} {}", codes::unusable(code, is_pattern));
        if Resource::from_code(resource) == Some(Resource::Cluster) && name != CLUSTER_NAME {
            return Err(format!("The only valid name for the CLUSTER resource is {CLUSTER_NAME}"));
        }
        if name.is_empty() {
            return Err("Invalid empty resource name".to_owned());
        }
        Ok(Self {
            resource: Resource::from_code(resource)
                .ok_or_else(|| invalid("resourceType", resource, false))?,
            name: name.to_owned(),
            pattern: Pattern::from_code(pattern).ok_or_else(|| invalid("patternType", pattern, true))?,
            principal: principal.to_owned(),
            host: host.to_owned(),
            operation: Operation::from_code(operation)
                .ok_or_else(|| invalid("operation", operation, false))?,
            permission: Permission::from_code(permission)
                .ok_or_else(|| invalid("permissionType", permission, false))?,
        })
    }

    /// Whether the rule is about this resource.
    fn covers(&self, resource: Resource, name: &str) -> bool {
        self.resource == resource && self.pattern_covers(name)
    }

    fn pattern_covers(&self, name: &str) -> bool {
        match self.pattern {
            Pattern::Literal => self.name == name || self.name == WILDCARD,
            Pattern::Prefixed => name.starts_with(&self.name),
        }
    }

    fn is_for(&self, principal: &str, host: &str) -> bool {
        (self.principal == principal || self.principal == EVERYBODY)
            && (self.host == host || self.host == WILDCARD)
    }

    /// Whether the rule speaks of this operation. Some operations are of no use without being allowed to look:
    /// allowing them allows that too, while denying them denies no more.
    fn speaks_of(&self, operation: Operation) -> bool {
        use Operation::{Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
        if self.operation == Operation::All || self.operation == operation {
            return true;
        }
        self.permission == Permission::Allow
            && match operation {
                Describe => matches!(self.operation, Read | Write | Delete | Alter),
                DescribeConfigs => self.operation == AlterConfigs,
                _ => false,
            }
    }
}

/// Which rules are meant, in DescribeAcls and DeleteAcls.
#[derive(Debug, Clone)]
pub(crate) struct RuleFilter {
    resource: Option<Resource>,
    name: Option<String>,
    pattern: PatternFilter,
    principal: Option<String>,
    host: Option<String>,
    operation: Option<Operation>,
    permission: Option<Permission>,
}

impl RuleFilter {
    /// Reads a filter. The error is the message that goes with INVALID_REQUEST.
    pub(crate) fn from_codes(
        (resource, name, pattern): (i8, Option<&str>, i8),
        (principal, host): (Option<&str>, Option<&str>),
        (operation, permission): (i8, i8),
    ) -> Result<Self, &'static str> {
        let of_pattern = |()| "Unknown patternFilter.";
        let of_entry = |()| "Unknown entryFilter.";
        Ok(Self {
            resource: codes::condition(resource, Resource::from_code).map_err(of_pattern)?,
            name: name.map(str::to_owned),
            pattern: PatternFilter::from_code(pattern).ok_or(()).map_err(of_pattern)?,
            principal: principal.map(str::to_owned),
            host: host.map(str::to_owned),
            operation: codes::condition(operation, Operation::from_code).map_err(of_entry)?,
            permission: codes::condition(permission, Permission::from_code).map_err(of_entry)?,
        })
    }

    fn meets(&self, rule: &Rule) -> bool {
        let name_is = |name: &String| match self.pattern {
            PatternFilter::Match => rule.pattern_covers(name),
            PatternFilter::Any | PatternFilter::Of(_) => *name == rule.name,
        };
        let pattern_is = match self.pattern {
            PatternFilter::Any | PatternFilter::Match => true,
            PatternFilter::Of(pattern) => pattern == rule.pattern,
        };
        self.resource.is_none_or(|resource| resource == rule.resource)
            && pattern_is
            && self.name.as_ref().is_none_or(name_is)
            && self.principal.as_ref().is_none_or(|principal| *principal == rule.principal)
            && self.host.as_ref().is_none_or(|host| *host == rule.host)
            && self.operation.is_none_or(|operation| operation == rule.operation)
            && self.permission.is_none_or(|permission| permission == rule.permission)
    }
}

/// Writes an address as the JVM does, which is how rules name hosts: IPv6 in full, without leading zeros.
pub(crate) fn host(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address.segments().map(|segment| format!("{segment:x}")).join(":"),
    }
}

/// Who wants to do something, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) principal: &'a Principal,
    /// As [`host`] writes it.
    pub(crate) host: &'a str,
}

/// The rules of a cluster, and its decisions.
#[derive(Debug, Default)]
pub(crate) struct Authorizer {
    super_users: HashSet<String>,
    allow_everyone_if_no_acl_found: bool,
    rules: Vec<Rule>,
}

impl Authorizer {
    pub(crate) fn new(options: AclOptions) -> Self {
        Self {
            super_users: options.super_users.into_iter().collect(),
            allow_everyone_if_no_acl_found: options.allow_everyone_if_no_acl_found,
            rules: Vec::new(),
        }
    }

    /// Decides. A denial wins over whatever allows; without a word for this client it is no, unless nothing is
    /// said about the resource at all and the option allows that.
    pub(crate) fn authorize(
        &self,
        asker: Asker<'_>,
        operation: Operation,
        resource: Resource,
        name: &str,
    ) -> bool {
        let principal = asker.principal.to_string();
        if self.super_users.contains(&principal) {
            return true;
        }
        let mut is_known = false;
        let mut allowed = false;
        for rule in self.rules.iter().filter(|rule| rule.covers(resource, name)) {
            is_known = true;
            if rule.is_for(&principal, asker.host) && rule.speaks_of(operation) {
                match rule.permission {
                    Permission::Deny => return false,
                    Permission::Allow => allowed = true,
                }
            }
        }
        allowed || (!is_known && self.allow_everyone_if_no_acl_found)
    }

    /// Decides whether there is a resource of this kind that the client may do this to (KIP-679). Whoever may
    /// write to some topic may have a producer id.
    pub(crate) fn authorize_some(&self, asker: Asker<'_>, operation: Operation, resource: Resource) -> bool {
        // A name that no rule is about but the ones for all names.
        if self.authorize(asker, operation, resource, "\0") {
            return true;
        }
        let principal = asker.principal.to_string();
        let (denials, allowances): (Vec<&Rule>, Vec<&Rule>) = self
            .rules
            .iter()
            .filter(|rule| rule.resource == resource && rule.is_for(&principal, asker.host))
            .filter(|rule| rule.operation == operation || rule.operation == Operation::All)
            .partition(|rule| rule.permission == Permission::Deny);
        allowances.iter().any(|allowed| !denials.iter().any(|denied| denied.swallows(allowed)))
    }

    /// Adds a rule; one that is there already stays as it is.
    pub(crate) fn add(&mut self, rule: Rule) {
        if !self.rules.contains(&rule) {
            self.rules.push(rule);
        }
    }

    /// Returns the rules that are meant.
    pub(crate) fn list<'a>(&'a self, filter: &'a RuleFilter) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(|rule| filter.meets(rule))
    }

    /// Removes the rules that are meant, and returns them by filter; one that two filters mean is in both.
    pub(crate) fn delete(&mut self, filters: &[RuleFilter]) -> Vec<Vec<Rule>> {
        let removed = filters.iter().map(|filter| self.list(filter).cloned().collect()).collect();
        self.rules.retain(|rule| !filters.iter().any(|filter| filter.meets(rule)));
        removed
    }
}

impl Rule {
    /// Whether everything that the other rule is about is covered by this one.
    fn swallows(&self, other: &Rule) -> bool {
        match (self.pattern, other.pattern) {
            (Pattern::Literal, Pattern::Prefixed) => self.name == WILDCARD,
            (Pattern::Literal, Pattern::Literal) => self.name == WILDCARD || self.name == other.name,
            (Pattern::Prefixed, _) => other.name.starts_with(&self.name),
        }
    }
}

#[cfg(test)]
mod tests;
