//! A schema as the walkers see it: a flat list of nodes that know each other by index, so that a recursive type is
//! a number and no name is looked up while a value is read or written.

use std::collections::HashMap;
use std::fmt;

use serde_json::{Map, Value};

use super::logical::Logical;

/// The place of a node in its [`Graph`].
pub(super) type Id = usize;

/// All nodes of a schema and of what it refers to.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Id,
    /// Nodes before this one come from references.
    pub(super) own: Id,
}

/// One type.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// What its values mean, where the schema says something that fits.
    pub(super) logical: Option<Logical>,
    pub(super) doc: Option<String>,
    /// What else the schema says of it: `logicalType` and what nobody knows.
    pub(super) properties: Map<String, Value>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(Name, usize),
    Enum(Enum),
    Record(Record),
    Array {
        items: Id,
        /// What an item that takes no byte costs of [`super::wire::FREE`]; nothing for all others.
        free: u32,
    },
    Map(Id),
    Union(Box<[Id]>),
}

/// The name of a record, an enum or a fixed.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) full: String,
    /// Full names that it had.
    pub(super) aliases: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: Name,
    pub(super) symbols: Box<[String]>,
    /// What a reader takes for a symbol that it does not know.
    pub(super) default: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) name: Name,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) node: Id,
    pub(super) aliases: Vec<String>,
    pub(super) default: Option<Default>,
    pub(super) order: String,
    pub(super) doc: Option<String>,
    pub(super) properties: Map<String, Value>,
}

/// What a field has when a value or a writer has none.
#[derive(Debug)]
pub(super) struct Default {
    /// As the schema says it.
    pub(super) json: Value,
    /// As it is encoded; `None` when it does not fit the type of its field.
    pub(super) bytes: Option<Box<[u8]>>,
}

impl Graph {
    /// Adds a node.
    pub(super) fn add(&mut self, kind: Kind) -> Id {
        self.nodes.push(Node { kind, logical: None, doc: None, properties: Map::new() });
        self.nodes.len() - 1
    }

    /// Returns what a value of a type that takes no bytes costs, or 0 for a type whose values take at least one.
    pub(super) fn free(&self, id: Id, known: &mut HashMap<Id, u32>, depth: u32) -> u32 {
        if let Some(cost) = known.get(&id) {
            return *cost;
        }
        // Deeper than values can be: taken for free, which only lets arrays of it be shorter.
        if depth == 0 {
            return 1;
        }
        // A record that holds itself without a choice has no values at all.
        known.insert(id, 1);
        let cost = match &self.nodes[id].kind {
            Kind::Null | Kind::Fixed(_, 0) => 1,
            Kind::Record(record) => {
                let mut costs = record.fields.iter().map(|field| self.free(field.node, known, depth - 1));
                let sum = costs.try_fold(1_u32, |sum, cost| (cost > 0).then(|| sum.saturating_add(cost)));
                sum.unwrap_or(0)
            }
            _ => 0,
        };
        known.insert(id, cost);
        cost
    }
}

impl Name {
    /// Returns the name without its namespace.
    pub(super) fn simple(&self) -> &str {
        simple(&self.full)
    }

    /// Returns whether a reader with this name reads what a writer of the other name wrote: namespaces may differ,
    /// and an alias counts.
    pub(super) fn reads(&self, writer: &Self) -> bool {
        self.simple() == writer.simple() || self.aliases.contains(&writer.full)
    }
}

/// Returns a full name without its namespace.
pub(super) fn simple(full: &str) -> &str {
    full.rsplit_once('.').map_or(full, |(_, simple)| simple)
}

impl Kind {
    /// Returns Avro's word for it.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Fixed(..) => "fixed",
            Self::Enum(_) => "enum",
            Self::Record(_) => "record",
            Self::Array { .. } => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
        }
    }

    /// Returns the name of a record, an enum or a fixed.
    pub(super) const fn name(&self) -> Option<&Name> {
        match self {
            Self::Fixed(name, _) => Some(name),
            Self::Enum(one) => Some(&one.name),
            Self::Record(record) => Some(&record.name),
            _ => None,
        }
    }
}

impl Node {
    /// Returns the fields of a record, and none of anything else.
    pub(super) fn fields(&self) -> &[Field] {
        match &self.kind {
            Kind::Record(record) => &record.fields,
            _ => &[],
        }
    }

    /// Returns the name by which a union tells its branches apart.
    pub(super) fn branch(&self) -> &str {
        self.kind.name().map_or(self.kind.word(), |name| &name.full)
    }
}

impl fmt::Display for Node {
    /// Writes what it is, for messages: an int (date), a record `com.shop.Order`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.kind.word();
        f.write_str(match self.kind {
            Kind::Null => "",
            Kind::Int | Kind::Enum(_) | Kind::Array { .. } => "an ",
            Kind::Bytes => "",
            _ => "a ",
        })?;
        f.write_str(word)?;
        if let Some(name) = self.kind.name() {
            write!(f, " `{}`", name.full)?;
        }
        match &self.logical {
            Some(logical) => write!(f, " ({logical})"),
            None => Ok(()),
        }
    }
}
