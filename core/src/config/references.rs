//! `${env:NAME}`, `${env:NAME:-default}` and `${file:path}`: values that stand outside the document.

use std::collections::BTreeMap;
use std::io::Read;

use crate::document::{Content, Node, Place, Problems, plain_from_outside, shown};

const MAX_FILE_BYTES: u64 = 1024 * 1024;
const HINT: &str = "write `${env:NAME}`, `${env:NAME:-default}` or `${file:path}`; `$${` stands for `${`";

/// Replaces every reference below a node. What a reference stood for is never shown in a message.
pub(super) fn resolve(node: &mut Node, vars: &BTreeMap<String, String>, problems: &mut Problems) {
    match &mut node.content {
        Content::List(items) => items.iter_mut().for_each(|item| resolve(item, vars, problems)),
        Content::Object(entries) => {
            entries.iter_mut().for_each(|entry| resolve(&mut entry.value, vars, problems));
        }
        Content::Scalar { text, plain, reference } => {
            let literal = node.place.origin.as_ref().is_some_and(|origin| origin.literal);
            if literal || !text.contains("${") {
                return;
            }
            let replaced = replace(text, vars, &node.place, problems);
            *plain = *plain && plain_from_outside(&replaced);
            *reference = Some(std::mem::replace(text, replaced));
        }
    }
}

fn replace(text: &str, vars: &BTreeMap<String, String>, place: &Place, problems: &mut Problems) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = rest.split_at(start);
        if let Some(before) = before.strip_suffix('$') {
            replaced.push_str(before);
            replaced.push_str("${");
            rest = &after[2..];
            continue;
        }
        replaced.push_str(before);
        let Some((inside, behind)) = after[2..].split_once('}') else {
            problems.add(place, "a reference had no closing `}`").hint(HINT);
            return replaced;
        };
        replaced.push_str(&value_of(inside, vars, place, problems).unwrap_or_default());
        rest = behind;
    }
    replaced.push_str(rest);
    replaced
}

fn value_of(
    inside: &str,
    vars: &BTreeMap<String, String>,
    place: &Place,
    problems: &mut Problems,
) -> Option<String> {
    if let Some(name) = inside.strip_prefix("env:") {
        return variable(name, vars, place, problems);
    }
    if let Some(path) = inside.strip_prefix("file:") {
        return file(path, place, problems);
    }
    let name = inside.split(':').next().unwrap_or_default();
    // Anything else may be a part of a secret that happens to hold `${`.
    let is_name = !name.is_empty() && name.chars().all(|c| matches!(c, 'A'..='Z' | '0'..='9' | '_'));
    let problem = problems.add(place, "a reference named neither `env:` nor `file:`");
    problem.hint(if is_name { format!("did you mean `${{env:{}}}`?", shown(name)) } else { HINT.to_owned() });
    None
}

fn variable(
    text: &str,
    vars: &BTreeMap<String, String>,
    place: &Place,
    problems: &mut Problems,
) -> Option<String> {
    let (name, default) = match text.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (text, None),
    };
    let value = vars.get(name).map(String::as_str).filter(|value| !value.is_empty() || default.is_none());
    let value = value.or(default);
    if value.is_none() {
        problems
            .add(place, format!("environment variable `{}` was not set", shown(name)))
            .hint("set it, or give a default: `${env:NAME:-default}`");
    }
    value.map(str::to_owned)
}

/// Relative paths start where the document lies. A line break at the end is cut, as editors add one.
fn file(path: &str, place: &Place, problems: &mut Problems) -> Option<String> {
    let directory = place.origin.as_ref().and_then(|origin| origin.directory.clone());
    let full = directory.unwrap_or_default().join(path);
    let read = std::fs::File::open(full).and_then(|file| {
        let mut text = String::new();
        let bytes = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
        if bytes as u64 > MAX_FILE_BYTES { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
    });
    match read {
        Ok(text) => Some(text.trim_end_matches(['\n', '\r']).to_owned()),
        Err(error) => {
            let message = format!("file `{}` was not read: {}", shown(path), error.kind());
            problems.add(place, message);
            None
        }
    }
}
