//! Before the first event: is everything there that the schemas of a session need?

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use test_probe_formats::{Fault, Schema};

use crate::codec::faulty;
use crate::engine::samples;
use crate::engine::schemas::{Brought, Plan, TopicSchemas};
use crate::engine::session::{SessionInner, SessionTopic};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::Event;
use crate::runtime::{Deadline, off_thread};
use crate::schemas::SchemaRegistry;

/// What was looked at before the first event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preflight {
    /// One for each thing that was looked at, in the order of the topics' names.
    pub findings: Vec<PreflightFinding>,
}

/// What came of looking at one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct PreflightFinding {
    /// The name of the topic.
    pub topic: Arc<str>,
    /// `key` or `value`.
    pub side: &'static str,
    /// What was looked at.
    pub check: PreflightCheck,
    /// What came of it.
    pub status: PreflightStatus,
    /// The same as a sentence.
    pub text: String,
    /// Why it failed, with what to do about it.
    pub error: Option<ProbeError>,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreflightCheck {
    /// The registry answers, and lets this principal in.
    Registry,
    /// The subject is there, or will be registered.
    Subject,
    /// A schema that the test brings along may follow the subject's, by its level.
    Compatibility,
    /// A sample is written and read back as what it was.
    Sample,
}

impl PreflightCheck {
    /// Returns its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Subject => "subject",
            Self::Compatibility => "compatibility",
            Self::Sample => "sample",
        }
    }
}

/// What came of looking at something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreflightStatus {
    /// It is as it should be.
    Passed,
    /// It is not.
    Failed,
    /// It could not be looked at.
    Skipped,
}

impl PreflightStatus {
    /// Returns its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Preflight {
    /// Returns whether nothing failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.status != PreflightStatus::Failed)
    }

    /// Returns `{passed, findings: [{topic, side, check, status, text, error}]}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            json!({
                "topic": &*finding.topic,
                "side": finding.side,
                "check": finding.check.name(),
                "status": finding.status.name(),
                "text": finding.text,
                "error": finding.error.as_ref().map(ProbeError::to_json),
            })
        });
        json!({ "passed": self.passed(), "findings": findings.collect::<Vec<_>>() })
    }
}

impl SessionInner {
    /// Looks at the schemas of every topic, and at events for them. What fails is a finding, and no error.
    pub(crate) async fn preflight(&self, samples: &BTreeMap<String, Vec<Event>>) -> Result<Preflight> {
        self.check()?;
        let topics = self.topics();
        let has_schemas =
            |name: &str| topics.iter().any(|topic| *topic.directive.name == *name && topic.schemas.is_some());
        if let Some(name) = samples.keys().find(|name| !has_schemas(name)) {
            let message =
                format!("a sample was given for topic `{name}`, which has no schema in this session");
            return Err(ProbeError::new(ErrorCode::InvalidArgument, message).with("topic", name.as_str()));
        }
        let by = Deadline::after(self.probe.scaled(self.probe.config.dsl.blocking_timeout));
        let mut report = Preflight::default();
        for topic in &topics {
            let Some(schemas) = &topic.schemas else { continue };
            let events = samples.get(&*topic.directive.name).map_or(&[][..], Vec::as_slice);
            for plan in schemas.plans() {
                let has_samples = !events.is_empty();
                let findings = &mut report.findings;
                Look { topic, schemas, plan, by, has_samples, findings }.at_everything().await;
            }
            for event in events {
                report.findings.extend(samples::look(topic, schemas, event, by).await);
            }
        }
        Ok(report)
    }
}

/// One side of one topic.
struct Look<'a> {
    topic: &'a SessionTopic,
    schemas: &'a TopicSchemas,
    plan: &'a Plan,
    by: Deadline,
    /// Whether the test gave events to try.
    has_samples: bool,
    findings: &'a mut Vec<PreflightFinding>,
}

impl Look<'_> {
    async fn at_everything(&mut self) {
        let brought: Vec<Option<&Brought>> = match self.plan.brought.as_slice() {
            [] => vec![None],
            several => several.iter().map(Some).collect(),
        };
        for one in brought {
            let Ok(subject) = self.plan.subject_without_event(one) else {
                let text = "the subject is named after each event's type".to_owned();
                self.note(PreflightCheck::Subject, PreflightStatus::Skipped, text, None);
                continue;
            };
            self.at_subject(&subject, one).await;
        }
    }

    async fn at_subject(&mut self, subject: &str, brought: Option<&Brought>) {
        let registry = self.schemas.registry.clone();
        let latest = registry.latest(subject, self.by).await;
        let schema = match latest {
            Ok(found) => {
                self.pass(PreflightCheck::Registry, "the schema registry answered".to_owned());
                let version =
                    found.version.map_or_else(String::new, |version| format!(", version {version}"));
                let text = format!("subject `{subject}` has schema {}{version}", found.id);
                self.pass(PreflightCheck::Subject, text);
                let source = found.source;
                let parsed =
                    off_thread("reading a schema", move || Schema::parse(&source).map(Arc::new)).await;
                self.parsed(subject, parsed)
            }
            Err(error) if error.code() == ErrorCode::SchemaNotFound => {
                self.pass(PreflightCheck::Registry, "the schema registry answered".to_owned());
                if brought.is_some() && self.plan.register {
                    let text = format!("subject `{subject}` is not there and will be registered");
                    self.pass(PreflightCheck::Subject, text);
                } else {
                    self.fail(PreflightCheck::Subject, error);
                }
                None
            }
            Err(error) => {
                self.fail(PreflightCheck::Registry, error);
                None
            }
        };
        let is_there = schema.is_some();
        if let Some(brought) = brought
            && is_there
        {
            self.at_compatibility(&registry, subject, brought).await;
        }
        let schema = brought.map(|brought| brought.schema.clone()).or(schema);
        if let Some(schema) = schema {
            self.at_sample(&schema);
        }
    }

    fn parsed(
        &mut self,
        subject: &str,
        parsed: Result<std::result::Result<Arc<Schema>, Fault>>,
    ) -> Option<Arc<Schema>> {
        let error = match parsed {
            Ok(Ok(schema)) if schema.schema_type() == self.plan.schema_type => return Some(schema),
            Ok(Ok(schema)) => {
                let (found, wanted) = (schema.schema_type().name(), self.plan.schema_type.name());
                let message = format!("subject `{subject}` has a schema of type {found}, not {wanted}");
                ProbeError::new(ErrorCode::SchemaIncompatible, message)
                    .hint("set the format that the topic carries")
            }
            Ok(Err(fault)) => faulty(
                ErrorCode::DecodeFailed,
                &format!("the schema of subject `{subject}` did not parse"),
                &fault,
            ),
            Err(error) => error,
        };
        self.fail(PreflightCheck::Subject, error);
        None
    }

    async fn at_compatibility(&mut self, registry: &SchemaRegistry, subject: &str, brought: &Brought) {
        let level = registry.compatibility(subject, self.by).await.unwrap_or_else(|_| "its level".to_owned());
        match registry.is_compatible(subject, &brought.source, self.by).await {
            Ok(found) if found.is_compatible => {
                let text = format!("the schema may follow those of subject `{subject}` under {level}");
                self.pass(PreflightCheck::Compatibility, text);
            }
            Ok(found) => {
                let why = found.messages.join("; ");
                let message =
                    format!("the schema may not follow those of subject `{subject}` under {level}: {why}");
                self.fail(
                    PreflightCheck::Compatibility,
                    ProbeError::new(ErrorCode::SchemaIncompatible, message).with("subject", subject),
                );
            }
            Err(error) => self.fail(PreflightCheck::Compatibility, error),
        }
    }

    /// Writes what the schema allows for and reads it back.
    fn at_sample(&mut self, schema: &Schema) {
        let Some(sample) = schema.sample() else {
            if !self.has_samples {
                let text = "the schema gave no example to try".to_owned();
                self.note(PreflightCheck::Sample, PreflightStatus::Skipped, text, None);
            }
            return;
        };
        match schema.round_trip(&sample, self.plan.message.as_deref()) {
            Ok(length) => {
                let text = format!("a sample was written in {length} bytes and read back");
                self.pass(PreflightCheck::Sample, text);
            }
            Err(fault) => {
                let error = faulty(ErrorCode::EncodeFailed, "a sample was not written and read back", &fault);
                self.fail(PreflightCheck::Sample, error);
            }
        }
    }

    fn pass(&mut self, check: PreflightCheck, text: String) {
        self.note(check, PreflightStatus::Passed, text, None);
    }

    fn fail(&mut self, check: PreflightCheck, error: ProbeError) {
        self.note(check, PreflightStatus::Failed, error.message().to_owned(), Some(error));
    }

    fn note(
        &mut self,
        check: PreflightCheck,
        status: PreflightStatus,
        text: String,
        error: Option<ProbeError>,
    ) {
        let (topic, side) = (self.topic.directive.name.clone(), self.plan.side);
        self.findings.push(PreflightFinding { topic, side, check, status, text, error });
    }
}
