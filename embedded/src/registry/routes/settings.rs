//! `/config` and `/mode`.

use serde_json::json;

use crate::registry::answer::{Answer, Refusal, Result};
use crate::registry::request::{Method, Request};
use crate::registry::settings::Mode;
use crate::registry::state::Registry;
use crate::registry::store::Deleted;
use crate::registry::subject::Subject;

pub(super) fn config(
    registry: &mut Registry,
    request: &Request<'_>,
    method: Method,
    subject: Subject,
) -> Result<Answer> {
    match method {
        Method::Put => {
            if !subject.may_have_settings() {
                return Err(Refusal::invalid_subject(&subject));
            }
            let body = request.json()?;
            let asked = body.as_object().ok_or_else(|| Refusal::bad_request("the body was no object"))?;
            registry.check_writable(&subject)?;
            Ok(Answer::json(registry.settings.configure(subject, asked)?.into()))
        }
        Method::Delete => {
            let config = registry.settings.config(&subject);
            let config = config.ok_or_else(|| Refusal::subject_not_found(&subject))?;
            registry.check_writable(&subject)?;
            registry.settings.unconfigure(&subject);
            Ok(Answer::json(config.into()))
        }
        _ if request.flag("defaultToGlobal") => {
            Ok(Answer::json(registry.settings.config_in_scope(&subject).into()))
        }
        _ => {
            let config = registry.settings.config(&subject);
            let config = config.ok_or_else(|| Refusal::no_compatibility_of_its_own(&subject))?;
            Ok(Answer::json(config.into()))
        }
    }
}

pub(super) fn mode(
    registry: &mut Registry,
    request: &Request<'_>,
    method: Method,
    subject: Subject,
) -> Result<Answer> {
    match method {
        Method::Put => set_mode(registry, request, subject),
        Method::Delete => {
            let recursive = request.flag("recursive");
            let mode = registry.settings.mode(&subject);
            if mode.is_none() && !recursive {
                return Err(Refusal::subject_not_found(&subject));
            }
            if recursive && subject.is_context() {
                registry.settings.forget_modes_of(&subject.context);
            }
            registry.settings.set_mode(subject, None);
            Ok(told(mode))
        }
        _ if request.flag("defaultToGlobal") => Ok(told(Some(registry.settings.mode_in_scope(&subject)))),
        _ => {
            let mode = registry.settings.mode(&subject);
            let mode = mode.ok_or_else(|| Refusal::no_mode_of_its_own(&subject))?;
            Ok(told(Some(mode)))
        }
    }
}

fn told(mode: Option<Mode>) -> Answer {
    Answer::json(json!({"mode": mode.map(Mode::name)}))
}

fn set_mode(registry: &mut Registry, request: &Request<'_>, subject: Subject) -> Result<Answer> {
    if !subject.may_have_settings() {
        return Err(Refusal::invalid_subject(&subject));
    }
    let body = request.json()?;
    let mode = match body.get("mode").filter(|mode| !mode.is_null()) {
        None => None,
        Some(mode) => {
            let known = mode.as_str().and_then(Mode::of_name);
            let invalid = "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.";
            Some(known.ok_or_else(|| Refusal::invalid_mode(invalid))?)
        }
    };
    if mode == Some(Mode::Forward) && !(subject.is_global() && subject.is_context()) {
        return Err(Refusal::invalid_mode("Forward mode only supported on global level"));
    }
    let was_import = registry.settings.mode_in_scope(&subject) == Mode::Import;
    if mode == Some(Mode::Import) && !was_import && !request.flag("force") {
        if registry.store.has(&subject, Deleted::Hidden) {
            return Err(Refusal::not_permitted("Cannot import since found existing subjects"));
        }
        registry.forget_deleted(&subject)?;
    }
    registry.settings.set_mode(subject, mode);
    Ok(Answer::json(body))
}
