//! How a reader's schema sees what a writer's schema wrote (Avro's schema resolution), worked out once for a pair.
//!
//! Unions leave no trace in a value, so that those of a reader vanish from the plan: the branch is chosen here.

use std::collections::HashMap;

use super::compatibility::{Checker, How, reads};
use super::decode::{self, deeper, skip};
use super::logical::Logical;
use super::model::{Enum, Graph, Id, Kind, Record};
use super::sink::Sink;
use super::wire::{Cursor, fault};
use crate::fault::Faulty;

/// How deep a plan is worked out.
const DEEPEST: usize = 512;

#[derive(Debug)]
pub(super) struct Plan {
    steps: Vec<Step>,
    root: usize,
}

#[derive(Debug)]
enum Step {
    /// The bytes are those that the reader's own type has.
    Own(Id),
    LongAsFloat,
    LongAsDouble,
    FloatAsDouble,
    /// The reader's symbol for each of the writer's.
    Enum(Id, Box<[Option<usize>]>),
    Array {
        item: usize,
        free: u32,
    },
    Map(usize),
    /// A step for each branch of the writer.
    Union(Box<[usize]>),
    Record {
        reader: Id,
        fields: Box<[Read]>,
        absent: Box<[usize]>,
    },
    /// The reader cannot; found out when a value is there.
    Never(String),
}

/// What becomes of a field of the writer.
#[derive(Debug)]
enum Read {
    /// A field of the reader, by a step.
    As(usize, usize),
    /// Nothing; its type is the writer's.
    Passed(Id),
}

impl Plan {
    pub(super) fn new(writer: &Graph, reader: &Graph) -> Self {
        let checker = Checker::new(reader, writer);
        let mut planner =
            Planner { writer, reader, checker, steps: Vec::new(), known: HashMap::new(), depth: 0 };
        let root = planner.step(writer.root, reader.root);
        Self { steps: planner.steps, root }
    }

    /// Reads a value into a sink.
    pub(super) fn read<S: Sink>(
        &self,
        writer: &Graph,
        reader: &Graph,
        from: &mut Cursor<'_>,
        sink: &mut S,
    ) -> Faulty<S::Item> {
        Reading { plan: self, writer, reader }.read(self.root, from, sink, 0)
    }
}

struct Planner<'g> {
    writer: &'g Graph,
    reader: &'g Graph,
    checker: Checker<'g>,
    steps: Vec<Step>,
    known: HashMap<(Id, Id), usize>,
    depth: usize,
}

impl Planner<'_> {
    fn step(&mut self, writer: Id, reader: Id) -> usize {
        if let Some(step) = self.known.get(&(writer, reader)) {
            return *step;
        }
        let place = self.steps.len();
        self.steps.push(Step::Never("the types were nested too deep to be resolved".to_owned()));
        if self.depth < DEEPEST {
            self.known.insert((writer, reader), place);
            self.depth += 1;
            self.steps[place] = self.plan(writer, reader);
            self.depth -= 1;
        }
        place
    }

    fn plan(&mut self, writer_id: Id, reader_id: Id) -> Step {
        let (writer, reader) = (&self.writer.nodes[writer_id], &self.reader.nodes[reader_id]);
        if let Kind::Union(branches) = &writer.kind {
            return Step::Union(branches.iter().map(|branch| self.step(*branch, reader_id)).collect());
        }
        if let Kind::Union(branches) = &reader.kind {
            return match self.branch(writer_id, branches) {
                Some(branch) => self.plan(writer_id, branch),
                None => {
                    Step::Never(format!("{writer} was written, which no branch of the reader's union reads"))
                }
            };
        }
        let scale = |logical| match logical {
            Some(Logical::Decimal { scale, .. }) => Some(scale),
            _ => None,
        };
        let scales = (scale(writer.logical), scale(reader.logical));
        if reads(reader, writer).is_none() || matches!(scales, (Some(one), Some(other)) if one != other) {
            return Step::Never(format!("{writer} was written, which {reader} does not read"));
        }
        match (&writer.kind, &reader.kind) {
            (Kind::Int | Kind::Long, Kind::Float) => Step::LongAsFloat,
            (Kind::Int | Kind::Long, Kind::Double) => Step::LongAsDouble,
            (Kind::Float, Kind::Double) => Step::FloatAsDouble,
            (Kind::Enum(written), Kind::Enum(read)) => Step::Enum(reader_id, symbols(written, read)),
            (Kind::Array { items, free }, Kind::Array { items: read, .. }) => {
                Step::Array { item: self.step(*items, *read), free: *free }
            }
            (Kind::Map(written), Kind::Map(read)) => Step::Map(self.step(*written, *read)),
            (Kind::Record(written), Kind::Record(read)) => self.record(written, read, reader_id),
            _ => Step::Own(reader_id),
        }
    }

    /// Chooses the branch of a reader's union: one that reads everything before one that may fail, the same type
    /// before a wider one, the same full name before the same simple one.
    fn branch(&mut self, writer_id: Id, branches: &[Id]) -> Option<Id> {
        let writer = &self.writer.nodes[writer_id];
        let mut best = None;
        for branch in branches {
            let reader = &self.reader.nodes[*branch];
            let Some(how) = reads(reader, writer) else { continue };
            let is_widened = how == How::Widened;
            let rank =
                (!self.checker.check(*branch, writer_id), is_widened, reader.branch() != writer.branch());
            if best.is_none_or(|(known, _)| rank < known) {
                best = Some((rank, *branch));
            }
        }
        best.map(|(_, branch)| branch)
    }

    fn record(&mut self, written: &Record, read: &Record, reader: Id) -> Step {
        let sources = sources(written, read);
        let target = |place| sources.iter().position(|source| *source == Some(place));
        let fields = written.fields.iter().enumerate().map(|(place, field)| match target(place) {
            Some(to) => Read::As(to, self.step(field.node, read.fields[to].node)),
            None => Read::Passed(field.node),
        });
        let fields = fields.collect();
        let absent: Box<[usize]> = (0..sources.len()).filter(|place| sources[*place].is_none()).collect();
        for place in &absent {
            let field = &read.fields[*place];
            if field.default.as_ref().is_none_or(|default| default.bytes.is_none()) {
                let name = &field.name;
                return Step::Never(format!(
                    "the reader's field `{name}` was not written, and has no default that fits its type"
                ));
            }
        }
        Step::Record { reader, fields, absent }
    }
}

/// Returns for each field of a reader the place of the writer's field that it is read from: the one with its name,
/// or else with one of its aliases.
pub(super) fn sources(written: &Record, read: &Record) -> Vec<Option<usize>> {
    let place = |name: &String| written.fields.iter().position(|field| field.name == *name);
    let mut sources: Vec<_> = read.fields.iter().map(|field| place(&field.name)).collect();
    for (at, field) in read.fields.iter().enumerate() {
        if sources[at].is_none() {
            let mut renamed = field.aliases.iter().filter_map(place);
            sources[at] = renamed.find(|place| !sources.contains(&Some(*place)));
        }
    }
    sources
}

fn symbols(written: &Enum, read: &Enum) -> Box<[Option<usize>]> {
    let place = |symbol| read.symbols.iter().position(|known| known == symbol).or(read.default);
    written.symbols.iter().map(place).collect()
}

struct Reading<'p> {
    plan: &'p Plan,
    writer: &'p Graph,
    reader: &'p Graph,
}

impl Reading<'_> {
    fn read<S: Sink>(&self, step: usize, from: &mut Cursor<'_>, sink: &mut S, depth: u32) -> Faulty<S::Item> {
        #[expect(clippy::cast_precision_loss, reason = "the promotion of Avro is to the nearest number")]
        Ok(match &self.plan.steps[step] {
            Step::Own(id) => decode::read(self.reader, *id, from, sink, depth)?,
            Step::LongAsFloat => sink.float(from.long()? as f32),
            Step::LongAsDouble => sink.double(from.long()? as f64),
            Step::FloatAsDouble => sink.double(f32::from_le_bytes(from.array()?).into()),
            Step::Enum(id, symbols) => {
                let place = from.index(symbols.len(), "symbol")?;
                let Kind::Enum(one) = &self.reader.nodes[*id].kind else {
                    return Err(fault("the reader has no enum there"));
                };
                match symbols[place] {
                    Some(place) => sink.text(&one.symbols[place]),
                    None => {
                        let message =
                            format!("the symbol {place} was written, which `{}` lacks", one.name.full);
                        return Err(fault(message));
                    }
                }
            }
            Step::Array { item, free } => {
                decode::list(from, sink, *free, deeper(depth)?, |from, sink, depth| {
                    self.read(*item, from, sink, depth)
                })?
            }
            Step::Map(item) => decode::map(from, sink, deeper(depth)?, |from, sink, depth| {
                self.read(*item, from, sink, depth)
            })?,
            Step::Union(branches) => {
                let branch = branches[from.index(branches.len(), "branch")?];
                self.read(branch, from, sink, deeper(depth)?)?
            }
            Step::Record { reader, fields, absent } => {
                let depth = deeper(depth)?;
                let read = self.reader.nodes[*reader].fields();
                let mut object = sink.object(read.len());
                for field in fields {
                    match field {
                        Read::Passed(id) => skip(self.writer, *id, from, depth)?,
                        Read::As(to, step) => {
                            let name = &read[*to].name;
                            sink.entry(&mut object, name, |sink| {
                                self.read(*step, from, sink, depth).map_err(|fault| fault.within(name))
                            })?;
                        }
                    }
                }
                for field in absent.iter().map(|place| &read[*place]) {
                    let bytes = field.default.as_ref().and_then(|default| default.bytes.as_deref());
                    let mut from = Cursor::new(bytes.unwrap_or_default());
                    sink.entry(&mut object, &field.name, |sink| {
                        decode::read(self.reader, field.node, &mut from, sink, depth)
                    })?;
                }
                sink.close(object)
            }
            Step::Never(why) => return Err(fault(why.clone())),
        })
    }
}
