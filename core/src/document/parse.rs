//! Text to tree, within limits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::Value;

use super::node::{Content, Entry, Node, Origin, Path, Place, means_null, safe_key};
use super::problems::Problems;

/// The most that a document may weigh.
const MAX_BYTES: usize = 1024 * 1024;
/// The most that objects and lists may nest.
const MAX_DEPTH: usize = 64;
/// The most that aliases may add: text, and 32 bytes for each node.
const MAX_ALIASED: usize = 1024 * 1024;
/// The most that values with an anchor may weigh together, so that nesting them costs no time.
const MAX_ANCHORED: usize = 8 * MAX_ALIASED;
/// After so many problems of form the rest is left out.
const MAX_PROBLEMS: usize = 100;

/// The document cannot be read any further; the problem is noted.
struct Stop;

/// Returns the tree of a YAML or JSON document, or `None` with at least one problem noted.
/// A document may have problems and a tree, so that the tree's own problems are told as well.
pub(crate) fn parse(text: &str, origin: Option<&Arc<Origin>>, problems: &mut Problems) -> Option<Node> {
    let start = Place { line: 1, column: 1, path: Path::default(), origin: origin.cloned() };
    if text.len() > MAX_BYTES {
        problems.add(&start, format!("document had {} bytes, more than {MAX_BYTES}", text.len()));
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder {
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        aliased: 0,
        anchored: 0,
        origin,
        problems: &mut *problems,
    };
    match builder.document() {
        Ok(Some(node)) => Some(node),
        Ok(None) => {
            problems.add(&start, "document was empty");
            None
        }
        Err(Stop) => None,
    }
}

struct Builder<'a> {
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Anchored>,
    aliased: usize,
    anchored: usize,
    origin: Option<&'a Arc<Origin>>,
    problems: &'a mut Problems,
}

#[derive(Clone)]
struct Anchored {
    node: Node,
    weight: usize,
    height: usize,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        let mut documents = 0;
        loop {
            let Some((event, span)) = self.next()? else { return Ok(root) };
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let place = self.place(&span, &Path::default());
                        self.problems.add(&place, "text held more than one document").hint("remove `---`");
                        return Err(Stop);
                    }
                }
                Event::StreamStart | Event::DocumentEnd | Event::StreamEnd => {}
                event => {
                    let node = self.node(event, &span, 1, Path::default())?;
                    root = (!node.is_null()).then_some(node);
                }
            }
        }
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Stop> {
        match self.events.next() {
            None => Ok(None),
            Some(Ok(pair)) => Ok(Some(pair)),
            Some(Err(error)) => Err(self.scan_error(&error)),
        }
    }

    fn scan_error(&mut self, error: &ScanError) -> Stop {
        let marker = error.marker();
        let place = self.at(marker.line(), marker.col() + 1, Path::default());
        self.problems.add(&place, format!("document did not parse: {}", error.info()));
        Stop
    }

    fn at(&self, line: usize, column: usize, path: Path) -> Place {
        Place { line, column, path, origin: self.origin.cloned() }
    }

    fn place(&self, span: &Span, path: &Path) -> Place {
        self.at(span.start.line(), span.start.col() + 1, path.clone())
    }

    fn stop(&mut self, place: &Place, message: impl Into<String>) -> Stop {
        self.problems.add(place, message);
        Stop
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize, path: Path) -> Result<Node, Stop> {
        let place = self.place(span, &path);
        if depth > MAX_DEPTH {
            return Err(self.stop(&place, format!("document nested deeper than {MAX_DEPTH} levels")));
        }
        if self.problems.len() > MAX_PROBLEMS {
            return Err(Stop);
        }
        let (node, anchor) = match event {
            Event::Alias(id) => return self.alias(id, place, depth),
            Event::Scalar(text, style, anchor, tag) => {
                let as_text = self.check_tag(tag.as_deref(), span, &path);
                let plain = style == ScalarStyle::Plain && !as_text;
                (Node::scalar(text.into_owned(), plain, place), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span, &path);
                let items = self.items(depth, &path)?;
                (Node { place, content: Content::List(items) }, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span, &path);
                let entries = self.entries(depth, &path)?;
                (Node { place, content: Content::Object(entries) }, anchor)
            }
            _ => return Err(self.stop(&place, "document held something unexpected")),
        };
        if anchor > 0 {
            let weight = weight(&node);
            self.anchored += weight;
            if self.anchored > MAX_ANCHORED {
                return Err(self.stop(&node.place, format!("anchors held more than {MAX_ANCHORED} bytes")));
            }
            let anchored = Anchored { weight, height: height(&node), node: node.clone() };
            self.anchors.insert(anchor, anchored);
        }
        Ok(node)
    }

    fn items(&mut self, depth: usize, path: &Path) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                None => return Err(Stop),
                Some((Event::SequenceEnd, _)) => return Ok(items),
                Some((event, span)) => {
                    let below = path.index(items.len());
                    items.push(self.node(event, &span, depth + 1, below)?);
                }
            }
        }
    }

    fn entries(&mut self, depth: usize, path: &Path) -> Result<Vec<Entry>, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (event, span) = match self.next()? {
                None => return Err(Stop),
                Some((Event::MappingEnd, _)) => break,
                Some(pair) => pair,
            };
            let key_node = self.node(event, &span, depth + 1, path.clone())?;
            let (key, merges) = match &key_node.content {
                Content::Scalar { text, plain, .. } => {
                    (Arc::<str>::from(text.as_str()), *plain && text == "<<")
                }
                _ => return Err(self.stop(&key_node.place, "a key was no text")),
            };
            let below = path.key(&key);
            let Some((event, span)) = self.next()? else { return Err(Stop) };
            let value = self.node(event, &span, depth + 1, below.clone())?;
            let key_place = Place { path: below, ..key_node.place };
            if merges {
                self.merge(value, path, &key_place, &mut merged);
            } else if seen.insert(key.clone()) {
                entries.push(Entry { key, key_place, value });
            } else {
                self.problems.add(&key_place, format!("key `{}` was there twice", safe_key(&key)));
            }
        }
        for entry in merged {
            if seen.insert(entry.key.clone()) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// The merge key of YAML 1.1, `<<: *defaults`: what is written beside it wins.
    fn merge(&mut self, value: Node, path: &Path, place: &Place, merged: &mut Vec<Entry>) {
        match value.content {
            Content::Object(entries) => {
                for mut entry in entries {
                    let below = path.key(&entry.key);
                    entry.key_place.path = below.clone();
                    entry.value.move_to(below);
                    merged.push(entry);
                }
            }
            Content::List(items) => items.into_iter().for_each(|item| self.merge(item, path, place, merged)),
            Content::Scalar { .. } => {
                self.problems.add(place, "`<<` merged something that is no object");
            }
        }
    }

    fn alias(&mut self, id: usize, place: Place, depth: usize) -> Result<Node, Stop> {
        let Some(anchored) = self.anchors.get(&id) else {
            return Err(self.stop(&place, "alias referred to a value that holds it"));
        };
        self.aliased += anchored.weight;
        if self.aliased > MAX_ALIASED {
            let message = format!("aliases expanded to more than {MAX_ALIASED} bytes");
            return Err(self.stop(&place, message));
        }
        if depth + anchored.height - 1 > MAX_DEPTH {
            return Err(self.stop(&place, format!("document nested deeper than {MAX_DEPTH} levels")));
        }
        let mut node = anchored.node.clone();
        node.move_to(place.path);
        Ok(node)
    }

    /// Notes a tag that is not of the core schema; returns whether the tag makes the value text.
    fn check_tag(&mut self, tag: Option<&Tag>, span: &Span, path: &Path) -> bool {
        let Some(tag) = tag else { return false };
        let core = tag.core_suffix();
        let known = matches!(core, Some("str" | "int" | "float" | "bool" | "null" | "seq" | "map"));
        if !known && tag.original() != "!" {
            let marker = span.tag_start().unwrap_or(span.start);
            let place = self.at(marker.line(), marker.col() + 1, path.clone());
            self.problems.add(&place, "a tag was not allowed").hint("remove the tag, or quote the value");
        }
        core == Some("str") || tag.original() == "!"
    }
}

fn weight(node: &Node) -> usize {
    32 + match &node.content {
        Content::Scalar { text, .. } => text.len(),
        Content::List(items) => items.iter().map(weight).sum(),
        Content::Object(entries) => entries.iter().map(|entry| entry.key.len() + weight(&entry.value)).sum(),
    }
}

fn height(node: &Node) -> usize {
    1 + match &node.content {
        Content::Scalar { .. } => 0,
        Content::List(items) => items.iter().map(height).max().unwrap_or(0),
        Content::Object(entries) => entries.iter().map(|entry| height(&entry.value)).max().unwrap_or(0),
    }
}

/// Returns the tree of a value that was never text: it has paths and no lines.
pub(crate) fn from_json(value: &Value, problems: &mut Problems) -> Option<Node> {
    json_node(value, Path::default(), 1, problems)
}

fn json_node(value: &Value, path: Path, depth: usize, problems: &mut Problems) -> Option<Node> {
    let place = Place { path: path.clone(), ..Place::default() };
    if depth > MAX_DEPTH {
        problems.add(&place, format!("document nested deeper than {MAX_DEPTH} levels"));
        return None;
    }
    let content = match value {
        Value::String(text) => return Some(Node::scalar(text.as_str(), false, place)),
        Value::Null => return Some(Node::scalar("null", true, place)),
        Value::Bool(_) | Value::Number(_) => return Some(Node::scalar(value.to_string(), true, place)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let nodes = items.map(|(index, item)| json_node(item, path.index(index), depth + 1, problems));
            Content::List(nodes.collect::<Option<_>>()?)
        }
        Value::Object(fields) => {
            let entries = fields.iter().map(|(key, value)| {
                let key = Arc::<str>::from(key.as_str());
                let below = path.key(&key);
                let key_place = Place { path: below.clone(), ..Place::default() };
                Some(Entry { key, key_place, value: json_node(value, below, depth + 1, problems)? })
            });
            Content::Object(entries.collect::<Option<_>>()?)
        }
    };
    Some(Node { place, content })
}

/// Returns whether text from outside a document stays text when it stands there plainly.
pub(crate) fn plain_from_outside(text: &str) -> bool {
    !means_null(text)
}
