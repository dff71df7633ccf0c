//! Tables of keys: each key is declared once, for reading, for "did you mean" and for the JSON Schema.

use serde_json::{Map, Value, json};

/// The keys of one kind of object.
#[derive(Debug)]
pub(crate) struct Table {
    /// How messages call the object.
    pub(crate) what: &'static str,
    /// Its keys, in the order of the documentation.
    pub(crate) keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The object is wrong without it.
    pub(crate) required: bool,
    /// Messages may show its value. Everything else stays hidden: an allow-list.
    pub(crate) show: bool,
    /// One sentence for the schema.
    pub(crate) doc: &'static str,
}

impl Key {
    pub(crate) const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, required: false, show: true, doc }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn hidden(mut self) -> Self {
        self.show = false;
        self
    }
}

/// What may stand under a key.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Text that is not empty; an unquoted number or boolean is taken by its source.
    Text,
    /// Text with a pattern, which the reader checks by its own means.
    Pattern(&'static str),
    /// An integer from here to there.
    Integer(i64, i64),
    /// A number.
    Number,
    /// true or false.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words in any case.
    AnyCase(&'static [&'static str]),
    /// A duration, as `3s`.
    Duration,
    /// An object with these keys.
    Object(&'static Table),
    /// An object with free keys and values.
    Free,
    /// An object with free keys and values of one kind.
    MapOf(&'static Kind),
    /// A list of objects with these keys.
    ListOf(&'static Kind),
    /// Any of these.
    AnyOf(&'static [Kind]),
}

impl Table {
    /// Returns a key by its name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    fn schema(&self, references: bool) -> Value {
        let properties: Map<String, Value> = self
            .keys
            .iter()
            .map(|key| {
                let mut schema = key.kind.schema(references);
                schema["description"] = Value::from(key.doc);
                (key.name.to_owned(), schema)
            })
            .collect();
        let required: Vec<&str> = self.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let mut schema = json!({
            "type": "object",
            "properties": properties,
            "patternProperties": {"^x-": {}},
            "additionalProperties": false,
        });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    }
}

impl Kind {
    /// Returns the schema; with `references` a scalar may be `${env:NAME}` or `${file:path}` as well.
    pub(crate) fn schema(&self, references: bool) -> Value {
        let scalar = |schema: Value| {
            if references {
                json!({"anyOf": [schema, {"type": "string", "pattern": "\\$\\{(env|file):"}]})
            } else {
                schema
            }
        };
        match self {
            Self::Text => json!({"type": ["string", "number", "boolean"]}),
            Self::Pattern(pattern) => scalar(json!({"type": "string", "pattern": pattern})),
            Self::Integer(least, most) => {
                scalar(json!({"type": "integer", "minimum": least, "maximum": most}))
            }
            Self::Number => scalar(json!({"type": "number"})),
            Self::Boolean => scalar(json!({"type": "boolean"})),
            Self::Choice(words) => scalar(json!({"enum": words})),
            Self::AnyCase(words) => {
                scalar(json!({"anyOf": [{"enum": words}, {"type": "string", "pattern": any_case(words)}]}))
            }
            Self::Duration => scalar(json!({
                "type": "string",
                "pattern": "^([0-9]+(\\.[0-9]+)? *[A-Za-z]+|PT[0-9.HMS]+)$",
                "examples": ["3s", "500ms", "2 seconds", "PT5S"],
            })),
            Self::Object(table) => table.schema(references),
            Self::Free => json!({"type": "object"}),
            Self::MapOf(kind) => {
                json!({"type": "object", "additionalProperties": kind.schema(references)})
            }
            Self::ListOf(kind) => json!({"type": "array", "items": kind.schema(references)}),
            Self::AnyOf(kinds) => {
                json!({"anyOf": kinds.iter().map(|kind| kind.schema(references)).collect::<Vec<_>>()})
            }
        }
    }
}

/// JSON Schema patterns have no flag for case.
fn any_case(words: &[&str]) -> String {
    let letter = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' => {
            format!("[{}{}]", letter.to_ascii_uppercase(), letter.to_ascii_lowercase())
        }
        other => other.to_string(),
    };
    let words: Vec<String> = words.iter().map(|word| word.chars().map(letter).collect()).collect();
    format!("^({})$", words.join("|"))
}

/// Returns a whole draft-07 document.
pub(crate) fn schema_document(title: &str, description: &str, schema: Value) -> Value {
    let mut document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "description": description,
    });
    if let (Value::Object(document), Value::Object(schema)) = (&mut document, schema) {
        document.extend(schema);
    }
    document
}
