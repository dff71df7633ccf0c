//! What a registry keeps: contexts with their schemas by id, and subjects with their versions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::answer::{Refusal, Result};
use super::schema::Understood;
use super::subject::Subject;

/// A version of a subject.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) id: u32,
    pub(crate) schema: Arc<Understood>,
    /// Milliseconds since 1970.
    pub(crate) registered_at: i64,
    pub(crate) is_deleted: bool,
}

/// The versions of a subject, deleted ones too.
pub(crate) type Versions = BTreeMap<u32, Version>;

/// A version, with where it was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) subject: Subject,
    pub(crate) number: u32,
    pub(crate) version: Version,
}

impl Found {
    /// Returns what answers tell of a version.
    pub(crate) fn told(&self, format: &str) -> Value {
        let mut told = self.version.schema.told(format);
        told.insert("subject".to_owned(), self.subject.to_string().into());
        told.insert("version".to_owned(), self.number.into());
        told.insert("id".to_owned(), self.version.id.into());
        told.insert("ts".to_owned(), self.version.registered_at.into());
        told.insert("deleted".to_owned(), self.version.is_deleted.into());
        told.into()
    }
}

/// A version as a path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Latest,
    Number(u32),
}

impl Wanted {
    /// Reads `3`, `latest` or `-1`.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("latest") || trimmed == "-1" {
            return Ok(Self::Latest);
        }
        let number = trimmed.parse::<i32>().ok().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| *number > 0).map(Self::Number).ok_or_else(|| Refusal::invalid_version(text))
    }

    /// Returns the number as messages tell it.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Number(number) => number.into(),
        }
    }
}

/// Whether versions that were deleted count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Hidden,
    Shown,
    Only,
}

impl Deleted {
    pub(crate) fn shown(are_shown: bool) -> Self {
        if are_shown { Self::Shown } else { Self::Hidden }
    }

    pub(crate) fn shows(self, is_deleted: bool) -> bool {
        match self {
            Self::Hidden => !is_deleted,
            Self::Shown => true,
            Self::Only => is_deleted,
        }
    }
}

/// A version that refers to another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Referrer {
    pub(crate) id: u32,
    pub(crate) subject: Subject,
}

#[derive(Debug, Default)]
struct Context {
    /// Ids count up and are never used twice.
    last_id: u32,
    ids: BTreeMap<u32, Arc<Understood>>,
    guids: HashMap<Uuid, u32>,
}

/// All schemas of a registry.
#[derive(Debug, Default)]
pub(crate) struct Store {
    contexts: BTreeMap<String, Context>,
    subjects: BTreeMap<Subject, Versions>,
}

impl Store {
    /// Returns the contexts: the default one first, then those that a schema was registered in.
    pub(crate) fn contexts(&self) -> impl Iterator<Item = &str> {
        let default = Subject::top().context;
        let others = self.contexts.keys().map(String::as_str).filter(move |name| *name != default);
        std::iter::once(".").chain(others)
    }

    pub(crate) fn subjects(&self) -> impl Iterator<Item = (&Subject, &Versions)> {
        self.subjects.iter()
    }

    pub(crate) fn versions(&self, subject: &Subject) -> Option<&Versions> {
        self.subjects.get(subject)
    }

    /// Whether a subject, or any of a whole context, has a version.
    pub(crate) fn has(&self, subject: &Subject, deleted: Deleted) -> bool {
        let is_meant =
            |known: &Subject| known == subject || (subject.is_context() && known.context == subject.context);
        let mut meant = self.subjects.iter().filter(|(known, _)| is_meant(known));
        meant.any(|(_, versions)| versions.values().any(|version| deleted.shows(version.is_deleted)))
    }

    /// Returns a version; the latest is the latest that was not deleted.
    pub(crate) fn find(&self, subject: &Subject, wanted: Wanted, deleted: Deleted) -> Option<Found> {
        let versions = self.subjects.get(subject)?;
        let (number, version) = match wanted {
            Wanted::Latest => versions.iter().rev().find(|(_, version)| !version.is_deleted)?,
            Wanted::Number(number) => versions.get_key_value(&number)?,
        };
        let found = || Found { subject: subject.clone(), number: *number, version: version.clone() };
        deleted.shows(version.is_deleted).then(found)
    }

    /// Returns a version; one of another context where the subject names no context and is not in the default one.
    pub(crate) fn find_anywhere(&self, subject: &Subject, wanted: Wanted, deleted: Deleted) -> Option<Found> {
        self.places(subject).find_map(|place| self.find(&place, wanted, deleted))
    }

    /// Returns where a subject is looked for: in its context, and without one in all others.
    pub(crate) fn places(&self, subject: &Subject) -> impl Iterator<Item = Subject> {
        let others =
            if subject.is_in_default_context() { self.contexts().skip(1).collect() } else { Vec::new() };
        let others = others.into_iter().map(|context| subject.within(context)).collect::<Vec<_>>();
        std::iter::once(subject.clone()).chain(others)
    }

    /// Returns the id of a schema of a context.
    pub(crate) fn id_of(&self, context: &str, guid: Uuid) -> Option<u32> {
        self.contexts.get(context)?.guids.get(&guid).copied()
    }

    /// Returns the schema of an id of a context.
    pub(crate) fn schema(&self, context: &str, id: u32) -> Option<&Arc<Understood>> {
        self.contexts.get(context)?.ids.get(&id)
    }

    /// Returns the greatest id that a context gave out.
    pub(crate) fn last_id(&self, context: &str) -> u32 {
        self.contexts.get(context).map_or(0, |context| context.last_id)
    }

    /// Returns every version with an id of a context, deleted ones too.
    pub(crate) fn with_id<'a>(&'a self, context: &'a str, id: u32) -> impl Iterator<Item = Found> + 'a {
        let within = self.subjects.iter().filter(move |(subject, _)| subject.context == context);
        within.flat_map(move |(subject, versions)| {
            let with_it = versions.iter().filter(move |(_, version)| version.id == id);
            with_it.map(|(number, version)| Found {
                subject: subject.clone(),
                number: *number,
                version: version.clone(),
            })
        })
    }

    /// Returns who refers to a version, each id and subject once.
    pub(crate) fn referrers(&self, subject: &Subject, number: u32, deleted: Deleted) -> BTreeSet<Referrer> {
        let mut referrers = BTreeSet::new();
        for (referrer, versions) in &self.subjects {
            for version in versions.values().filter(|version| deleted.shows(version.is_deleted)) {
                let refers = version.schema.references.iter().any(|reference| {
                    reference.version == i64::from(number) && referrer.beside(&reference.subject) == *subject
                });
                if refers {
                    referrers.insert(Referrer { id: version.id, subject: referrer.clone() });
                }
            }
        }
        referrers
    }

    /// Returns the id that a schema gets in a context: the next one.
    pub(crate) fn next_id(&self, context: &str) -> u32 {
        self.last_id(context).saturating_add(1)
    }

    /// Keeps a version.
    pub(crate) fn put(&mut self, subject: &Subject, number: u32, version: Version) {
        let context = self.contexts.entry(subject.context.clone()).or_default();
        context.last_id = context.last_id.max(version.id);
        context.ids.insert(version.id, version.schema.clone());
        context.guids.insert(version.schema.guid, version.id);
        self.subjects.entry(subject.clone()).or_default().insert(number, version);
    }

    /// Marks a version as deleted.
    pub(crate) fn hide(&mut self, subject: &Subject, number: u32) {
        if let Some(version) = self.subjects.get_mut(subject).and_then(|versions| versions.get_mut(&number)) {
            version.is_deleted = true;
        }
    }

    /// Forgets a version, and its schema with the last version that had it.
    pub(crate) fn remove(&mut self, subject: &Subject, number: u32) {
        let Some(versions) = self.subjects.get_mut(subject) else { return };
        let Some(version) = versions.remove(&number) else { return };
        if versions.is_empty() {
            self.subjects.remove(subject);
        }
        if self.with_id(&subject.context, version.id).next().is_none()
            && let Some(context) = self.contexts.get_mut(&subject.context)
        {
            context.ids.remove(&version.id);
            context.guids.retain(|_, id| *id != version.id);
        }
    }

    /// Forgets a context without subjects.
    pub(crate) fn remove_context(&mut self, context: &str) {
        self.contexts.remove(context);
    }
}
