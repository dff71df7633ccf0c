//! A schema within a document, and what it says.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::JsonSchema;
use super::keywords::has;

/// The longest chain of references.
const LONGEST_CHAIN: usize = 100;

/// The types of JSON. `integer` is no type of its own here but a narrower `number`.
const TYPES: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];

/// Keywords that must be the same on both sides, as they are not judged.
pub(super) const UNJUDGED: [&str; 12] = [
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "propertyNames",
    "dependentSchemas",
    "dependencies",
    "unevaluatedItems",
    "$dynamicRef",
    "$recursiveRef",
];

/// Keywords that are judged here or in [`super::objects`].
const JUDGED: [&str; 31] = [
    "$ref",
    "type",
    "enum",
    "const",
    "maximum",
    "minimum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "multipleOf",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "items",
    "prefixItems",
    "additionalItems",
    "maxProperties",
    "minProperties",
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "required",
    "dependentRequired",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "format",
];

/// A schema within a document.
#[derive(Clone, Copy)]
pub(super) struct Side<'s> {
    whole: &'s JsonSchema,
    /// The document that a `$ref` with nothing before its `#` leads into.
    document: &'s Value,
    /// The schema itself.
    pub(super) schema: &'s Value,
}

impl<'s> Side<'s> {
    pub(super) fn of(whole: &'s JsonSchema) -> Self {
        Self { whole, document: &whole.document, schema: &whole.document }
    }

    /// Returns a schema below this one.
    pub(super) fn at(self, schema: &'s Value) -> Self {
        Self { schema, ..self }
    }

    /// Returns what a keyword says.
    pub(super) fn get(self, keyword: &str) -> Option<&'s Value> {
        self.schema.get(keyword)
    }

    /// Returns the schemas that a keyword has by name.
    pub(super) fn named(self, keyword: &str) -> Option<&'s Map<String, Value>> {
        self.get(keyword).and_then(Value::as_object)
    }

    /// Returns whether the schema accepts everything: it is `true`, or says nothing that is judged.
    pub(super) fn is_open(self) -> bool {
        match self.schema {
            Value::Bool(accepts) => *accepts,
            Value::Object(keywords) => keywords.keys().all(|keyword| is_annotation(keyword)),
            _ => false,
        }
    }

    /// Returns a schema that has more beside its `$ref` as what it means from 2019-09 on: both. Before, a `$ref` is
    /// all that counts.
    pub(super) fn spread(self) -> Option<Value> {
        let draft = self.document.get("$schema").and_then(Value::as_str).unwrap_or_default();
        let both = draft.contains("/2019-09/") || draft.contains("/2020-12/");
        let Value::Object(keywords) = self.schema else { return None };
        let mut beside = keywords.clone();
        let reference = beside.remove("$ref").filter(|_| both)?;
        beside.retain(|keyword, _| !is_annotation(keyword));
        (!beside.is_empty()).then(|| serde_json::json!({"allOf": [{"$ref": reference}, beside]}))
    }

    /// Follows `$ref` to a schema; `None` when it leads nowhere that is known here.
    pub(super) fn follow(mut self) -> Option<Self> {
        for _ in 0..LONGEST_CHAIN {
            let Some(address) = self.get("$ref").and_then(Value::as_str) else { return Some(self) };
            let (document, fragment) = address.split_once('#').unwrap_or((address, ""));
            if !document.is_empty() && self.document.get("$id").and_then(Value::as_str) != Some(document) {
                self.document = self.whole.references.find(document)?;
            }
            self.schema = self.document.pointer(&unescaped(fragment)?)?;
        }
        None
    }

    /// Returns the types that a schema accepts, as it says or as its values are, and whether numbers are integers.
    pub(super) fn types(self) -> (BTreeSet<&'s str>, bool) {
        let named = match self.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => match self.values() {
                Some(values) => values.iter().map(|value| type_of(value)).collect(),
                None => TYPES.to_vec(),
            },
        };
        let is_integer = named.contains(&"integer") && !named.contains(&"number");
        (named.into_iter().map(|name| if name == "integer" { "number" } else { name }).collect(), is_integer)
    }

    /// Returns the values that `enum` and `const` leave.
    pub(super) fn values(self) -> Option<Vec<&'s Value>> {
        let list = self.get("enum").and_then(Value::as_array);
        match self.get("const") {
            Some(value) => {
                Some(Some(value).into_iter().filter(|_| list.is_none_or(|list| has(list, value))).collect())
            }
            None => Some(list?.iter().collect()),
        }
    }
}

/// A fragment is percent-encoded.
fn unescaped(fragment: &str) -> Option<String> {
    if !fragment.contains('%') {
        return Some(fragment.to_owned());
    }
    let mut bytes = Vec::new();
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Returns whether what a schema means depends on others.
pub(super) fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(keywords) => {
            ["$ref", "$dynamicRef", "$recursiveRef"].iter().any(|keyword| keywords.contains_key(*keyword))
                || keywords.values().any(refers)
        }
        Value::Array(schemas) => schemas.iter().any(refers),
        _ => false,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Keywords that accept nothing less.
fn is_annotation(keyword: &str) -> bool {
    !JUDGED.contains(&keyword) && !UNJUDGED.contains(&keyword)
}
