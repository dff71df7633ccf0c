//! What a schema refers to, followed to its ends: from pointers to texts, and back.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use test_probe_formats::{Reference, SchemaSource};

use super::Inner;
use super::rest::{Pointer, Sent, Stored};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::Deadline;

/// A schema refers to no more than so many others, all in all.
const MOST: usize = 1_000;
/// And through no more than so many others.
const DEEPEST: usize = 64;

type Found<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Returns a schema with the texts of everything that it refers to.
pub(super) async fn resolved(inner: &Arc<Inner>, stored: &Stored, by: Deadline) -> Result<SchemaSource> {
    let walk = Walk { inner: inner.clone(), by, known: HashMap::new(), path: Vec::new() };
    let (_, references) = references(walk, stored.references.clone()).await?;
    Ok(SchemaSource { schema_type: stored.schema_type, text: stored.text.clone(), references })
}

struct Walk {
    inner: Arc<Inner>,
    by: Deadline,
    known: HashMap<(String, i32), Arc<SchemaSource>>,
    path: Vec<(String, i32)>,
}

impl Walk {
    fn refused(&self, pointer: &Pointer, why: &str) -> ProbeError {
        let Pointer { subject, version, name } = pointer;
        let message = format!("reference `{name}` to version {version} of subject `{subject}` {why}");
        ProbeError::new(ErrorCode::DecodeFailed, message).with("subject", subject.as_str())
    }
}

fn references(mut walk: Walk, pointers: Vec<Pointer>) -> Found<(Walk, Vec<Reference>)> {
    Box::pin(async move {
        let mut found = Vec::with_capacity(pointers.len());
        for pointer in pointers {
            let source;
            (walk, source) = referred(walk, &pointer).await?;
            let at = Some((pointer.subject, pointer.version));
            found.push(Reference { name: pointer.name, source, at });
        }
        Ok((walk, found))
    })
}

async fn referred(mut walk: Walk, pointer: &Pointer) -> Result<(Walk, Arc<SchemaSource>)> {
    let key = (pointer.subject.clone(), pointer.version);
    if walk.path.contains(&key) {
        return Err(walk.refused(pointer, "led back to itself"));
    }
    if let Some(source) = walk.known.get(&key).cloned() {
        return Ok((walk, source));
    }
    if walk.path.len() >= DEEPEST {
        return Err(walk.refused(pointer, &format!("was more than {DEEPEST} references deep")));
    }
    if walk.known.len() >= MOST {
        return Err(walk.refused(pointer, &format!("was one of more than {MOST}")));
    }
    let stored = walk.inner.version(&pointer.subject, pointer.version, walk.by).await?;
    walk.path.push(key.clone());
    let (mut walk, below) = references(walk, stored.references.clone()).await?;
    walk.path.pop();
    let text = stored.text.clone();
    let source = Arc::new(SchemaSource { schema_type: stored.schema_type, text, references: below });
    walk.known.insert(key, source.clone());
    Ok((walk, source))
}

/// How what a schema refers to gets into the registry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Publishing {
    /// What is not there is registered.
    pub(super) register: bool,
    pub(super) normalize: bool,
    pub(super) by: Deadline,
}

/// Returns where the registry has what a schema refers to. A reference that the subject's latest version has under
/// the same name and text stays where it is; any other one is looked for, or registered, under the subject of its
/// own name, as Confluent's clients do.
pub(super) async fn published(
    inner: &Arc<Inner>,
    subject: &str,
    source: &SchemaSource,
    how: Publishing,
) -> Result<Vec<Pointer>> {
    if source.references.is_empty() {
        return Ok(Vec::new());
    }
    check(source, 0, &mut HashSet::new())?;
    let present = match inner.caller.version(subject, None, false, how.by).await {
        Ok(latest) => latest.references,
        Err(error) if error.code() == ErrorCode::SchemaNotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    pointers(inner.clone(), source.references.clone(), present, how).await
}

/// Refuses what is too much before anything is sent; texts that are shared count once.
fn check(source: &SchemaSource, depth: usize, seen: &mut HashSet<*const SchemaSource>) -> Result<()> {
    let refused = |why: String| Err(ProbeError::new(ErrorCode::EncodeFailed, why));
    if depth > DEEPEST {
        return refused(format!("the schema's references were more than {DEEPEST} deep"));
    }
    for reference in &source.references {
        if !seen.insert(Arc::as_ptr(&reference.source)) {
            continue;
        }
        if seen.len() > MOST {
            return refused(format!("the schema referred to more than {MOST} others"));
        }
        check(&reference.source, depth + 1, seen)?;
    }
    Ok(())
}

fn pointers(
    inner: Arc<Inner>,
    references: Vec<Reference>,
    present: Vec<Pointer>,
    how: Publishing,
) -> Found<Vec<Pointer>> {
    Box::pin(async move {
        let mut found = Vec::with_capacity(references.len());
        for Reference { name, source, at } in references {
            if let Some((subject, version)) = at {
                found.push(Pointer { name, subject, version });
                continue;
            }
            if let Some(same) = present.iter().find(|pointer| pointer.name == name) {
                let stored = inner.version(&same.subject, same.version, how.by).await?;
                if resolved(&inner, &stored, how.by).await? == *source {
                    found.push(same.clone());
                    continue;
                }
            }
            let below = pointers(inner.clone(), source.references.clone(), Vec::new(), how).await?;
            let sent = Sent::new(&source, &below);
            let mut stored = None;
            if how.register {
                stored = Some(inner.caller.register(&name, &sent, how.normalize, how.by).await?);
            }
            let stored = match stored {
                Some(stored) if stored.version.is_some() => stored,
                // Older registries answer with the id alone.
                _ => inner.caller.look_up(&name, &sent, how.normalize, how.by).await?,
            };
            let Some(version) = stored.version else {
                return Err(inner.caller.parties.foreign(&format!("reference `{name}`")));
            };
            found.push(Pointer { subject: name.clone(), name, version });
        }
        Ok(found)
    })
}
