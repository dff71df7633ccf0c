//! What a directive says about schemas.

use serde_json::{Map, Value, json};

use super::keys::{SCHEMA_FILE, SCHEMA_REFERENCE, SUBJECT};
use super::{Format, TopicDirective};
use crate::document::{Content, Fields, Node, Problems, shown};

/// Which schemas a topic's keys and values have, and how they are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaUse {
    /// Those of the value.
    pub value: SchemaChoice,
    /// Those of the key.
    pub key: SchemaChoice,
    /// The message of a Protobuf key, by its full or simple name; the first one of its file when absent. (That of a
    /// value is the one that is named like the event's type.)
    pub key_message: Option<String>,
    /// Whether what is produced may register its schema; the registry's `auto.register.schemas` when absent.
    pub auto_register: Option<bool>,
    /// Whether what is produced takes the latest schema of the subject; the registry's `use.latest.version`
    /// when absent.
    pub use_latest: Option<bool>,
    /// Whether schemas are compared after normalisation; the registry's `normalize.schemas` when absent.
    pub normalize: Option<bool>,
    /// Whether what is produced names its schema by GUID in a header, and not by id before the payload.
    pub id_in_header: bool,
}

/// The schemas of one side of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaChoice {
    /// The subject; `None` means TopicNameStrategy.
    pub subject: Option<Subject>,
    /// Schemas that the test brings along: to write with, and to read with in the sense of schema evolution.
    pub schemas: Vec<SchemaText>,
}

/// A schema that a directive brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaText {
    /// Where it is.
    pub origin: SchemaOrigin,
    /// What it refers to in the registry.
    pub references: Vec<SchemaReference>,
}

/// Where the text of a schema is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaOrigin {
    /// Here.
    Text(String),
    /// In a file, relative to the working directory.
    File(String),
}

/// Another schema that a schema refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaReference {
    /// The name by which it does.
    pub name: String,
    /// Its subject.
    pub subject: String,
    /// Its version; `None` is the latest.
    pub version: Option<i32>,
}

/// The subject of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Named after topic and record, in one of the known ways.
    Strategy(SubjectStrategy),
    /// This one.
    Named {
        /// Its name.
        name: String,
        /// Its version; `None` is the latest.
        version: Option<i32>,
    },
}

/// How subjects are named, by their known names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectStrategy {
    /// `<topic>-value`.
    TopicName,
    /// The full name of the record.
    RecordName,
    /// `<topic>-<full name of the record>`.
    TopicRecordName,
}

impl SubjectStrategy {
    /// Returns the word of the document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TopicName => "TopicNameStrategy",
            Self::RecordName => "RecordNameStrategy",
            Self::TopicRecordName => "TopicRecordNameStrategy",
        }
    }
}

/// Reads the keys of a directive that speak of schemas.
pub(super) fn read(read: &mut TopicDirective, fields: &Fields<'_>, problems: &mut Problems) {
    read.schemas = SchemaUse {
        value: choice(fields, "subject", "schema", problems),
        key: choice(fields, "keySubject", "keySchema", problems),
        key_message: key_message(fields, problems),
        auto_register: fields.boolean("auto.register.schemas", problems),
        use_latest: fields.boolean("use.latest.version", problems),
        normalize: fields.boolean("normalize.schemas", problems),
        id_in_header: fields.choice("schemaId", problems) == Some("header"),
    };
    let sides = [
        ("format", read.format, ["subject", "schema"]),
        ("keyFormat", read.key_format, ["keySubject", "keySchema"]),
    ];
    for (format, chosen, keys) in sides {
        if chosen.has_schema() {
            continue;
        }
        for key in keys {
            if let Some(node) = fields.node(key)
                && key != "subject"
            {
                let message = format!("`{key}` was given, and `{format}: {}` has no schema", chosen.name());
                let hint = format!("set `{format}: avro`, `protobuf` or `json-schema`, or leave out `{key}`");
                problems.add(&node.place, message).hint(hint);
            }
        }
    }
    if let Some(node) = fields.node("keyMessage")
        && read.key_format != Format::Protobuf
    {
        let message =
            format!("`keyMessage` was given, and `keyFormat: {}` has no messages", read.key_format.name());
        problems.add(&node.place, message).hint("set `keyFormat: protobuf`, or leave out `keyMessage`");
    }
}

/// Reads the name of a message: identifiers of Protobuf with dots between.
fn key_message(fields: &Fields<'_>, problems: &mut Problems) -> Option<String> {
    let name = fields.text("keyMessage", problems)?;
    let is_identifier = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if name.split('.').all(is_identifier) {
        return Some(name);
    }
    if let Some(node) = fields.node("keyMessage") {
        let message = format!("`keyMessage` was `{}`, not the name of a message", shown(&name));
        problems.add(&node.place, message).hint("write it as `OrderKey` or `shop.OrderKey`");
    }
    None
}

fn choice(fields: &Fields<'_>, subject_key: &str, schema_key: &str, problems: &mut Problems) -> SchemaChoice {
    let subject = fields.node(subject_key).and_then(|node| subject(node, problems));
    let mut schemas = Vec::new();
    if let Some(node) = fields.node(schema_key) {
        let list = if let Content::List(items) = &node.content {
            items.as_slice()
        } else {
            std::slice::from_ref(node)
        };
        if list.is_empty() {
            problems.add(&node.place, format!("`{schema_key}` was an empty list")).hint("leave it out");
        }
        schemas.extend(list.iter().filter_map(|item| schema(item, schema_key, problems)));
        if let (Some(Subject::Named { version: Some(_), .. }), true) = (&subject, schemas.len() > 1) {
            problems
                .add(
                    &node.place,
                    format!("`{schema_key}` named several schemas, and `{subject_key}` one version"),
                )
                .hint("leave out one of them");
        }
    }
    SchemaChoice { subject, schemas }
}

/// A schema is its text, its text as an object, or `{file, references}`.
fn schema(node: &Node, key: &str, problems: &mut Problems) -> Option<SchemaText> {
    if let Some(text) = node.text() {
        return Some(SchemaText { origin: SchemaOrigin::Text(text.to_owned()), references: Vec::new() });
    }
    if node.entries().is_none() {
        let message = format!("`{key}` was {}, not a schema", node.kind());
        problems.add(&node.place, message).hint("write its text, or `{file: orders.avsc}`");
        return None;
    }
    let is_ours = node.get("file").is_some() || node.get("text").is_some();
    if !is_ours {
        let text = node.to_json().to_string();
        return Some(SchemaText { origin: SchemaOrigin::Text(text), references: Vec::new() });
    }
    let fields = Fields::open(node, &SCHEMA_FILE, problems)?;
    let origin = match (fields.text("file", problems), fields.text("text", problems)) {
        (Some(file), None) => SchemaOrigin::File(file),
        (None, Some(text)) => SchemaOrigin::Text(text),
        (Some(_), Some(_)) => {
            problems.add(&node.place, "`file` and `text` excluded each other").hint("leave out one of them");
            return None;
        }
        (None, None) => return None,
    };
    let mut references = Vec::new();
    if let Some(list) = fields.node("references") {
        let Content::List(items) = &list.content else {
            problems.add(&list.place, format!("`references` was {}, not a list", list.kind()));
            return None;
        };
        for item in items {
            let Some(fields) = Fields::open(item, &SCHEMA_REFERENCE, problems) else { continue };
            let version = version(&fields, problems);
            let name = fields.text("name", problems);
            if let (Some(name), Some(subject)) = (name, fields.text("subject", problems)) {
                references.push(SchemaReference { name, subject, version });
            }
        }
    }
    Some(SchemaText { origin, references })
}

/// Adds what differs from the defaults to the normalised entry.
pub(super) fn to_json(schemas: &SchemaUse, entry: &mut Value) {
    for (choice, subject_key, schema_key) in
        [(&schemas.value, "subject", "schema"), (&schemas.key, "keySubject", "keySchema")]
    {
        match &choice.subject {
            None => {}
            Some(Subject::Strategy(strategy)) => entry[subject_key] = json!({"strategy": strategy.name()}),
            Some(Subject::Named { name, version: None }) => entry[subject_key] = json!({"name": name}),
            Some(Subject::Named { name, version: Some(version) }) => {
                entry[subject_key] = json!({"name": name, "version": version});
            }
        }
        if !choice.schemas.is_empty() {
            entry[schema_key] = choice.schemas.iter().map(schema_to_json).collect();
        }
    }
    if let Some(message) = &schemas.key_message {
        entry["keyMessage"] = json!(message);
    }
    let flags = [
        ("auto.register.schemas", schemas.auto_register),
        ("use.latest.version", schemas.use_latest),
        ("normalize.schemas", schemas.normalize),
    ];
    for (key, flag) in flags {
        if let Some(flag) = flag {
            entry[key] = json!(flag);
        }
    }
    if schemas.id_in_header {
        entry["schemaId"] = json!("header");
    }
}

fn schema_to_json(schema: &SchemaText) -> Value {
    let mut entry = Map::new();
    match &schema.origin {
        SchemaOrigin::Text(text) => entry.insert("text".to_owned(), json!(text)),
        SchemaOrigin::File(file) => entry.insert("file".to_owned(), json!(file)),
    };
    if !schema.references.is_empty() {
        let references = schema.references.iter().map(|reference| {
            let mut one = json!({"name": reference.name, "subject": reference.subject});
            if let Some(version) = reference.version {
                one["version"] = json!(version);
            }
            one
        });
        entry.insert("references".to_owned(), references.collect());
    }
    Value::Object(entry)
}

fn subject(node: &Node, problems: &mut Problems) -> Option<Subject> {
    let fields = Fields::open(node, &SUBJECT, problems)?;
    let version = version(&fields, problems);
    let strategy = fields.choice("strategy", problems);
    let name = fields.text("name", problems);
    match (fields.node("strategy"), fields.node("name")) {
        (Some(_), Some(_)) => {
            problems
                .add(&node.place, "`strategy` and `name` excluded each other")
                .hint("leave out one of them");
            None
        }
        (None, None) => {
            problems
                .add(&node.place, "`subject` named neither `strategy` nor `name`")
                .hint("write `{strategy: TopicNameStrategy}` or `{name: orders-value, version: 3}`");
            None
        }
        (None, Some(_)) => Some(Subject::Named { name: name?, version }),
        (Some(_), None) => {
            if let Some(node) = fields.node("version") {
                problems.add(&node.place, "`version` was given without `name`").hint("add `name:`");
            }
            Some(Subject::Strategy(match strategy? {
                "RecordNameStrategy" => SubjectStrategy::RecordName,
                "TopicRecordNameStrategy" => SubjectStrategy::TopicRecordName,
                _ => SubjectStrategy::TopicName,
            }))
        }
    }
}

fn version(fields: &Fields<'_>, problems: &mut Problems) -> Option<i32> {
    let node = fields.node("version")?;
    if node.text() == Some("latest") {
        return None;
    }
    let version = node.integer().and_then(|number| i32::try_from(number).ok()).filter(|number| *number > 0);
    if version.is_none() {
        let found = fields.describe("version", node);
        problems.add(&node.place, format!("`version` was {found}, not an integer from 1 or `latest`"));
    }
    version
}
