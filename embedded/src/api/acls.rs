//! DescribeAcls, CreateAcls and DeleteAcls: the rules of the authorizer.

use std::collections::HashMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::create_acls_response::AclCreationResult;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::delete_acls_response::{DeleteAclsFilterResult, DeleteAclsMatchingAcl};
use kafka_protocol::messages::describe_acls_response::{AclDescription, DescribeAclsResource};
use kafka_protocol::messages::{
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse, DescribeAclsRequest,
    DescribeAclsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, text};
use crate::security::acl::{Operation, Pattern, Resource, Rule, RuleFilter};
use crate::state::State;

/// Why something was refused: the error and its message.
type Refusal = (ResponseError, String);

/// Checks that there are rules and that the client may do this to them.
fn check(state: &State, call: &Call<'_>, operation: Operation) -> Result<(), Refusal> {
    call.check_cluster(state, operation)
        .map_err(|error| (error, "the client was not authorized to do this".to_owned()))?;
    match state.authorizer {
        Some(_) => Ok(()),
        None => {
            Err((ResponseError::SecurityDisabled, "the cluster was started without an authorizer".to_owned()))
        }
    }
}

pub(super) fn describe(
    state: &State,
    call: &Call<'_>,
    request: &DescribeAclsRequest,
) -> DescribeAclsResponse {
    match described(state, call, request) {
        Ok(resources) => DescribeAclsResponse::default().with_error_message(None).with_resources(resources),
        Err((error, reason)) => {
            DescribeAclsResponse::default().with_error_code(error.code()).with_error_message(text(reason))
        }
    }
}

fn described(
    state: &State,
    call: &Call<'_>,
    request: &DescribeAclsRequest,
) -> Result<Vec<DescribeAclsResource>, Refusal> {
    check(state, call, Operation::Describe)?;
    let filter = RuleFilter::from_codes(
        (request.resource_type_filter, request.resource_name_filter.as_deref(), request.pattern_type_filter),
        (request.principal_filter.as_deref(), request.host_filter.as_deref()),
        (request.operation, request.permission_type),
    );
    let filter = filter.map_err(|reason| (ResponseError::InvalidRequest, reason.to_owned()))?;
    let rules = state.authorizer.iter().flat_map(|authorizer| authorizer.list(&filter));
    // Rules are told by what they are about.
    let mut places: HashMap<(Resource, &str, Pattern), usize> = HashMap::new();
    let mut resources: Vec<DescribeAclsResource> = Vec::new();
    for rule in rules {
        let place = *places.entry((rule.resource, &rule.name, rule.pattern)).or_insert_with(|| {
            resources.push(
                DescribeAclsResource::default()
                    .with_resource_type(rule.resource.code())
                    .with_resource_name(words(&rule.name))
                    .with_pattern_type(rule.pattern.code()),
            );
            resources.len() - 1
        });
        resources[place].acls.push(
            AclDescription::default()
                .with_principal(words(&rule.principal))
                .with_host(words(&rule.host))
                .with_operation(rule.operation.code())
                .with_permission_type(rule.permission.code()),
        );
    }
    Ok(resources)
}

pub(super) fn create(state: &mut State, call: &Call<'_>, request: CreateAclsRequest) -> CreateAclsResponse {
    let checked = check(state, call, Operation::Alter);
    let results = request.creations.into_iter().map(|creation| {
        let result = AclCreationResult::default();
        match checked.clone().and_then(|()| created(state, &creation)) {
            Ok(()) => result.with_error_message(None),
            Err((error, reason)) => result.with_error_code(error.code()).with_error_message(text(reason)),
        }
    });
    let results = results.collect();
    CreateAclsResponse::default().with_results(results)
}

fn created(state: &mut State, asked: &AclCreation) -> Result<(), Refusal> {
    let rule = Rule::from_codes(
        (asked.resource_type, &asked.resource_name, asked.resource_pattern_type),
        (&asked.principal, &asked.host),
        (asked.operation, asked.permission_type),
    );
    let rule = rule.map_err(|reason| (ResponseError::InvalidRequest, reason))?;
    if let Some(authorizer) = &mut state.authorizer {
        authorizer.add(rule);
    }
    Ok(())
}

pub(super) fn delete(state: &mut State, call: &Call<'_>, request: &DeleteAclsRequest) -> DeleteAclsResponse {
    let checked = check(state, call, Operation::Alter);
    let filter = |asked: &DeleteAclsFilter| {
        checked.clone()?;
        let filter = RuleFilter::from_codes(
            (asked.resource_type_filter, asked.resource_name_filter.as_deref(), asked.pattern_type_filter),
            (asked.principal_filter.as_deref(), asked.host_filter.as_deref()),
            (asked.operation, asked.permission_type),
        );
        filter.map_err(|reason| (ResponseError::InvalidRequest, reason.to_owned()))
    };
    let filters: Vec<Result<RuleFilter, Refusal>> = request.filters.iter().map(filter).collect();
    let valid: Vec<RuleFilter> = filters.iter().filter_map(|filter| filter.as_ref().ok()).cloned().collect();
    let removed = state.authorizer.as_mut().map(|authorizer| authorizer.delete(&valid));
    let mut removed = removed.unwrap_or_default().into_iter();
    let results = filters.into_iter().map(|filter| match filter {
        Ok(_) => {
            let matching = removed.next().unwrap_or_default().iter().map(matching).collect();
            DeleteAclsFilterResult::default().with_error_message(None).with_matching_acls(matching)
        }
        Err((error, reason)) => {
            DeleteAclsFilterResult::default().with_error_code(error.code()).with_error_message(text(reason))
        }
    });
    DeleteAclsResponse::default().with_filter_results(results.collect())
}

fn matching(rule: &Rule) -> DeleteAclsMatchingAcl {
    DeleteAclsMatchingAcl::default()
        .with_error_message(None)
        .with_resource_type(rule.resource.code())
        .with_resource_name(words(&rule.name))
        .with_pattern_type(rule.pattern.code())
        .with_principal(words(&rule.principal))
        .with_host(words(&rule.host))
        .with_operation(rule.operation.code())
        .with_permission_type(rule.permission.code())
}

fn words(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
