//! The one text of all schemas that differ in nothing that matters: full names, keys in one order, properties sorted.
//!
//! As `normalize.schemas` of Confluent's registry has it, documentation, defaults, aliases and properties matter;
//! blanks, the order of keys, and the way in which a name or a plain type is written do not. Types that come from
//! references stay names.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::model::{Field, Graph, Id, Kind, Node};

pub(super) fn text(graph: &Graph) -> String {
    let mut writer = Writer { graph, written: HashSet::new(), out: String::new() };
    writer.node(graph.root);
    writer.out
}

struct Writer<'g> {
    graph: &'g Graph,
    /// Types with a name that stand in the text already.
    written: HashSet<Id>,
    out: String,
}

/// Returns a text in quotes.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

impl Writer<'_> {
    fn node(&mut self, id: Id) {
        let node = &self.graph.nodes[id];
        match &node.kind {
            Kind::Union(branches) => self.list(branches, |writer, branch| writer.node(*branch)),
            Kind::Array { items, .. } => self.container("items", *items, node),
            Kind::Map(inner) => self.container("values", *inner, node),
            kind => match kind.name() {
                Some(name) if id < self.graph.own || !self.written.insert(id) => {
                    self.out += &quoted(&name.full)
                }
                Some(_) => self.declared(node),
                None if node.properties.is_empty() => self.out += &quoted(kind.word()),
                None => {
                    self.out += &format!("{{\"type\":{}", quoted(kind.word()));
                    self.properties(&node.properties);
                    self.out.push('}');
                }
            },
        }
    }

    fn container(&mut self, key: &str, inner: Id, node: &Node) {
        self.out += &format!("{{\"type\":{},{}:", quoted(node.kind.word()), quoted(key));
        self.node(inner);
        self.properties(&node.properties);
        self.out.push('}');
    }

    fn declared(&mut self, node: &Node) {
        let Some(name) = node.kind.name() else { return };
        self.out += &format!("{{\"name\":{},\"type\":{}", quoted(&name.full), quoted(node.kind.word()));
        let mut default = None;
        match &node.kind {
            Kind::Enum(one) => {
                self.out += ",\"symbols\":";
                self.list(&one.symbols, |writer, symbol| writer.out += &quoted(symbol));
                default = one.default.map(|place| &one.symbols[place]);
            }
            Kind::Fixed(_, size) => self.out += &format!(",\"size\":{size}"),
            _ => {
                self.out += ",\"fields\":";
                self.list(node.fields(), Self::field);
            }
        }
        self.about(node.doc.as_deref().filter(|doc| !doc.is_empty()), &name.aliases);
        if let Some(symbol) = default {
            self.out += &format!(",\"default\":{}", quoted(symbol));
        }
        self.properties(&node.properties);
        self.out.push('}');
    }

    fn field(&mut self, field: &Field) {
        self.out += &format!("{{\"name\":{},\"type\":", quoted(&field.name));
        self.node(field.node);
        self.out += &format!(",\"order\":{}", quoted(&field.order));
        self.about(field.doc.as_deref(), &field.aliases);
        if let Some(default) = &field.default {
            self.out += &format!(",\"default\":{}", default.json);
        }
        self.properties(&field.properties);
        self.out.push('}');
    }

    fn about(&mut self, doc: Option<&str>, aliases: &[String]) {
        if let Some(doc) = doc {
            self.out += &format!(",\"doc\":{}", quoted(doc));
        }
        if !aliases.is_empty() {
            let mut sorted = aliases.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            self.out += ",\"aliases\":";
            self.list(&sorted, |writer, alias| writer.out += &quoted(alias));
        }
    }

    fn properties(&mut self, properties: &Map<String, Value>) {
        for (key, value) in properties {
            self.out += &format!(",{}:{value}", quoted(key));
        }
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.out.push('[');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            write(self, item);
        }
        self.out.push(']');
    }
}
