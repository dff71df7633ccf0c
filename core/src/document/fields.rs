//! An object, read key by key through its table.

use super::keys::{Key, Kind, Table};
use super::node::{Content, Node, safe_key};
use super::problems::{Problems, shown};
use test_probe_formats::closest;

/// An object whose keys are all known.
pub(crate) struct Fields<'a> {
    node: &'a Node,
    table: &'static Table,
}

impl<'a> Fields<'a> {
    /// Checks that the node is an object, that its keys are known and that none is missing.
    pub(crate) fn open(node: &'a Node, table: &'static Table, problems: &mut Problems) -> Option<Self> {
        let Some(entries) = node.entries() else {
            problems.add(&node.place, format!("{} was {}, not an object", table.what, node.kind()));
            return None;
        };
        for entry in entries {
            if entry.key.starts_with("x-") || table.key(&entry.key).is_some() {
                continue;
            }
            let message = format!("unknown key `{}` in {}", safe_key(&entry.key), table.what);
            let problem = problems.add(&entry.key_place, message);
            let names = table.keys.iter().map(|key| key.name);
            match closest(&entry.key, names.clone()) {
                Some(name) => problem.hint(format!("did you mean `{name}`?")),
                None => problem.hint(format!("known keys: {}", quoted(names))),
            }
        }
        let fields = Self { node, table };
        for key in table.keys.iter().filter(|key| key.required && fields.node(key.name).is_none()) {
            let message = format!("`{}` was missing in {}", key.name, table.what);
            problems.add(&node.place, message).hint(format!("add `{}:`", key.name));
        }
        Some(fields)
    }

    /// Returns the object itself.
    pub(crate) fn object(&self) -> &'a Node {
        self.node
    }

    fn key(&self, name: &str) -> &'static Key {
        match self.table.key(name) {
            Some(key) => key,
            None => unreachable!("`{name}` is read and not declared in the table of {}", self.table.what),
        }
    }

    /// Returns the value of a key, when there is one that is not null.
    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        let key = self.key(name);
        self.node.get(key.name).filter(|value| !value.is_null())
    }

    /// Returns text that is not empty.
    pub(crate) fn text(&self, name: &str, problems: &mut Problems) -> Option<String> {
        let value = self.node(name)?;
        let text = text_of(value, name, problems)?;
        if text.trim().is_empty() {
            problems.add(&value.place, format!("`{name}` was empty"));
            return None;
        }
        Some(text.to_owned())
    }

    /// Returns an integer within the bounds of the table.
    pub(crate) fn integer(&self, name: &str, problems: &mut Problems) -> Option<i64> {
        let value = self.node(name)?;
        let Kind::Integer(least, most) = self.key(name).kind else {
            unreachable!("`{name}` is read as an integer and declared otherwise")
        };
        let integer = value.integer().filter(|integer| (least..=most).contains(integer));
        if integer.is_none() {
            let message =
                format!("`{name}` was {}, not an integer from {least} to {most}", self.describe(name, value));
            problems.add(&value.place, message);
        }
        integer
    }

    /// Returns a boolean.
    pub(crate) fn boolean(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        let value = self.node(name)?;
        let boolean = value.boolean();
        if boolean.is_none() {
            let message = format!("`{name}` was {}, not `true` or `false`", self.describe(name, value));
            problems.add(&value.place, message);
        }
        boolean
    }

    /// Returns one of the words of the table.
    pub(crate) fn choice(&self, name: &str, problems: &mut Problems) -> Option<&'static str> {
        let value = self.node(name)?;
        let (words, any_case) = match self.key(name).kind {
            Kind::Choice(words) => (words, false),
            Kind::AnyCase(words) => (words, true),
            _ => unreachable!("`{name}` is read as a choice and declared otherwise"),
        };
        let text = value.text().unwrap_or("");
        let same = |word: &&&str| **word == text || (any_case && word.eq_ignore_ascii_case(text));
        if let Some(word) = words.iter().find(same) {
            return Some(word);
        }
        let message = format!(
            "`{name}` was {}, not one of {}",
            self.describe(name, value),
            quoted(words.iter().copied())
        );
        let problem = problems.add(&value.place, message);
        if let Some(word) = closest(text, words.iter().copied()) {
            problem.hint(format!("did you mean `{word}`?"));
        }
        None
    }

    /// Returns a value as a message may show it.
    pub(crate) fn describe(&self, name: &str, value: &Node) -> String {
        match &value.content {
            Content::Scalar { reference: Some(reference), .. } => format!("`{}`", shown(reference)),
            Content::Scalar { text, plain, .. } if self.key(name).show => {
                let quoted = !plain && (value.number_like(text) || text.is_empty());
                if quoted { format!("the text `{}`", shown(text)) } else { format!("`{}`", shown(text)) }
            }
            Content::Scalar { .. } => "a value that is not shown".to_owned(),
            _ => value.kind().to_owned(),
        }
    }
}

impl Node {
    fn number_like(&self, text: &str) -> bool {
        let plain = Node::scalar(text, true, self.place.clone());
        plain.number().is_some() || plain.boolean().is_some() || plain.is_null()
    }
}

/// Returns the text of a scalar, or notes what stood there in its place.
pub(crate) fn text_of<'a>(value: &'a Node, name: &str, problems: &mut Problems) -> Option<&'a str> {
    let text = value.text();
    if text.is_none() {
        problems.add(&value.place, format!("`{name}` was {}, not text", value.kind()));
    }
    text
}

/// Returns words in backticks, comma separated.
pub(crate) fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
