//! `/subjects` and `/compatibility`.

use serde_json::{Value, json};

use crate::registry::answer::{Answer, Refusal, Result};
use crate::registry::request::Request;
use crate::registry::schema::Asked;
use crate::registry::state::Registry;
use crate::registry::store::{Deleted, Found, Wanted};
use crate::registry::subject::{Prefix, Subject};

/// Returns whether a list shows what was deleted (`deleted`, `deletedOnly`).
fn filter(request: &Request<'_>) -> Deleted {
    if request.flag("deletedOnly") { Deleted::Only } else { Deleted::shown(request.flag("deleted")) }
}

pub(super) fn list(registry: &Registry, request: &Request<'_>) -> Result<Answer> {
    let prefix = Prefix::read(request.text("subjectPrefix").as_deref().unwrap_or(":*:"));
    let deleted = filter(request);
    let covered = registry.store.subjects().filter(|(subject, _)| prefix.covers(subject));
    // A subject counts as deleted when all of its versions are.
    let shown = covered.filter(|(_, versions)| deleted.shows(versions.values().all(|one| one.is_deleted)));
    let mut names: Vec<String> = shown.map(|(subject, _)| subject.to_string()).collect();
    names.sort();
    Ok(Answer::json(request.page(names)?.into()))
}

pub(super) fn look_up(registry: &Registry, request: &Request<'_>, subject: &Subject) -> Result<Answer> {
    let asked = Asked::read(&request.json()?)?;
    let deleted = Deleted::shown(request.flag("deleted"));
    let found = registry.look_up(subject, &asked, request.flag("normalize"), deleted)?;
    Ok(Answer::json(found.told(&format(request))))
}

pub(super) fn delete(registry: &mut Registry, request: &Request<'_>, subject: &Subject) -> Result<Answer> {
    let versions = registry.delete_subject(subject, request.flag("permanent"))?;
    Ok(Answer::json(versions.into()))
}

pub(super) fn latest_with_metadata(
    registry: &Registry,
    request: &Request<'_>,
    subject: &Subject,
) -> Result<Answer> {
    let wanted: Vec<(String, String)> = request.all("key").into_iter().zip(request.all("value")).collect();
    let deleted = Deleted::shown(request.flag("deleted"));
    let versions = registry.store.versions(subject).into_iter().flatten().rev();
    let mut shown = versions.filter(|(_, version)| deleted.shows(version.is_deleted));
    let found = shown.find(|(_, version)| {
        let metadata = version.schema.metadata.as_ref();
        let properties = metadata.and_then(|metadata| metadata.get("properties"));
        properties.is_some_and(|properties| {
            wanted
                .iter()
                .all(|(key, value)| properties.get(key).and_then(Value::as_str) == Some(value.as_str()))
        })
    });
    match found {
        Some((number, version)) => {
            let found = Found { subject: subject.clone(), number: *number, version: version.clone() };
            Ok(Answer::json(found.told(&format(request))))
        }
        None if registry.store.has(subject, deleted) => Err(Refusal::schema_not_found()),
        None => Err(Refusal::subject_not_found(subject)),
    }
}

pub(super) fn versions(registry: &Registry, request: &Request<'_>, subject: &Subject) -> Result<Answer> {
    let as_negative = request.flag("deletedAsNegative");
    let deleted = filter(request);
    let known = if deleted == Deleted::Hidden { Deleted::Hidden } else { Deleted::Shown };
    if !registry.store.has(subject, known) {
        return Err(Refusal::subject_not_found(subject));
    }
    let versions = registry.store.versions(subject).into_iter().flatten();
    let shown = versions.filter(|(_, version)| as_negative || deleted.shows(version.is_deleted));
    let numbers = shown.map(|(number, version)| match as_negative && version.is_deleted {
        true => -i64::from(*number),
        false => i64::from(*number),
    });
    Ok(Answer::json(request.page(numbers)?.into()))
}

pub(super) fn register(registry: &mut Registry, request: &Request<'_>, subject: &Subject) -> Result<Answer> {
    let asked = Asked::read(&request.json()?)?;
    let registered = registry.register(subject, asked, request.flag("normalize"), request.now)?;
    let mut told = registered.schema.told(&format(request));
    told.insert("id".to_owned(), registered.id.into());
    told.insert("version".to_owned(), registered.version.into());
    Ok(Answer::json(told.into()))
}

fn found(registry: &Registry, subject: &Subject, wanted: Wanted, deleted: Deleted) -> Result<Found> {
    registry.store.find_anywhere(subject, wanted, deleted).ok_or_else(|| {
        match registry.store.has(subject, deleted) {
            true => Refusal::version_not_found(wanted.number()),
            false => Refusal::subject_not_found(subject),
        }
    })
}

pub(super) fn version(
    registry: &Registry,
    request: &Request<'_>,
    subject: &Subject,
    wanted: Wanted,
) -> Result<Answer> {
    let found = found(registry, subject, wanted, Deleted::shown(request.flag("deleted")))?;
    let mut told = found.told(&format(request));
    if request.text("referenceFormat").as_deref() == Some("qualified") {
        qualify(&mut told, &found.subject);
    }
    Ok(Answer::json(told))
}

/// Names the subjects of references with their context.
pub(super) fn qualify(told: &mut Value, subject: &Subject) {
    let references = told.get_mut("references").and_then(Value::as_array_mut);
    for reference in references.into_iter().flatten() {
        if let Some(target) = reference.get("subject").and_then(Value::as_str) {
            reference["subject"] = subject.beside(target).to_string().into();
        }
    }
}

pub(super) fn text(
    registry: &Registry,
    request: &Request<'_>,
    subject: &Subject,
    wanted: Wanted,
) -> Result<Answer> {
    let found = found(registry, subject, wanted, Deleted::shown(request.flag("deleted")))?;
    Ok(Answer::text(found.version.schema.formatted(&format(request))))
}

pub(super) fn referenced_by(
    registry: &Registry,
    request: &Request<'_>,
    subject: &Subject,
    wanted: Wanted,
) -> Result<Answer> {
    let found = found(registry, subject, wanted, Deleted::Shown)?;
    let deleted = Deleted::shown(request.flag("deleted"));
    let referrers = registry.store.referrers(&found.subject, found.number, deleted);
    let mut ids: Vec<u32> = referrers.into_iter().map(|referrer| referrer.id).collect();
    ids.dedup();
    Ok(Answer::json(request.page(ids)?.into()))
}

pub(super) fn delete_version(
    registry: &mut Registry,
    request: &Request<'_>,
    subject: &Subject,
    wanted: Wanted,
) -> Result<Answer> {
    Ok(Answer::json(registry.delete_version(subject, wanted, request.flag("permanent"))?.into()))
}

pub(super) fn judge(
    registry: &Registry,
    request: &Request<'_>,
    subject: &Subject,
    wanted: Option<Wanted>,
) -> Result<Answer> {
    let asked = Asked::read(&request.json()?)?;
    let is_verbose = request.flag("verbose");
    let problems = match registry.judge(subject, &asked, wanted) {
        Err(refusal) if is_verbose && refusal.code == 42201 => vec![refusal.message],
        judged => judged?,
    };
    let is_compatible = problems.is_empty();
    Ok(Answer::json(match is_verbose {
        true => json!({"is_compatible": is_compatible, "messages": problems}),
        false => json!({"is_compatible": is_compatible}),
    }))
}

/// Returns the format in which schemas are asked for; empty for the usual one.
pub(super) fn format(request: &Request<'_>) -> String {
    request.text("format").unwrap_or_default().trim().to_owned()
}
