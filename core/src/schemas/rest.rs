//! The REST API of schema registries, call by call.

use serde_json::{Map, Value, json};
use test_probe_formats::framing::SchemaId;
use test_probe_formats::{SchemaSource, SchemaType};

use super::caller::{Call, Caller};
use super::transport::Answer;
use super::url::segment;
use crate::error::Result;
use crate::runtime::Deadline;

/// What a registry says of a schema; what it left out is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) id: Option<u32>,
    pub(super) guid: Option<[u8; 16]>,
    pub(super) version: Option<i32>,
    pub(super) schema_type: SchemaType,
    pub(super) text: String,
    pub(super) references: Vec<Pointer>,
}

/// A reference as registries have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    pub(super) name: String,
    pub(super) subject: String,
    pub(super) version: i32,
}

impl Pointer {
    fn to_json(&self) -> Value {
        json!({ "name": self.name, "subject": self.subject, "version": self.version })
    }
}

/// A schema as it is sent.
pub(super) struct Sent<'a> {
    pub(super) schema_type: SchemaType,
    pub(super) text: &'a str,
    pub(super) references: &'a [Pointer],
}

impl<'a> Sent<'a> {
    pub(super) fn new(source: &'a SchemaSource, references: &'a [Pointer]) -> Self {
        Self { schema_type: source.schema_type, text: &source.text, references }
    }

    fn to_json(&self) -> Value {
        let mut body = Map::from_iter([("schema".to_owned(), self.text.into())]);
        // What is Avro without references says nothing more, for registries that know nothing else.
        if self.schema_type != SchemaType::Avro {
            body.insert("schemaType".to_owned(), self.schema_type.name().into());
        }
        if !self.references.is_empty() {
            body.insert("references".to_owned(), self.references.iter().map(Pointer::to_json).collect());
        }
        Value::Object(body)
    }
}

/// Whether a schema may follow those of its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compatibility {
    /// It may.
    pub is_compatible: bool,
    /// What stands against it, as the registry says it.
    pub messages: Vec<String>,
}

/// What to do when a schema is not there.
pub(super) const REGISTER: &str = "set `auto.register.schemas: true`, or register it";

impl Caller {
    /// Returns a schema by its id or GUID.
    pub(super) async fn by_id(&self, id: SchemaId, by: Deadline) -> Result<Stored> {
        let path = match id {
            SchemaId::Number(number) => format!("/schemas/ids/{number}"),
            SchemaId::Guid(_) => format!("/schemas/guids/{id}"),
        };
        let hint = "was the record written with another registry?";
        self.stored(Call::get(path), &format!("schema `{id}`"), Some(hint), by).await
    }

    /// Returns a version of a subject, the latest when `None`; deleted ones too when they are referred to.
    pub(super) async fn version(
        &self,
        subject: &str,
        version: Option<i32>,
        deleted: bool,
        by: Deadline,
    ) -> Result<Stored> {
        let named = version.map_or_else(|| "latest".to_owned(), |version| version.to_string());
        let query = if deleted { "?deleted=true" } else { "" };
        let path = format!("/subjects/{}/versions/{named}{query}", segment(subject));
        let what = match version {
            Some(version) => format!("version {version} of subject `{subject}`"),
            None => format!("a version of subject `{subject}`"),
        };
        let hint = "look at the name of the subject, or register a schema under it";
        self.stored(Call::get(path), &what, Some(hint), by).await
    }

    /// Returns what a subject says of a schema that it has.
    pub(super) async fn look_up(
        &self,
        subject: &str,
        sent: &Sent<'_>,
        normalize: bool,
        by: Deadline,
    ) -> Result<Stored> {
        let path = format!("/subjects/{}{}", segment(subject), normalized(normalize));
        let what = format!("this schema under subject `{subject}`");
        self.stored(Call::post(path, sent.to_json()), &what, Some(REGISTER), by).await
    }

    /// Registers a schema under a subject. Who has it already answers the same.
    pub(super) async fn register(
        &self,
        subject: &str,
        sent: &Sent<'_>,
        normalize: bool,
        by: Deadline,
    ) -> Result<Stored> {
        let path = format!("/subjects/{}/versions{}", segment(subject), normalized(normalize));
        let what = format!("this schema for subject `{subject}`");
        let body = self.json(Call::post(path, sent.to_json()), &what, None, by).await?;
        let stored = Stored {
            id: id_of(&body),
            guid: guid_of(&body),
            version: version_of(&body),
            schema_type: sent.schema_type,
            text: sent.text.to_owned(),
            references: sent.references.to_vec(),
        };
        if stored.id.is_none() { Err(self.parties.foreign(&what)) } else { Ok(stored) }
    }

    /// Returns the names of all subjects.
    pub(super) async fn subjects(&self, by: Deadline) -> Result<Vec<String>> {
        let body = self.json(Call::get("/subjects"), "the list of subjects", None, by).await?;
        let names = serde_json::from_value(body);
        names.map_err(|_| self.parties.foreign("the list of subjects"))
    }

    /// Returns the versions of a subject.
    pub(super) async fn versions(&self, subject: &str, by: Deadline) -> Result<Vec<i32>> {
        let what = format!("subject `{subject}`");
        let path = format!("/subjects/{}/versions", segment(subject));
        let body = self.json(Call::get(path), &what, None, by).await?;
        serde_json::from_value(body).map_err(|_| self.parties.foreign(&what))
    }

    /// Returns a setting of a subject, or of the registry where the subject has none: `config` or `mode`.
    pub(super) async fn setting(
        &self,
        setting: &str,
        field: &str,
        subject: &str,
        by: Deadline,
    ) -> Result<String> {
        let what = format!("the {setting} of subject `{subject}`");
        let path = format!("/{setting}/{}?defaultToGlobal=true", segment(subject));
        let mut answer = self.call(&Call::get(path), by).await?;
        if answer.status == 404 {
            // Not every registry falls back by itself.
            answer = self.call(&Call::get(format!("/{setting}")), by).await?;
        }
        let body = self.read(&answer, &what, None)?;
        let found = body[field].as_str().map(str::to_owned);
        found.ok_or_else(|| self.parties.foreign(&what))
    }

    /// Returns whether a schema may be registered under a subject, by the subject's own rule.
    pub(super) async fn is_compatible(
        &self,
        subject: &str,
        sent: &Sent<'_>,
        by: Deadline,
    ) -> Result<Compatibility> {
        let what = format!("the compatibility with subject `{subject}`");
        let path = format!("/compatibility/subjects/{}/versions?verbose=true", segment(subject));
        let body = self.json(Call::post(path, sent.to_json()), &what, None, by).await?;
        let is_compatible = body["is_compatible"].as_bool().ok_or_else(|| self.parties.foreign(&what))?;
        let messages = body["messages"].as_array().into_iter().flatten();
        let messages = messages.filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Compatibility { is_compatible, messages })
    }

    async fn stored(&self, call: Call, what: &str, hint: Option<&str>, by: Deadline) -> Result<Stored> {
        let body = self.json(call, what, hint, by).await?;
        stored(&body).ok_or_else(|| self.parties.foreign(what))
    }

    async fn json(&self, call: Call, what: &str, hint: Option<&str>, by: Deadline) -> Result<Value> {
        let answer = self.call(&call, by).await?;
        self.read(&answer, what, hint)
    }

    fn read(&self, answer: &Answer, what: &str, hint: Option<&str>) -> Result<Value> {
        if !(200..=299).contains(&answer.status) {
            return Err(self.parties.refused(answer, what, hint));
        }
        serde_json::from_slice(&answer.body).map_err(|_| self.parties.foreign(what))
    }
}

const fn normalized(normalize: bool) -> &'static str {
    if normalize { "?normalize=true" } else { "" }
}

fn stored(body: &Value) -> Option<Stored> {
    let pointer = |reference: &Value| {
        Some(Pointer {
            name: reference["name"].as_str()?.to_owned(),
            subject: reference["subject"].as_str()?.to_owned(),
            version: i32::try_from(reference["version"].as_i64()?).ok()?,
        })
    };
    let references = body["references"].as_array().map_or(&[][..], Vec::as_slice);
    Some(Stored {
        id: id_of(body),
        guid: guid_of(body),
        version: version_of(body),
        // What says nothing is Avro.
        schema_type: body["schemaType"].as_str().map_or(Some(SchemaType::Avro), SchemaType::of_name)?,
        text: body["schema"].as_str()?.to_owned(),
        references: references.iter().map(pointer).collect::<Option<_>>()?,
    })
}

fn id_of(body: &Value) -> Option<u32> {
    u32::try_from(body["id"].as_u64()?).ok()
}

fn guid_of(body: &Value) -> Option<[u8; 16]> {
    Some(uuid::Uuid::parse_str(body["guid"].as_str()?).ok()?.into_bytes())
}

fn version_of(body: &Value) -> Option<i32> {
    i32::try_from(body["version"].as_i64()?).ok()
}
