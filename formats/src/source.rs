//! A schema as text, with what it refers to.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The three types of schema that registries know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchemaType {
    /// Avro.
    Avro,
    /// Protobuf.
    Protobuf,
    /// JSON Schema.
    Json,
}

impl SchemaType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Avro, Self::Protobuf, Self::Json];

    /// Returns the registry's name, as `AVRO`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Protobuf => "PROTOBUF",
            Self::Json => "JSON",
        }
    }

    /// Returns the type of a registry's name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// The text of a schema, with the texts that it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaSource {
    /// What it is written in.
    pub schema_type: SchemaType,
    /// The schema: JSON, or a `.proto` file.
    pub text: String,
    /// Everything that it refers to by name, and what that refers to in turn.
    pub references: Vec<Reference>,
}

impl SchemaSource {
    /// Makes one that refers to nothing else.
    #[must_use]
    pub fn new(schema_type: SchemaType, text: impl Into<String>) -> Self {
        Self { schema_type, text: text.into(), references: Vec::new() }
    }
}

/// Another schema that a schema refers to. Where a registry has it makes it no other one.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The name by which it does: the full name of a record, the path of an import, a `$ref`.
    pub name: String,
    /// The schema behind it.
    pub source: Arc<SchemaSource>,
    /// The subject and the version under which a registry has it, where that is known.
    pub at: Option<(String, i32)>,
}

impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.source == other.source
    }
}

impl Eq for Reference {}

impl Hash for Reference {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.source.hash(state);
    }
}
