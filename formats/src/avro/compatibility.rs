//! Whether a reader's schema reads everything that a writer's schema wrote.

use std::collections::HashMap;

use super::model::{Enum, Graph, Id, Kind, Node, Record};
use super::resolve::sources;

/// How deep types are compared.
const DEEPEST: usize = 512;
/// How many keys of a place are told.
const SHOWN: usize = 64;

/// How a type reads another one, by what can be seen without looking into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// As what it is.
    Same,
    /// As something wider.
    Widened,
}

/// Returns how a type, that is no union, reads another one; `None` when it does not.
pub(super) fn reads(reader: &Node, writer: &Node) -> Option<How> {
    let same = |fits: bool| fits.then_some(How::Same);
    match (&reader.kind, &writer.kind) {
        (Kind::Fixed(read, size), Kind::Fixed(written, other)) => same(read.reads(written) && size == other),
        (Kind::Enum(read), Kind::Enum(written)) => same(read.name.reads(&written.name)),
        (Kind::Record(read), Kind::Record(written)) => same(read.name.reads(&written.name)),
        (Kind::Long | Kind::Float | Kind::Double, Kind::Int)
        | (Kind::Float | Kind::Double, Kind::Long)
        | (Kind::Double, Kind::Float)
        | (Kind::String, Kind::Bytes)
        | (Kind::Bytes, Kind::String) => Some(How::Widened),
        (read, written) => same(std::mem::discriminant(read) == std::mem::discriminant(written)),
    }
}

/// Compares two schemas, and collects in words what the reader cannot read.
pub(super) struct Checker<'g> {
    reader: &'g Graph,
    writer: &'g Graph,
    /// What is known of a pair; while it is looked at it passes.
    known: HashMap<(Id, Id), bool>,
    path: Vec<String>,
    found: Vec<String>,
}

impl<'g> Checker<'g> {
    pub(super) fn new(reader: &'g Graph, writer: &'g Graph) -> Self {
        Self { reader, writer, known: HashMap::new(), path: Vec::new(), found: Vec::new() }
    }

    /// Returns everything that is wrong, each with the place of the value.
    pub(super) fn problems(mut self) -> Vec<String> {
        self.check(self.reader.root, self.writer.root);
        self.found
    }

    /// Returns whether one type reads another one.
    pub(super) fn check(&mut self, reader: Id, writer: Id) -> bool {
        if let Some(known) = self.known.get(&(reader, writer)) {
            return *known;
        }
        self.known.insert((reader, writer), true);
        let passes = match self.path.len() {
            DEEPEST.. => self.problem("the types were nested too deep to be compared"),
            _ => self.compare(reader, writer),
        };
        self.known.insert((reader, writer), passes);
        passes
    }

    fn inside(&mut self, key: &str, reader: Id, writer: Id) -> bool {
        self.path.push(key.to_owned());
        let passes = self.check(reader, writer);
        self.path.pop();
        passes
    }

    /// Notes a problem.
    fn problem(&mut self, what: &str) -> bool {
        let place = match &*self.path {
            [] => "the value".to_owned(),
            path if path.len() > SHOWN => format!("`/{}/...`", path[..SHOWN].join("/")),
            path => format!("`/{}`", path.join("/")),
        };
        self.found.push(format!("{place}: {what}"));
        false
    }

    fn compare(&mut self, reader_id: Id, writer_id: Id) -> bool {
        let (reader, writer) = (&self.reader.nodes[reader_id], &self.writer.nodes[writer_id]);
        match (&reader.kind, &writer.kind) {
            (_, Kind::Union(branches)) => {
                // Every branch is looked at, so that all problems are told.
                let passed = branches.iter().filter(|branch| self.check(reader_id, **branch)).count();
                passed == branches.len()
            }
            (Kind::Union(branches), _) => self.union(branches, writer_id),
            _ if reads(reader, writer).is_none() => self.misread(reader, writer),
            (Kind::Enum(read), Kind::Enum(written)) => self.symbols(read, written),
            (Kind::Record(read), Kind::Record(written)) => self.record(read, written),
            (Kind::Array { items: read, .. }, Kind::Array { items: written, .. })
            | (Kind::Map(read), Kind::Map(written)) => self.inside("*", *read, *written),
            _ => true,
        }
    }

    fn union(&mut self, branches: &[Id], writer_id: Id) -> bool {
        let writer = &self.writer.nodes[writer_id];
        let start = self.found.len();
        let mut own = Vec::new();
        for branch in branches {
            if self.check(*branch, writer_id) {
                self.found.truncate(start);
                return true;
            }
            let told = self.found.split_off(start);
            // What is wrong within a branch of that type says more than that there is none.
            if reads(&self.reader.nodes[*branch], writer).is_some() && own.is_empty() {
                own = told;
            }
        }
        if own.is_empty() {
            return self.problem(&format!("the reader's union had no branch that reads {writer}"));
        }
        self.found.append(&mut own);
        false
    }

    fn misread(&mut self, reader: &Node, writer: &Node) -> bool {
        let sizes = match (&reader.kind, &writer.kind) {
            (Kind::Fixed(_, read), Kind::Fixed(_, written)) if read != written => {
                format!(" ({written} bytes, and the reader has {read})")
            }
            _ => String::new(),
        };
        self.problem(&format!("the reader had {reader}, which does not read {writer}{sizes}"))
    }

    fn symbols(&mut self, read: &Enum, written: &Enum) -> bool {
        if read.default.is_some() {
            return true;
        }
        let lacking = written.symbols.iter().filter(|symbol| !read.symbols.contains(symbol));
        let lacking: Vec<_> = lacking.map(|symbol| format!("`{symbol}`")).collect();
        if lacking.is_empty() {
            return true;
        }
        let name = &read.name.full;
        self.problem(&format!("the reader's enum `{name}` had no default and lacked {}", lacking.join(", ")))
    }

    fn record(&mut self, read: &Record, written: &Record) -> bool {
        let mut passes = true;
        for (field, source) in read.fields.iter().zip(sources(written, read)) {
            passes &= match source {
                Some(source) => self.inside(&field.name, field.node, written.fields[source].node),
                None if field.default.is_some() => true,
                None => {
                    self.path.push(field.name.clone());
                    self.problem("the reader's field had no default, and the writer had no such field");
                    self.path.pop();
                    false
                }
            };
        }
        passes
    }
}
