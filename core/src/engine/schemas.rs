//! The schemas of one topic of a session: how they are found, to write with and to read with.

use std::sync::Arc;

use test_probe_formats::{Reference, Schema, SchemaSource, SchemaType};

use crate::codec::{Reading, Schemas, Writer, Writers, faulty};
use crate::config::SchemaRegistryConfig;
use crate::directive::{
    SchemaChoice, SchemaOrigin, SchemaReference, SchemaText, SchemaUse, Subject, SubjectStrategy,
    TopicDirective,
};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::Event;
use crate::runtime::{Deadline, off_thread};
use crate::schemas::{SchemaRegistry, Wanted};

/// What a session knows of the schemas of a topic.
pub(crate) struct TopicSchemas {
    pub(crate) registry: Arc<SchemaRegistry>,
    key: Option<Plan>,
    value: Option<Plan>,
}

/// How the schemas of one side are found.
pub(super) struct Plan {
    /// `key` or `value`.
    pub(super) side: &'static str,
    pub(super) schema_type: SchemaType,
    /// The message of a Protobuf key.
    pub(super) message: Option<String>,
    topic: Arc<str>,
    subject: Subject,
    pub(super) brought: Vec<Brought>,
    /// Whether what is not registered will be.
    pub(super) register: bool,
    use_latest: bool,
    normalize: bool,
}

/// A schema that the directive brings along.
pub(super) struct Brought {
    pub(super) source: Arc<SchemaSource>,
    pub(super) schema: Arc<Schema>,
}

impl TopicSchemas {
    /// Reads the schemas that a directive brings along. The registry is asked for nothing but what they refer to.
    pub(crate) async fn open(
        registry: Arc<SchemaRegistry>,
        config: &SchemaRegistryConfig,
        directive: &TopicDirective,
        by: Deadline,
    ) -> Result<Self> {
        let uses = &directive.schemas;
        let mut plans = [None, None];
        let sides = [("key", directive.key_format, &uses.key), ("value", directive.format, &uses.value)];
        for (plan, (side, format, choice)) in plans.iter_mut().zip(sides) {
            let Some(schema_type) = format.schema_type() else { continue };
            let mut brought = Vec::new();
            for text in &choice.schemas {
                brought.push(Brought::open(&registry, schema_type, text, by).await?);
            }
            if let Some(message) = uses.key_message.as_deref().filter(|_| side == "key") {
                check_message(message, &brought)?;
            }
            *plan = Some(Plan::new((side, schema_type), directive, choice, brought, config));
        }
        let [key, value] = plans;
        Ok(Self { registry, key, value })
    }

    /// Returns how the schemas of each side are found.
    pub(super) fn plans(&self) -> impl Iterator<Item = &Plan> {
        [&self.key, &self.value].into_iter().flatten()
    }

    /// Returns how records are read with these schemas.
    pub(crate) fn reading(&self, directive: &TopicDirective) -> Reading {
        let registry: Arc<dyn Schemas> = self.registry.clone();
        let readers = |plan: &Option<Plan>| {
            plan.iter().flat_map(|plan| &plan.brought).map(|brought| brought.schema.clone()).collect()
        };
        Reading::new(directive).with_schemas(&registry, readers(&self.key), readers(&self.value))
    }

    /// Returns what an event is written with, if the registry need not be asked for it.
    pub(crate) fn writers_at_hand(&self, event: &Event) -> Result<Option<Writers>> {
        let at_hand = |wanted: Option<Wanted>| match wanted {
            None => Some(None),
            Some(wanted) => self.registry.writer_at_hand(&wanted).map(Some),
        };
        let (key, value) = (at_hand(self.wanted_key(event)?), at_hand(self.wanted_value(event)?));
        Ok(key.zip(value).map(|(key, value)| Writers { key, value }))
    }

    /// Returns what an event is written with.
    pub(crate) async fn writers(&self, event: &Event, by: Deadline) -> Result<Writers> {
        let key = self.ask(self.wanted_key(event)?, by).await?;
        let value = self.ask(self.wanted_value(event)?, by).await?;
        Ok(Writers { key, value })
    }

    async fn ask(&self, wanted: Option<Wanted>, by: Deadline) -> Result<Option<Arc<Writer>>> {
        match wanted {
            Some(wanted) => self.registry.writer(&wanted, by).await.map(Some),
            None => Ok(None),
        }
    }

    fn wanted_key(&self, event: &Event) -> Result<Option<Wanted>> {
        self.key.as_ref().map(|plan| plan.wanted(event)).transpose()
    }

    fn wanted_value(&self, event: &Event) -> Result<Option<Wanted>> {
        self.value
            .as_ref()
            .filter(|_| event.payload.needs_schema())
            .map(|plan| plan.wanted(event))
            .transpose()
    }
}

impl Plan {
    fn new(
        (side, schema_type): (&'static str, SchemaType),
        directive: &TopicDirective,
        choice: &SchemaChoice,
        brought: Vec<Brought>,
        config: &SchemaRegistryConfig,
    ) -> Self {
        let SchemaUse { auto_register, use_latest, normalize, .. } = directive.schemas;
        Self {
            side,
            schema_type,
            message: directive.schemas.key_message.clone().filter(|_| side == "key"),
            topic: directive.topic.clone(),
            subject: choice.subject.clone().unwrap_or(Subject::Strategy(SubjectStrategy::TopicName)),
            brought,
            register: auto_register.unwrap_or(config.auto_register_schemas),
            use_latest: use_latest.unwrap_or(config.use_latest_version),
            normalize: normalize.unwrap_or(config.normalize_schemas),
        }
    }

    /// Returns the subject as far as it does not depend on an event.
    pub(super) fn subject_without_event(&self, brought: Option<&Brought>) -> Result<String> {
        match &self.subject {
            Subject::Named { name, .. } => Ok(name.clone()),
            Subject::Strategy(strategy) => self.subject_of(*strategy, brought, &Event::default()),
        }
    }

    fn wanted(&self, event: &Event) -> Result<Wanted> {
        let brought = self.brought_for(event)?;
        let (subject, version) = match &self.subject {
            Subject::Named { name, version } => (name.clone(), *version),
            Subject::Strategy(strategy) => (self.subject_of(*strategy, brought, event)?, None),
        };
        Ok(Wanted {
            subject,
            source: brought.map(|brought| brought.source.clone()),
            version,
            register: self.register,
            use_latest: self.use_latest,
            normalize: self.normalize,
        })
    }

    /// Returns what an event would be written with. Nothing is registered: what will be has no id yet, and one here that
    /// no registry gives.
    pub(super) async fn writer_of_sample(
        &self,
        registry: &SchemaRegistry,
        event: &Event,
        by: Deadline,
    ) -> Result<Arc<Writer>> {
        let wanted = self.wanted(event)?;
        // Registering goes before the latest version, and is looking up here.
        let use_latest = wanted.use_latest && !wanted.register;
        let wanted = Wanted { register: false, use_latest, ..wanted };
        let error = match registry.writer(&wanted, by).await {
            Err(error) if error.code() == ErrorCode::SchemaNotFound && self.register => error,
            found => return found,
        };
        let brought = self.brought_for(event)?.ok_or(error)?;
        let (id, guid) = if self.side == "key" { (u32::MAX, [u8::MAX; 16]) } else { (0, [0; 16]) };
        let schema = brought.schema.clone();
        Ok(Arc::new(Writer { subject: wanted.subject, id, guid: Some(guid), version: None, schema }))
    }

    /// Chooses, of several schemas that the directive brings along, the one named after the event's type.
    fn brought_for(&self, event: &Event) -> Result<Option<&Brought>> {
        if self.brought.len() < 2 {
            return Ok(self.brought.first());
        }
        let wanted = self.message.as_deref().or(event.event_type.as_deref()).unwrap_or_default();
        let is_named = |brought: &&Brought| {
            let name = brought.schema.record_name().unwrap_or_default();
            name == wanted || name.rsplit('.').next() == Some(wanted)
        };
        let has_it = |brought: &&Brought| brought.schema.has_message(wanted);
        let mut all = self.brought.iter();
        if let Some(brought) = all.clone().find(is_named).or_else(|| all.find(has_it)) {
            return Ok(Some(brought));
        }
        let known: Vec<&str> =
            self.brought.iter().filter_map(|brought| brought.schema.record_name()).collect();
        let whose = if self.message.is_some() { "`keyMessage`" } else { "the event's type" };
        let message =
            format!("none of the schemas of topic `{}` was named after {whose} `{wanted}`", self.topic);
        Err(ProbeError::new(ErrorCode::EncodeFailed, message)
            .with("topic", &*self.topic)
            .hint(format!("the schemas are {}", known.join(", "))))
    }

    fn subject_of(
        &self,
        strategy: SubjectStrategy,
        brought: Option<&Brought>,
        event: &Event,
    ) -> Result<String> {
        if strategy == SubjectStrategy::TopicName {
            return Ok(format!("{}-{}", self.topic, self.side));
        }
        // What chooses the message of a Protobuf file names its subject too.
        let named = if self.side == "key" { self.message.as_deref() } else { event.event_type.as_deref() };
        let of_schema = brought.and_then(|brought| {
            let of_message = named.and_then(|name| brought.schema.message(name).ok());
            of_message.or_else(|| brought.schema.record_name())
        });
        let Some(record) = of_schema.or(named) else {
            let message = format!(
                "the subject of the {} is named after its record ({}), and neither schema nor event names one",
                self.side,
                strategy.name()
            );
            return Err(ProbeError::new(ErrorCode::EncodeFailed, message)
                .with("topic", &*self.topic)
                .hint("give the event the full name of its record as type, or the topic a schema"));
        };
        Ok(match strategy {
            SubjectStrategy::RecordName => record.to_owned(),
            _ => format!("{}-{record}", self.topic),
        })
    }
}

impl Brought {
    async fn open(
        registry: &Arc<SchemaRegistry>,
        schema_type: SchemaType,
        text: &SchemaText,
        by: Deadline,
    ) -> Result<Self> {
        let (written, place) = match &text.origin {
            SchemaOrigin::Text(text) => (text.clone(), "the schema of the directive".to_owned()),
            SchemaOrigin::File(path) => (read_file(path.clone()).await?, format!("the schema in `{path}`")),
        };
        let mut source = SchemaSource::new(schema_type, written);
        for reference in &text.references {
            source.references.push(referred(registry, reference, by).await?);
        }
        let parsed = off_thread("reading a schema", move || (Schema::parse(&source), source)).await?;
        match parsed {
            (Ok(schema), source) => Ok(Self { source: Arc::new(source), schema: Arc::new(schema) }),
            (Err(fault), _) => {
                Err(faulty(ErrorCode::InvalidDirective, &format!("{place} did not parse"), &fault))
            }
        }
    }
}

/// Checks that the schemas of the directive have the message that it asks for.
fn check_message(name: &str, brought: &[Brought]) -> Result<()> {
    let mut faults = Vec::new();
    for brought in brought {
        match brought.schema.message(name) {
            Ok(_) => return Ok(()),
            Err(fault) => faults.push(fault),
        }
    }
    match faults.first() {
        Some(fault) => Err(faulty(ErrorCode::InvalidDirective, "`keyMessage` was not there", fault)),
        None => Ok(()),
    }
}

/// Returns what a schema of the directive refers to, as the registry has it.
async fn referred(registry: &SchemaRegistry, reference: &SchemaReference, by: Deadline) -> Result<Reference> {
    let SchemaReference { name, subject, version } = reference;
    let found = match version {
        Some(version) => registry.version(subject, *version, by).await?,
        None => registry.latest(subject, by).await?,
    };
    let at = found.version.map(|version| (subject.clone(), version));
    Ok(Reference { name: name.clone(), source: Arc::new(found.source), at })
}

/// Reads a file, not on a thread of the runtime.
async fn read_file(path: String) -> Result<String> {
    let at = path.clone();
    let error = match off_thread("reading a schema file", move || std::fs::read_to_string(at)).await? {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    Err(ProbeError::new(
        ErrorCode::InvalidDirective,
        format!("the schema file `{path}` could not be read: {error}"),
    )
    .with("file", path)
    .hint("its path is relative to the working directory"))
}
