//! From a request to what the registry does: every path with its methods.

mod schemas;
mod settings;
mod subjects;

use serde_json::json;

use super::answer::{Answer, Refusal, Result};
use super::request::{Method, Request};
use super::state::Registry;
use super::store::Wanted;
use super::subject::Subject;
use Method::{Delete, Get, Post, Put};

/// Answers a request.
pub(crate) fn answer(registry: &mut Registry, request: &Request<'_>) -> Answer {
    dispatch(registry, request).unwrap_or_else(Answer::from)
}

fn dispatch(registry: &mut Registry, request: &Request<'_>) -> Result<Answer> {
    let parts = request.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (parts.as_slice(), request.method) {
        ([], Get | Post) => Ok(Answer::json(json!({}))),
        (["subjects"], Get) => subjects::list(registry, request),
        (["subjects", subject], Post) => subjects::look_up(registry, request, &Subject::read(subject)),
        (["subjects", subject], Delete) => subjects::delete(registry, request, &Subject::read(subject)),
        (["subjects", subject, "metadata"], Get) => {
            subjects::latest_with_metadata(registry, request, &Subject::read(subject))
        }
        (["subjects", subject, "versions"], Get) => {
            subjects::versions(registry, request, &Subject::read(subject))
        }
        (["subjects", subject, "versions"], Post) => {
            subjects::register(registry, request, &Subject::read(subject))
        }
        (["subjects", subject, "versions", version, rest @ ..], method) => {
            let subject = Subject::read(subject);
            match (rest, method) {
                ([], Get) => subjects::version(registry, request, &subject, Wanted::read(version)?),
                ([], Delete) => subjects::delete_version(registry, request, &subject, Wanted::read(version)?),
                (["schema"], Get) => subjects::text(registry, request, &subject, Wanted::read(version)?),
                (["referencedby"], Get) => {
                    subjects::referenced_by(registry, request, &subject, Wanted::read(version)?)
                }
                ([] | ["schema" | "referencedby"], _) => Err(not_allowed()),
                _ => Err(Refusal::unknown_path()),
            }
        }
        (["schemas"], Get) => schemas::list(registry, request),
        (["schemas", "types"], Get) => Ok(schemas::types()),
        (["schemas", "ids", id, rest @ ..], Get) => schemas::by_id(registry, request, number(id)?, rest),
        (["schemas", "guids", guid], Get) => schemas::by_guid(registry, request, guid),
        (["schemas", "guids", guid, "ids"], Get) => schemas::ids_of_guid(registry, guid),
        (["compatibility", "subjects", subject, "versions"], Post) => {
            subjects::judge(registry, request, &Subject::read(subject), None)
        }
        (["compatibility", "subjects", subject, "versions", version], Post) => {
            let wanted = Wanted::read(version)?;
            subjects::judge(registry, request, &Subject::read(subject), Some(wanted))
        }
        (["config"], method @ (Get | Put | Delete)) => {
            settings::config(registry, request, method, Subject::top())
        }
        (["config", subject], method @ (Get | Put | Delete)) => {
            settings::config(registry, request, method, Subject::read(subject))
        }
        (["mode"], method @ (Get | Put | Delete)) => {
            settings::mode(registry, request, method, Subject::top())
        }
        (["mode", subject], method @ (Get | Put | Delete)) => {
            settings::mode(registry, request, method, Subject::read(subject))
        }
        (["contexts"], Get) => schemas::contexts(registry, request),
        (["contexts", context], Delete) => schemas::delete_context(registry, &Subject::read(context)),
        (["v1", "metadata", "id"], Get) => Ok(schemas::server_id()),
        (["v1", "metadata", "version"], Get) => Ok(schemas::server_version()),
        // Clients look for associations before they fall back to the name of the topic.
        (
            ["associations", "subjects", _]
            | ["associations", "resources", _]
            | ["associations", "resources", _, _],
            Get,
        ) => Ok(Answer::json(json!([]))),
        (parts, _) if is_known(parts) => Err(not_allowed()),
        _ => Err(Refusal::unknown_path()),
    }
}

fn not_allowed() -> Refusal {
    Refusal::http(405, "Method Not Allowed")
}

/// Whether another method would have found something.
fn is_known(parts: &[&str]) -> bool {
    matches!(
        parts,
        [] | ["subjects" | "schemas" | "config" | "mode" | "contexts"]
            | ["subjects" | "config" | "mode" | "contexts", _]
            | ["subjects", _, "versions" | "metadata"]
            | ["schemas", "types"]
            | ["schemas", "ids", _]
            | ["schemas", "ids", _, "schema" | "subjects" | "versions"]
            | ["schemas", "guids", _]
            | ["schemas", "guids", _, "ids"]
            | ["compatibility", "subjects", _, "versions"]
            | ["compatibility", "subjects", _, "versions", _]
            | ["v1", "metadata", "id" | "version"]
    )
}

/// Reads an id; what is none is a path that leads nowhere.
fn number(text: &str) -> Result<u32> {
    text.parse().map_err(|_| Refusal::unknown_path())
}
