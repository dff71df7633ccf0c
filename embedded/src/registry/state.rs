//! The registry as one synchronous state machine (adr/0037): registering, looking up, judging and deleting.

use std::sync::Arc;

use serde_json::Value;
use test_probe_formats::{Reference, SchemaSource, SchemaType};

use super::answer::{Refusal, Result};
use super::schema::{Asked, Understood};
use super::settings::Settings;
use super::store::{Deleted, Found, Store, Version, Wanted};
use super::subject::Subject;

/// How deep references may refer to others.
const DEEPEST_REFERENCE: usize = 64;

/// All that a registry knows.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(super) store: Store,
    pub(super) settings: Settings,
}

/// What was registered, or was there already.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) id: u32,
    pub(crate) version: u32,
    pub(crate) schema: Arc<Understood>,
}

impl Registered {
    fn of(found: Found) -> Self {
        Self { id: found.version.id, version: found.number, schema: found.version.schema }
    }
}

impl Registry {
    /// Registers a schema. The same one under the same subject is registered once; the same one in a context has one
    /// id. `now` is in milliseconds since 1970.
    pub(crate) fn register(
        &mut self,
        subject: &Subject,
        mut asked: Asked,
        normalize: bool,
        now: i64,
    ) -> Result<Registered> {
        if !subject.is_valid() {
            return Err(Refusal::invalid_subject(subject));
        }
        let mode = self.settings.mode_in_scope(subject);
        if mode.is_read_only() {
            return Err(self.not_permitted(subject, "is in read-only mode"));
        }
        if asked.id.is_some() && !mode.is_import() {
            return Err(self.not_permitted(subject, "is not in import mode"));
        }
        if asked.id.is_none() && mode.is_import() {
            return Err(self.not_permitted(subject, "is not in read-write mode"));
        }
        let next = self.next_version(subject);
        if !mode.is_import() {
            self.inherit(subject, &mut asked)?;
            asked.pin_version(next);
        }
        let normalize = normalize || self.settings.normalizes(subject);
        let schema = self.understand(subject, &mut asked, normalize)?;
        let known = self.store.id_of(&subject.context, schema.guid);
        let known = known.filter(|id| asked.id.is_none_or(|asked| asked == *id));
        if asked.version == 0
            && let Some(found) = self.same(subject, &schema, Deleted::Hidden)
            && asked.id.is_none_or(|asked| asked == found.version.id)
        {
            return Ok(Registered::of(found));
        }
        if !mode.is_import() {
            let problems = self.incompatibilities(subject, &schema, None);
            if !problems.is_empty() {
                return Err(Refusal::incompatible(subject, &problems));
            }
        }
        let version = match u32::try_from(asked.version) {
            Ok(0) | Err(_) => next,
            Ok(version) if version == next || mode.is_import() => version,
            Ok(_) => return Err(Refusal::invalid_schema("Version is not one more than previous version")),
        };
        let id = match known.or(asked.id) {
            Some(id) => id,
            None => self.store.next_id(&subject.context),
        };
        let context = &subject.context;
        let schema = match self.store.schema(context, id) {
            Some(existing) if existing.guid == schema.guid => existing.clone(),
            Some(_) => {
                let context = subject.whole_context();
                let message =
                    format!("Overwrite new schema with id {id} in context {context} is not permitted.");
                return Err(Refusal::not_permitted(message));
            }
            None => Arc::new(schema),
        };
        self.forget_deleted_twins(subject, id, version);
        let registered = Registered { id, version, schema: schema.clone() };
        self.store.put(subject, version, Version { id, schema, registered_at: now, is_deleted: false });
        Ok(registered)
    }

    /// Returns the version of a subject that has a schema.
    pub(crate) fn look_up(
        &self,
        subject: &Subject,
        asked: &Asked,
        normalize: bool,
        deleted: Deleted,
    ) -> Result<Found> {
        let mut unqualified = Ok(());
        for place in self.store.places(subject).collect::<Vec<_>>() {
            let normalize = normalize || self.settings.normalizes(&place);
            match self.look_up_at(&place, asked, normalize, deleted) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(refusal) if place == *subject => unqualified = Err(refusal),
                Err(_) => {}
            }
        }
        unqualified?;
        let is_known = self.store.has(subject, deleted);
        Err(if is_known { Refusal::schema_not_found() } else { Refusal::subject_not_found(subject) })
    }

    fn look_up_at(
        &self,
        subject: &Subject,
        asked: &Asked,
        normalize: bool,
        deleted: Deleted,
    ) -> Result<Option<Found>> {
        if asked.text.trim().is_empty() {
            return Ok(None);
        }
        let schema = self.understand(subject, &mut asked.clone(), normalize)?;
        if let Some(found) = self.same(subject, &schema, deleted) {
            return Ok(Some(found));
        }
        // As registering does it: metadata and rules that are not given are those of the version before.
        let mut inheriting = asked.clone();
        if self.inherit(subject, &mut inheriting).is_err() {
            return Ok(None);
        }
        if inheriting.metadata == asked.metadata && inheriting.rule_set == asked.rule_set {
            return Ok(None);
        }
        let schema = self.understand(subject, &mut inheriting, normalize)?;
        Ok(self.same(subject, &schema, deleted))
    }

    /// Returns the latest version of a subject that is the same schema.
    fn same(&self, subject: &Subject, schema: &Understood, deleted: Deleted) -> Option<Found> {
        let versions = self.store.versions(subject)?.iter().rev();
        let mut shown = versions.filter(|(_, version)| deleted.shows(version.is_deleted));
        let (number, version) = shown.find(|(_, version)| schema.means(&version.schema))?;
        Some(Found { subject: subject.clone(), number: *number, version: version.clone() })
    }

    /// Returns why a schema may not follow the versions of a subject, or the given one alone; empty when it may.
    fn incompatibilities(&self, subject: &Subject, schema: &Understood, only: Option<u32>) -> Vec<String> {
        let level = self.settings.level(subject);
        let versions = self.store.versions(subject).into_iter().flatten().rev();
        let live = versions.filter(|(_, version)| !version.is_deleted);
        let before = live.filter(|(number, _)| only.is_none_or(|only| only == **number));
        for (number, version) in before.take(level.reach()) {
            let earlier = &version.schema;
            let mut problems = if earlier.schema_type() == schema.schema_type() {
                level.problems(&schema.schema, &earlier.schema)
            } else {
                vec!["Incompatible because of different schema type".to_owned()]
            };
            if !problems.is_empty() {
                problems.push(format!("{{oldSchemaVersion: {number}}}"));
                problems.push(format!("{{oldSchema: '{}'}}", earlier.text));
                problems.push(format!("{{validateFields: 'false', compatibility: '{}'}}", level.name()));
                return problems;
            }
        }
        Vec::new()
    }

    /// Returns why a schema may not follow; `wanted` chooses the version that it is compared with.
    pub(crate) fn judge(
        &self,
        subject: &Subject,
        asked: &Asked,
        wanted: Option<Wanted>,
    ) -> Result<Vec<String>> {
        let only = match wanted {
            None => None,
            Some(wanted) => match (self.store.find(subject, wanted, Deleted::Hidden), wanted) {
                (Some(found), _) => Some(found.number),
                (None, Wanted::Latest) => None,
                (None, Wanted::Number(number)) => return Err(Refusal::version_not_found(number.into())),
            },
        };
        if asked.text.trim().is_empty() {
            return Err(Refusal::invalid_schema("Empty schema"));
        }
        let normalize = self.settings.normalizes(subject);
        let schema = self.understand(subject, &mut asked.clone(), normalize)?;
        Ok(self.incompatibilities(subject, &schema, only))
    }

    /// Deletes a version: out of sight at first, for good when it was deleted before. Returns its number.
    pub(crate) fn delete_version(
        &mut self,
        subject: &Subject,
        wanted: Wanted,
        permanent: bool,
    ) -> Result<u32> {
        let Some(found) = self.store.find(subject, wanted, Deleted::Shown) else {
            let is_known = self.store.has(subject, Deleted::Shown);
            return Err(if is_known {
                Refusal::version_not_found(wanted.number())
            } else {
                Refusal::subject_not_found(subject)
            });
        };
        let number = found.number;
        if !permanent && found.version.is_deleted {
            return Err(Refusal::version_is_soft_deleted(subject, number.into()));
        }
        self.check_writable(subject)?;
        if !self.store.referrers(subject, number, Deleted::shown(permanent)).is_empty() {
            return Err(Refusal::is_referenced(subject, number));
        }
        if !permanent {
            self.store.hide(subject, number);
            return Ok(number);
        }
        if !found.version.is_deleted {
            return Err(Refusal::version_is_not_soft_deleted(subject, number));
        }
        self.store.remove(subject, number);
        if self.store.versions(subject).is_none() {
            self.forget_settings(subject);
        }
        Ok(number)
    }

    /// Deletes all versions of a subject. Returns their numbers.
    pub(crate) fn delete_subject(&mut self, subject: &Subject, permanent: bool) -> Result<Vec<u32>> {
        if !self.store.has(subject, Deleted::Shown) {
            return Err(Refusal::subject_not_found(subject));
        }
        if !permanent && !self.store.has(subject, Deleted::Hidden) {
            return Err(Refusal::subject_is_soft_deleted(subject));
        }
        self.check_writable(subject)?;
        let versions = self.store.versions(subject).into_iter().flatten();
        let meant = versions.filter(|(_, version)| permanent || !version.is_deleted);
        let meant: Vec<(u32, bool)> = meant.map(|(number, version)| (*number, version.is_deleted)).collect();
        for (number, is_deleted) in &meant {
            let referrers = self.store.referrers(subject, *number, Deleted::shown(permanent));
            if referrers.iter().any(|referrer| referrer.subject != *subject) {
                return Err(Refusal::is_referenced(subject, *number));
            }
            if permanent && !is_deleted {
                return Err(Refusal::subject_is_not_soft_deleted(subject));
            }
        }
        for (number, _) in &meant {
            if permanent {
                self.store.remove(subject, *number);
            } else {
                self.store.hide(subject, *number);
            }
        }
        if permanent {
            self.forget_settings(subject);
        }
        Ok(meant.into_iter().map(|(number, _)| number).collect())
    }

    /// Forgets for good what was deleted of a subject, or of a whole context, before schemas are imported there.
    pub(crate) fn forget_deleted(&mut self, subject: &Subject) -> Result<()> {
        let is_meant =
            |known: &Subject| known == subject || (subject.is_context() && known.context == subject.context);
        let mut meant = Vec::new();
        for (known, versions) in self.store.subjects().filter(|(known, _)| is_meant(known)) {
            for number in versions.keys() {
                if !self.store.referrers(known, *number, Deleted::Shown).is_empty() {
                    return Err(Refusal::is_referenced(known, *number));
                }
                meant.push((known.clone(), *number));
            }
        }
        for (known, number) in meant {
            self.store.remove(&known, number);
        }
        Ok(())
    }

    /// Refuses what a read-only subject does not allow.
    pub(super) fn check_writable(&self, subject: &Subject) -> Result<()> {
        match self.settings.mode_in_scope(subject).is_read_only() {
            true => Err(self.not_permitted(subject, "is in read-only mode")),
            false => Ok(()),
        }
    }

    fn not_permitted(&self, subject: &Subject, why: &str) -> Refusal {
        let context = subject.whole_context();
        Refusal::not_permitted(format!("Subject {subject} in context {context} {why}"))
    }

    fn forget_settings(&mut self, subject: &Subject) {
        self.settings.unconfigure(subject);
        self.settings.set_mode(subject.clone(), None);
    }

    fn next_version(&self, subject: &Subject) -> u32 {
        let last = self.store.versions(subject).and_then(|versions| versions.keys().next_back());
        last.map_or(1, |last| last.saturating_add(1))
    }

    /// Takes what a request leaves out from the version before.
    fn inherit(&self, subject: &Subject, asked: &mut Asked) -> Result<()> {
        let before = self.store.find(subject, Wanted::Latest, Deleted::Hidden);
        let before = before.map(|found| found.version.schema);
        if asked.text.trim().is_empty() {
            let before = before.as_ref().ok_or_else(|| Refusal::invalid_schema("Empty schema"))?;
            asked.text.clone_from(&before.text);
            before.schema_type().name().clone_into(&mut asked.schema_type);
            asked.references.clone_from(&before.references);
        }
        if let Some(before) = before {
            let or = |own: &mut Option<Value>, other: &Option<Value>| {
                if own.is_none() {
                    own.clone_from(other);
                }
            };
            or(&mut asked.metadata, &before.metadata);
            or(&mut asked.rule_set, &before.rule_set);
        }
        Ok(())
    }

    /// Parses a schema with all that it refers to; a reference to the latest version becomes one to its number.
    fn understand(&self, subject: &Subject, asked: &mut Asked, normalize: bool) -> Result<Understood> {
        let Some(schema_type) = SchemaType::of_name(&asked.schema_type) else {
            return Err(Refusal::invalid_schema(format!("Invalid schema type {}", asked.schema_type)));
        };
        let references = self.resolve(subject, asked).map_err(|why| {
            let kind = schema_type.name();
            Refusal::invalid_schema(format!("Invalid schema of type {kind}, details: {why}"))
        })?;
        Understood::parse(
            asked,
            SchemaSource { schema_type, text: asked.text.clone(), references },
            normalize,
        )
    }

    fn resolve(&self, subject: &Subject, asked: &mut Asked) -> Result<Vec<Reference>, String> {
        let mut resolved = Vec::new();
        for reference in &mut asked.references {
            let target = subject.beside(&reference.subject);
            let wanted = match reference.version {
                -1 => Some(Wanted::Latest),
                version => u32::try_from(version).ok().map(Wanted::Number),
            };
            let found = wanted.and_then(|wanted| self.store.find(&target, wanted, Deleted::Shown));
            let missing = || {
                format!(
                    "No schema reference found for subject \"{target}\" and version {}",
                    reference.version
                )
            };
            let found = found.ok_or_else(missing)?;
            reference.version = found.number.into();
            let source = found.version.schema.source.clone();
            if depth(&source) >= DEEPEST_REFERENCE {
                return Err(format!("references were deeper than {DEEPEST_REFERENCE}"));
            }
            resolved.push(Reference { name: reference.name.clone(), source, at: None });
        }
        Ok(resolved)
    }

    /// Forgets earlier versions of a subject that were deleted and had the id that is registered anew.
    fn forget_deleted_twins(&mut self, subject: &Subject, id: u32, version: u32) {
        let versions = self.store.versions(subject).into_iter().flatten();
        let twins = versions.filter(|(number, twin)| twin.is_deleted && twin.id == id && **number < version);
        let twins: Vec<u32> = twins.map(|(number, _)| *number).collect();
        for number in twins {
            if self.store.referrers(subject, number, Deleted::Shown).is_empty() {
                self.store.remove(subject, number);
            }
        }
    }
}

fn depth(source: &SchemaSource) -> usize {
    source.references.iter().map(|reference| depth(&reference.source)).max().map_or(1, |deepest| deepest + 1)
}
