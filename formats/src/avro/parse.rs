//! A schema's text as a [`Graph`].
//!
//! What makes a schema unreadable is a fault. What a registry refuses in a new schema, while every client goes on
//! reading old ones that have it (a name outside of the specification's letters, a default that does not fit its
//! field), is kept as a lapse.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::defaults;
use super::logical::Logical;
use super::model::{Default, Enum, Field, Graph, Id, Kind, Name, Record};
use super::wire;
use crate::fault::{Fault, FaultKind, Faulty, plain, shown};
use crate::source::{SchemaSource, SchemaType};
use crate::suggest::closest;

/// The longest text of a schema, in bytes.
const LONGEST: usize = 1 << 20;
/// How deep types may be nested in each other as they are written.
const DEEPEST: usize = 64;
/// How many schemas may be parsed for one, with all that it refers to.
const REFERENCES: usize = 1000;

const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];
/// What a type's object holds beside properties.
const RESERVED: [&str; 11] = [
    "type",
    "name",
    "namespace",
    "doc",
    "aliases",
    "fields",
    "symbols",
    "size",
    "items",
    "values",
    "default",
];
const FIELD_RESERVED: [&str; 6] = ["type", "name", "doc", "aliases", "default", "order"];

/// Parses a schema with everything that it refers to.
pub(super) fn parse(source: &SchemaSource) -> Faulty<(Graph, Vec<Fault>)> {
    let mut parser = Parser::default();
    let mut met = HashSet::new();
    parser.references(source, &mut met, 0)?;
    parser.graph.own = parser.graph.nodes.len();
    parser.lapses.clear();
    parser.graph.root = parser.text(&source.text)?;
    parser.costs();
    parser.defaults()?;
    Ok((parser.graph, parser.lapses))
}

#[derive(std::default::Default)]
struct Parser {
    graph: Graph,
    /// Records, enums and fixed by their full names.
    names: HashMap<String, Id>,
    lapses: Vec<Fault>,
    /// The namespace around what is parsed.
    namespace: String,
    depth: usize,
}

fn fault(message: impl Into<String>) -> Box<Fault> {
    Box::new(Fault::new(FaultKind::Schema, message))
}

impl Parser {
    fn references(&mut self, source: &SchemaSource, met: &mut HashSet<String>, depth: usize) -> Faulty<()> {
        if source.schema_type != SchemaType::Avro {
            return Err(fault(format!("a schema of type {} was not Avro", source.schema_type.name())));
        }
        for reference in &source.references {
            if depth >= DEEPEST || met.len() >= REFERENCES {
                return Err(fault(format!(
                    "more than {REFERENCES} schemas, or {DEEPEST} in a row, were referred to"
                )));
            }
            if !met.insert(reference.name.clone()) {
                continue;
            }
            let within = |mut fault: Box<Fault>| {
                fault.message = format!("in the reference `{}`: {}", plain(&reference.name), fault.message);
                fault
            };
            self.references(&reference.source, met, depth + 1)?;
            self.text(&reference.source.text).map_err(within)?;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Faulty<Id> {
        if text.len() > LONGEST {
            return Err(fault(format!("the schema was longer than {LONGEST} bytes")));
        }
        let json: Value =
            serde_json::from_str(text).map_err(|error| fault(format!("the schema was not JSON: {error}")))?;
        self.namespace.clear();
        self.node(&json)
    }

    fn node(&mut self, json: &Value) -> Faulty<Id> {
        if self.depth >= DEEPEST {
            return Err(fault(format!("types were nested more than {DEEPEST} deep")));
        }
        self.depth += 1;
        let node = match json {
            Value::String(name) => self.named(name),
            Value::Array(branches) => self.union(branches),
            Value::Object(object) => self.object(object),
            other => Err(fault(format!("a type was expected, not `{}`", shown(other)))),
        };
        self.depth -= 1;
        node
    }

    /// Returns a primitive type, or one that was given its name before.
    fn named(&mut self, name: &str) -> Faulty<Id> {
        if let Some(kind) = primitive(name) {
            return Ok(self.graph.add(kind));
        }
        let full = self.full(name);
        if let Some(id) = self.names.get(&full).or_else(|| self.names.get(name)) {
            return Ok(*id);
        }
        let known = PRIMITIVES.into_iter().chain(self.names.keys().map(String::as_str));
        let near = closest(name, known).map(|near| format!("did you mean `{near}`?"));
        let mut unknown = fault(format!("no type is called `{}`", plain(name)));
        unknown.hint =
            near.or_else(|| Some("a type is named before it is used, or in a reference".to_owned()));
        Err(unknown)
    }

    fn full(&self, name: &str) -> String {
        match name.strip_prefix('.') {
            Some(name) => name.to_owned(),
            None if name.contains('.') || self.namespace.is_empty() => name.to_owned(),
            None => format!("{}.{name}", self.namespace),
        }
    }

    fn union(&mut self, branches: &[Value]) -> Faulty<Id> {
        let mut ids = Vec::with_capacity(branches.len());
        let mut names = HashSet::new();
        for (place, json) in branches.iter().enumerate() {
            let id = self.node(json).map_err(|fault| fault.within(place))?;
            let node = &self.graph.nodes[id];
            if matches!(node.kind, Kind::Union(_)) {
                return Err(fault("a union stood in a union").within(place));
            }
            if !names.insert(node.branch().to_owned()) {
                return Err(fault(format!("the union had `{}` twice", plain(node.branch()))).within(place));
            }
            ids.push(id);
        }
        Ok(self.graph.add(Kind::Union(ids.into())))
    }

    fn object(&mut self, object: &Map<String, Value>) -> Faulty<Id> {
        let word = match object.get("type") {
            Some(Value::String(word)) => word.as_str(),
            Some(nested @ (Value::Object(_) | Value::Array(_))) => {
                return self.node(nested).map_err(|fault| fault.within("type"));
            }
            Some(other) => {
                return Err(fault(format!("a type was expected, not `{}`", shown(other))).within("type"));
            }
            None => return Err(fault("a type had no `type`")),
        };
        let id = match word {
            "record" | "error" | "enum" | "fixed" => self.declared(word, object)?,
            "array" | "map" => {
                let key = if word == "array" { "items" } else { "values" };
                let inner = object.get(key).ok_or_else(|| fault(format!("{word} had no `{key}`")))?;
                let inner = self.node(inner).map_err(|fault| fault.within(key))?;
                let array = Kind::Array { items: inner, free: 0 };
                self.graph.add(if word == "array" { array } else { Kind::Map(inner) })
            }
            other => match primitive(other) {
                Some(kind) => self.graph.add(kind),
                None => return self.named(other).map_err(|fault| fault.within("type")),
            },
        };
        let node = &mut self.graph.nodes[id];
        let reserved = |key: &str| match node.kind {
            Kind::Enum(_) => RESERVED.contains(&key),
            _ => key != "default" && RESERVED.contains(&key),
        };
        node.properties = without(object, reserved);
        node.doc = object.get("doc").and_then(Value::as_str).map(str::to_owned);
        node.logical = Logical::of(&node.kind, &node.properties);
        Ok(id)
    }

    /// Parses a type with a name. The name is known before what it holds, so that it can hold itself.
    fn declared(&mut self, word: &str, object: &Map<String, Value>) -> Faulty<Id> {
        let written = text_of(object, "name")?.ok_or_else(|| fault(format!("{word} had no `name`")))?;
        let outer = self.namespace.clone();
        if !written.contains('.')
            && let Some(namespace) = text_of(object, "namespace")?
        {
            namespace.clone_into(&mut self.namespace);
        }
        let full = self.full(written);
        full.rsplit_once('.').map_or("", |(namespace, _)| namespace).clone_into(&mut self.namespace);
        self.check(&full);
        if primitive(&full).is_some() {
            return Err(fault(format!("{word} was called `{full}`, as a type of Avro is")));
        }
        let aliases = self.aliases(object)?.iter().map(|alias| self.full(alias)).collect();
        let name = Name { full: full.clone(), aliases };
        let id = self.graph.add(Kind::Record(Record { name: name.clone(), fields: Vec::new() }));
        if self.names.insert(full.clone(), id).is_some() {
            return Err(fault(format!("`{}` was defined twice", plain(&full))));
        }
        self.graph.nodes[id].kind = match word {
            "fixed" => Kind::Fixed(name, size(object)?),
            "enum" => Kind::Enum(self.symbols(name, object)?),
            _ => Kind::Record(self.record(name, object)?),
        };
        self.namespace = outer;
        Ok(id)
    }

    fn symbols(&mut self, name: Name, object: &Map<String, Value>) -> Faulty<Enum> {
        let listed = object.get("symbols").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| fault(format!("enum `{}` had no list of `symbols`", name.full)))?;
        let mut symbols: Vec<String> = Vec::with_capacity(listed.len());
        let mut seen = HashSet::new();
        for symbol in listed {
            let symbol = symbol.as_str().ok_or_else(|| {
                fault(format!("a symbol of `{}` was no text: `{}`", name.full, shown(symbol)))
            })?;
            if !seen.insert(symbol) {
                return Err(fault(format!("enum `{}` had the symbol `{}` twice", name.full, plain(symbol))));
            }
            self.check(symbol);
            symbols.push(symbol.to_owned());
        }
        let default = match text_of(object, "default")? {
            None => None,
            Some(default) => {
                let place = symbols.iter().position(|symbol| symbol == default);
                Some(place.ok_or_else(|| {
                    fault(format!(
                        "the default `{}` of `{}` was none of its symbols",
                        plain(default),
                        name.full
                    ))
                })?)
            }
        };
        Ok(Enum { name, symbols: symbols.into(), default })
    }

    fn record(&mut self, name: Name, object: &Map<String, Value>) -> Faulty<Record> {
        let listed = object.get("fields").and_then(Value::as_array);
        let listed =
            listed.ok_or_else(|| fault(format!("record `{}` had no list of `fields`", name.full)))?;
        let mut fields = Vec::with_capacity(listed.len());
        let mut seen = HashSet::new();
        for (place, json) in listed.iter().enumerate() {
            let field = self.field(json).map_err(|fault| fault.within(place).within("fields"))?;
            if !seen.insert(field.name.clone()) {
                return Err(fault(format!(
                    "record `{}` had the field `{}` twice",
                    name.full,
                    plain(&field.name)
                )));
            }
            fields.push(field);
        }
        Ok(Record { name, fields })
    }

    fn field(&mut self, json: &Value) -> Faulty<Field> {
        let object =
            json.as_object().ok_or_else(|| fault(format!("a field was no object: `{}`", shown(json))))?;
        let name = text_of(object, "name")?.ok_or_else(|| fault("a field had no `name`"))?;
        self.check(name);
        let of =
            object.get("type").ok_or_else(|| fault(format!("the field `{}` had no `type`", plain(name))))?;
        let node = self.node(of).map_err(|fault| fault.within("type"))?;
        let default = object.get("default").map(|json| Default { json: json.clone(), bytes: None });
        let order = text_of(object, "order")?.unwrap_or("ascending").to_ascii_lowercase();
        if !matches!(&*order, "ascending" | "descending" | "ignore") {
            return Err(fault(format!("the order `{}` was not known", plain(&order))).within("order"));
        }
        Ok(Field {
            name: name.to_owned(),
            node,
            aliases: self.aliases(object)?,
            default,
            order,
            doc: object.get("doc").and_then(Value::as_str).map(str::to_owned),
            properties: without(object, |key| FIELD_RESERVED.contains(&key)),
        })
    }

    fn aliases(&mut self, object: &Map<String, Value>) -> Faulty<Vec<String>> {
        let Some(json) = object.get("aliases") else { return Ok(Vec::new()) };
        let texts =
            json.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        let texts = texts.ok_or_else(|| fault("a list of texts was expected").within("aliases"))?;
        texts.iter().for_each(|alias| self.check(alias));
        Ok(texts.into_iter().map(str::to_owned).collect())
    }

    /// Notes a name that the specification does not allow.
    fn check(&mut self, name: &str) {
        let fits = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        if !name.split('.').all(fits) {
            let message = format!("`{}` was no name: letters, digits and `_`, no digit first", plain(name));
            self.lapses.push(Fault::new(FaultKind::Schema, message));
        }
    }

    /// Notes for each array what items without bytes cost.
    fn costs(&mut self) {
        let mut known = HashMap::new();
        for id in 0..self.graph.nodes.len() {
            let Kind::Array { items, .. } = self.graph.nodes[id].kind else { continue };
            let cost = self.graph.free(items, &mut known, wire::DEEPEST);
            if let Kind::Array { free, .. } = &mut self.graph.nodes[id].kind {
                *free = cost;
            }
        }
    }

    /// Encodes every default.
    fn defaults(&mut self) -> Faulty<()> {
        let mut work = defaults::Work::default();
        for id in 0..self.graph.nodes.len() {
            for place in 0..self.graph.nodes[id].fields().len() {
                let field = &self.graph.nodes[id].fields()[place];
                let Some(default) = &field.default else { continue };
                let mut bytes = Vec::new();
                let done = work.encode(&self.graph, field.node, &default.json, &mut bytes);
                if work.is_exhausted() {
                    return Err(fault("the defaults of the schema were too large"));
                }
                if let Err(fault) = done {
                    let name = &field.name;
                    let message = format!("the default of `{}` did not fit: {}", plain(name), fault.message);
                    if id >= self.graph.own {
                        self.lapses.push(Fault::new(FaultKind::Schema, message).at(fault.path));
                    }
                } else if let Kind::Record(record) = &mut self.graph.nodes[id].kind
                    && let Some(default) = &mut record.fields[place].default
                {
                    default.bytes = Some(bytes.into());
                }
            }
        }
        Ok(())
    }
}

fn primitive(word: &str) -> Option<Kind> {
    Some(match word {
        "null" => Kind::Null,
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bytes" => Kind::Bytes,
        "string" => Kind::String,
        _ => return None,
    })
}

fn size(object: &Map<String, Value>) -> Faulty<usize> {
    let size = object.get("size").ok_or_else(|| fault("fixed had no `size`"))?;
    let number =
        size.as_u64().filter(|size| *size <= i32::MAX as u64).and_then(|size| usize::try_from(size).ok());
    number.ok_or_else(|| fault(format!("a size was expected, not `{}`", shown(size))).within("size"))
}

fn text_of<'j>(object: &'j Map<String, Value>, key: &str) -> Faulty<Option<&'j str>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(fault(format!("a text was expected, not `{}`", shown(other))).within(key)),
    }
}

fn without(object: &Map<String, Value>, reserved: impl Fn(&str) -> bool) -> Map<String, Value> {
    let kept = object.iter().filter(|(key, _)| !reserved(key));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}
