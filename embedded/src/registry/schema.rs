//! A schema as it is asked about, and as the registry keeps it.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use test_probe_formats::{Schema, SchemaSource, SchemaType};
use uuid::Uuid;

use super::answer::{Refusal, Result};
use super::avro_text;
use super::text::Node;

/// The property of the metadata that says which version a schema is meant to be.
const VERSION_PROPERTY: &str = "confluent:version";

/// A reference as a client writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ref {
    pub(crate) name: String,
    pub(crate) subject: String,
    /// -1 for the latest, until it is resolved.
    pub(crate) version: i64,
}

/// A schema that a client registers, looks up or asks about.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Empty for that of the version before.
    pub(crate) text: String,
    pub(crate) schema_type: String,
    pub(crate) references: Vec<Ref>,
    pub(crate) metadata: Option<Value>,
    pub(crate) rule_set: Option<Value>,
    /// 0 when the client leaves it to the registry.
    pub(crate) version: i64,
    pub(crate) id: Option<u32>,
}

impl Asked {
    /// Reads the body of a request.
    pub(crate) fn read(body: &Value) -> Result<Self> {
        let Some(body) = body.as_object() else {
            return Err(Refusal::bad_request("the body was no object"));
        };
        let text = |key: &str| of_kind(body, key, "a text", Value::as_str);
        let whole = |key: &str| of_kind(body, key, "a whole number", Value::as_i64);
        let object = |key: &str| of_kind(body, key, "an object", |value| value.is_object().then_some(value));
        let references = of_kind(body, "references", "a list", Value::as_array)?;
        Ok(Self {
            text: text("schema")?.unwrap_or_default().to_owned(),
            schema_type: text("schemaType")?.unwrap_or(SchemaType::Avro.name()).to_owned(),
            references: references.into_iter().flatten().map(Ref::read).collect::<Result<_>>()?,
            metadata: object("metadata")?.cloned(),
            rule_set: object("ruleSet")?.cloned(),
            version: whole("version")?.unwrap_or(0),
            id: whole("id")?.and_then(|id| u32::try_from(id).ok()),
        })
    }

    /// Writes the version that it is to be into the metadata.
    pub(crate) fn pin_version(&mut self, version: u32) {
        if self.version == 0 && pinned(self.metadata.as_ref()).is_none() {
            return;
        }
        let metadata = self.metadata.get_or_insert_with(|| json!({}));
        metadata["properties"][VERSION_PROPERTY] = version.to_string().into();
    }
}

impl Ref {
    fn read(value: &Value) -> Result<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        match (text("name"), text("subject"), value.get("version").and_then(Value::as_i64)) {
            (Some(name), Some(subject), Some(version)) => {
                Ok(Self { name: name.to_owned(), subject: subject.to_owned(), version })
            }
            _ => Err(Refusal::invalid_schema(format!("Invalid reference: {value}"))),
        }
    }

    pub(crate) fn told(&self) -> Value {
        json!({"name": self.name, "subject": self.subject, "version": self.version})
    }
}

fn of_kind<'a, T>(
    body: &'a Map<String, Value>,
    key: &str,
    kind: &str,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Result<Option<T>> {
    let Some(value) = body.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
    let wrong = || Refusal::bad_request(format!("`{key}` was not {kind}"));
    read(value).map(Some).ok_or_else(wrong)
}

/// A schema that was understood.
#[derive(Debug)]
pub(crate) struct Understood {
    /// As a registry writes it.
    pub(crate) text: String,
    pub(crate) source: Arc<SchemaSource>,
    pub(crate) references: Vec<Ref>,
    pub(crate) metadata: Option<Value>,
    pub(crate) rule_set: Option<Value>,
    pub(crate) schema: Schema,
    /// The same for the same text, references, metadata and rules, in every registry.
    pub(crate) guid: Uuid,
}

impl Understood {
    /// Parses a schema whose references were resolved. `normalize` chooses the text that is the same for all schemas
    /// that differ in nothing that matters.
    pub(crate) fn parse(asked: &Asked, source: SchemaSource, normalize: bool) -> Result<Self> {
        let schema = Schema::parse(&source).map_err(|fault| {
            let kind = source.schema_type.name();
            Refusal::invalid_schema(format!("Invalid schema of type {kind}, details: {fault}"))
        })?;
        let written = match source.schema_type {
            SchemaType::Avro | SchemaType::Json if normalize => schema.canonical(),
            SchemaType::Avro | SchemaType::Json | SchemaType::Protobuf => written(&source),
        };
        // What the text of a .proto file is, only its parsed form says: blanks and comments make no other schema.
        let identity = match source.schema_type {
            SchemaType::Protobuf => schema.canonical(),
            SchemaType::Avro | SchemaType::Json => written.clone(),
        };
        let (metadata, rule_set) = (asked.metadata.clone(), asked.rule_set.clone());
        let guid = guid(&identity, &asked.references, metadata.as_ref(), rule_set.as_ref());
        Ok(Self {
            text: written,
            source: Arc::new(source),
            references: asked.references.clone(),
            metadata,
            rule_set,
            schema,
            guid,
        })
    }

    pub(crate) fn schema_type(&self) -> SchemaType {
        self.source.schema_type
    }

    /// Whether a client that asks for this schema means the other one: it is the same, or has all references written
    /// out, or lacks the version in the metadata.
    pub(crate) fn means(&self, other: &Self) -> bool {
        if self.guid == other.guid {
            return true;
        }
        self.schema_type() == other.schema_type()
            && self.rule_set == other.rule_set
            && same_metadata(self.metadata.as_ref(), other.metadata.as_ref())
            && if self.references == other.references {
                self.text == other.text
            } else {
                let written_out =
                    || (other.schema_type() == SchemaType::Avro).then(|| avro_text::resolved(&other.source));
                self.references.is_empty() && written_out().flatten().is_some_and(|text| text == self.text)
            }
    }

    /// Returns the schema in a format that a client asks for; an unknown format is the usual one.
    pub(crate) fn formatted(&self, format: &str) -> String {
        let special = match (self.schema_type(), format) {
            (SchemaType::Avro, "resolved") => avro_text::resolved(&self.source),
            // The canonical text of a .proto file is a descriptor in base64.
            (SchemaType::Protobuf, "serialized") => Some(self.schema.canonical()),
            _ => None,
        };
        special.unwrap_or_else(|| self.text.clone())
    }

    /// Returns what answers tell of a schema wherever it stands.
    pub(crate) fn told(&self, format: &str) -> Map<String, Value> {
        let mut told = Map::new();
        told.insert("schema".to_owned(), self.formatted(format).into());
        told.insert("schemaType".to_owned(), self.schema_type().name().into());
        told.insert("guid".to_owned(), self.guid.to_string().into());
        if !self.references.is_empty() {
            told.insert("references".to_owned(), self.references.iter().map(Ref::told).collect());
        }
        if let Some(metadata) = &self.metadata {
            told.insert("metadata".to_owned(), metadata.clone());
        }
        if let Some(rules) = &self.rule_set {
            told.insert("ruleSet".to_owned(), rules.clone());
        }
        told
    }
}

fn written(source: &SchemaSource) -> String {
    let written = match source.schema_type {
        SchemaType::Avro => avro_text::written(&source.text),
        SchemaType::Json => Node::read(&source.text).map(|json| json.to_string()),
        SchemaType::Protobuf => None,
    };
    written.unwrap_or_else(|| source.text.clone())
}

/// Returns the version that the metadata pin, if they do.
fn pinned(metadata: Option<&Value>) -> Option<&Value> {
    metadata?.get("properties")?.get(VERSION_PROPERTY)
}

/// Compares metadata; a version that is pinned in one of them alone makes no difference.
fn same_metadata(one: Option<&Value>, other: Option<&Value>) -> bool {
    if pinned(one).is_some() && pinned(other).is_some() {
        return one == other;
    }
    let unpinned = |metadata: Option<&Value>| {
        let mut metadata = metadata.cloned().unwrap_or_else(|| json!({}));
        let properties = metadata.get_mut("properties").and_then(Value::as_object_mut);
        let is_empty = properties.is_some_and(|properties| {
            properties.remove(VERSION_PROPERTY);
            properties.is_empty()
        });
        if let (true, Some(metadata)) = (is_empty, metadata.as_object_mut()) {
            metadata.remove("properties");
        }
        metadata
    };
    unpinned(one) == unpinned(other)
}

/// Returns the GUID as registries compute it: the MD5 of the text, the references, the metadata and the rules.
fn guid(text: &str, references: &[Ref], metadata: Option<&Value>, rule_set: Option<&Value>) -> Uuid {
    let mut hash = md5::Context::new();
    hash.consume(text);
    for reference in references {
        hash.consume(&reference.name);
        hash.consume(&reference.subject);
        hash.consume(i32::try_from(reference.version).unwrap_or(-1).to_be_bytes());
    }
    if let Some(metadata) = metadata {
        hash.consume([1]);
        for key in ["tags", "properties", "sensitive"] {
            consume(&mut hash, metadata.get(key));
        }
    }
    if let Some(rules) = rule_set {
        hash.consume([1]);
        let kinds = ["migrationRules", "domainRules", "encodingRules"];
        for rule in kinds.iter().filter_map(|kind| rules.get(kind)?.as_array()).flatten() {
            let parts =
                ["name", "doc", "kind", "mode", "type", "tags", "params", "expr", "onSuccess", "onFailure"];
            for part in parts {
                consume(&mut hash, rule.get(part));
            }
            if rule.get("disabled") == Some(&Value::Bool(true)) {
                hash.consume([1]);
            }
        }
        consume(&mut hash, rules.get("enableAt"));
    }
    Uuid::from_bytes(hash.finalize().0)
}

/// Takes in texts and what holds texts; objects in the order of their keys.
fn consume(hash: &mut md5::Context, value: Option<&Value>) {
    match value {
        Some(Value::String(text)) => hash.consume(text),
        Some(Value::Array(items)) => items.iter().for_each(|item| consume(hash, Some(item))),
        Some(Value::Object(entries)) => {
            for (key, value) in entries {
                hash.consume(key);
                consume(hash, Some(value));
            }
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => {}
    }
}
