//! `/schemas`, `/contexts` and what tells of the server.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use test_probe_formats::SchemaType;
use uuid::Uuid;

use super::subjects::{format, qualify};
use crate::registry::answer::{Answer, Refusal, Result};
use crate::registry::request::Request;
use crate::registry::state::Registry;
use crate::registry::store::{Deleted, Found};
use crate::registry::subject::{Prefix, Subject};

pub(super) fn list(registry: &Registry, request: &Request<'_>) -> Result<Answer> {
    let prefix = Prefix::read(request.text("subjectPrefix").as_deref().unwrap_or(""));
    let deleted = Deleted::shown(request.flag("deleted"));
    let latest_only = request.flag("latestOnly");
    let rule_type = request.text("ruleType").filter(|rule_type| !rule_type.is_empty());
    let mut told = Vec::new();
    for (subject, versions) in registry.store.subjects().filter(|(subject, _)| prefix.covers(subject)) {
        let shown = versions.iter().filter(|(_, version)| deleted.shows(version.is_deleted));
        let mut shown: Vec<_> = shown.collect();
        if latest_only {
            shown.drain(..shown.len().saturating_sub(1));
        }
        for (number, version) in shown {
            let has_rule = |rule_type: &String| has_rule(version.schema.rule_set.as_ref(), rule_type);
            if rule_type.as_ref().is_none_or(has_rule) {
                let found = Found { subject: subject.clone(), number: *number, version: version.clone() };
                told.push(found.told(""));
            }
        }
    }
    Ok(Answer::json(request.page(told)?.into()))
}

fn has_rule(rule_set: Option<&Value>, rule_type: &str) -> bool {
    let kinds = rule_set.and_then(Value::as_object).into_iter().flat_map(|kinds| kinds.values());
    let mut rules = kinds.filter_map(Value::as_array).flatten();
    rules.any(|rule| rule.get("type").and_then(Value::as_str) == Some(rule_type))
}

pub(super) fn types() -> Answer {
    // In the order of the real one.
    let types = [SchemaType::Json, SchemaType::Protobuf, SchemaType::Avro];
    Answer::json(types.map(SchemaType::name).to_vec().into())
}

/// Answers `/schemas/ids/{id}` and what is below it.
pub(super) fn by_id(registry: &Registry, request: &Request<'_>, id: u32, rest: &[&str]) -> Result<Answer> {
    let subject = request.text("subject").filter(|subject| !subject.is_empty());
    let place = locate(registry, id, subject.as_deref());
    let missing = || Refusal::no_schema(&id.to_string());
    match rest {
        [] => {
            let found = place.ok_or_else(missing)?;
            let mut told = found.told(&format(request));
            if let Some(told) = told.as_object_mut() {
                told.remove("id");
                if subject.is_none() {
                    told.remove("subject");
                    told.remove("version");
                }
            }
            if request.flag("fetchMaxId") {
                told["maxId"] = registry.store.last_id(&found.subject.context).into();
            }
            if request.text("referenceFormat").as_deref() == Some("qualified") {
                qualify(&mut told, &found.subject);
            }
            Ok(Answer::json(told))
        }
        ["schema"] => Ok(Answer::text(place.ok_or_else(missing)?.version.schema.formatted(&format(request)))),
        ["subjects"] | ["versions"] => {
            let context = place.ok_or_else(Refusal::schema_not_found)?.subject.context;
            let deleted = Deleted::shown(request.flag("deleted"));
            let with_it = registry.store.with_id(&context, id);
            let shown = with_it.filter(|found| deleted.shows(found.version.is_deleted));
            let told = if rest == ["subjects"] {
                let subjects: BTreeSet<String> = shown.map(|found| found.subject.to_string()).collect();
                request.page(subjects)?.into()
            } else {
                let told =
                    |found: Found| json!({"subject": found.subject.to_string(), "version": found.number});
                request.page(shown.map(told))?.into()
            };
            Ok(Answer::json(told))
        }
        _ => Err(Refusal::unknown_path()),
    }
}

/// Returns a version with an id: of the subject that is named, or of one of its name in another context, or else any
/// of its context.
fn locate(registry: &Registry, id: u32, subject: Option<&str>) -> Option<Found> {
    let subject = subject.map_or_else(Subject::top, Subject::read);
    let store = &registry.store;
    let any = |context: &str| store.with_id(context, id).next();
    if subject.is_context() {
        return any(&subject.context);
    }
    let places = store.places(&subject).collect::<Vec<_>>();
    let under = |place: &Subject| store.with_id(&place.context, id).find(|found| found.subject == *place);
    let found = places.iter().find_map(under);
    found.or_else(|| if subject.is_in_default_context() { any(&subject.context) } else { None })
}

pub(super) fn by_guid(registry: &Registry, request: &Request<'_>, guid: &str) -> Result<Answer> {
    let ids = ids(registry, guid);
    let found = ids.first().and_then(|(context, id)| registry.store.with_id(context, *id).next());
    let mut told = found.ok_or_else(|| Refusal::no_schema(guid))?.told(&format(request));
    if let Some(told) = told.as_object_mut() {
        for key in ["id", "subject", "version"] {
            told.remove(key);
        }
    }
    Ok(Answer::json(told))
}

pub(super) fn ids_of_guid(registry: &Registry, guid: &str) -> Result<Answer> {
    let told = ids(registry, guid).into_iter().map(|(context, id)| json!({"context": context, "id": id}));
    Ok(Answer::json(told.collect()))
}

fn ids(registry: &Registry, guid: &str) -> Vec<(String, u32)> {
    let Ok(guid) = Uuid::try_parse(guid) else { return Vec::new() };
    let id = |context: &str| registry.store.id_of(context, guid).map(|id| (context.to_owned(), id));
    registry.store.contexts().filter_map(id).collect()
}

pub(super) fn contexts(registry: &Registry, request: &Request<'_>) -> Result<Answer> {
    let prefix = request.text("contextPrefix").unwrap_or_default();
    let contexts = registry.store.contexts().filter(|context| context.starts_with(&prefix));
    Ok(Answer::json(request.page(contexts)?.into()))
}

pub(super) fn delete_context(registry: &mut Registry, context: &Subject) -> Result<Answer> {
    if registry.store.has(&context.whole_context(), Deleted::Shown) {
        return Err(Refusal::context_is_not_empty(context));
    }
    registry.store.remove_context(&context.context);
    Ok(Answer::nothing())
}

pub(super) fn server_id() -> Answer {
    let clusters = json!({"kafka-cluster": "embedded", "schema-registry-cluster": "schema-registry"});
    Answer::json(json!({"id": "", "scope": {"path": [], "clusters": clusters}}))
}

pub(super) fn server_version() -> Answer {
    Answer::json(json!({"version": concat!("test-probe ", env!("CARGO_PKG_VERSION")), "commitId": ""}))
}
