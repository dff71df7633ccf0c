//! Whether a schema accepts everything that another one accepted.
//!
//! The rules are those of Confluent's registry, in its strict policy, which is the default; they are asked here of each
//! keyword by what it accepts. `$ref` is followed on both sides.
//!
//! - Types: every type that was written must be read; `integer` is a `number`.
//! - `enum` and `const`: what was accepted must still be; a list where there was none is a problem.
//! - Bounds (`maximum`, `maxLength`, `minItems`, ...) may be widened or dropped, and not be added or tightened;
//!   `multipleOf` may become a divisor of itself; `pattern` may be dropped, and every other change is a problem.
//! - Objects and arrays: see [`super::objects`].
//! - `anyOf` and `oneOf` may gain schemas and lose none, `allOf` may lose and gain none that accepts less. A schema
//!   may become one of an `anyOf` or `oneOf`, and an `allOf` may become one of its own. That a value comes to fit
//!   two schemas of a `oneOf`, which refuses it then, is not looked for.
//! - `not` may come to refuse less.
//! - `format`, `contentEncoding` and the annotations (`title`, `description`, `default`, ...) are not compared.
//!
//! Keywords that are not judged (`if`, `then`, `else`, `dependentSchemas`, `contains`, `propertyNames`, `$dynamicRef`,
//! ...) have to be the same; where they are not, the problem says that it could not be judged and was taken as one.

use serde_json::Value;

use super::keywords::{all_integers, bounds, values};
use super::side::{Side, UNJUDGED, refers};
use super::{JsonSchema, objects};

/// After so many pairs of schemas the comparison is given up. Alternatives within alternatives multiply.
const MOST_PAIRS: usize = 20_000;

/// The deepest nesting of schemas that is compared; a schema that refers to itself ends earlier.
const MOST_DEEP: usize = 100;

/// Returns why `reader` does not accept everything that `writer` accepted.
pub(super) fn problems(reader: &JsonSchema, writer: &JsonSchema) -> Vec<String> {
    let mut comparison = Comparison { pairs: 0, open: Vec::new() };
    if reader.document == writer.document && reader.references == writer.references {
        return Vec::new();
    }
    let mut found = comparison.compare(Side::of(writer), Side::of(reader), "");
    if comparison.pairs > MOST_PAIRS {
        found = vec!["the schemas were too large to be compared, which is taken as incompatible".to_owned()];
    }
    found.sort();
    found.dedup();
    found
}

/// A comparison under way.
pub(super) struct Comparison {
    pairs: usize,
    /// Pairs that are being compared, by their addresses: recursive schemas meet themselves again, and a pair that
    /// does has no other problems than those that are found anyway.
    open: Vec<(*const Value, *const Value)>,
}

impl Comparison {
    /// Returns the problems of a pair, each with its path.
    pub(super) fn compare<'s>(&mut self, writer: Side<'s>, reader: Side<'s>, path: &str) -> Vec<String> {
        self.pairs += 1;
        if self.pairs > MOST_PAIRS || self.open.len() > MOST_DEEP {
            self.pairs = MOST_PAIRS + 1;
            return Vec::new();
        }
        let (old, new) = (writer.spread(), reader.spread());
        let follow = |side: Side<'s>, spread: &Option<Value>| {
            if spread.is_some() { Some(side) } else { side.follow() }
        };
        let (Some(writer), Some(reader)) = (follow(writer, &old), follow(reader, &new)) else {
            let same = writer.schema == reader.schema;
            return if same { Vec::new() } else { vec![unsure(path, "$ref")] };
        };
        let pair = (std::ptr::from_ref(writer.schema), std::ptr::from_ref(reader.schema));
        if self.open.contains(&pair) || reader.is_open() || writer.schema == &Value::Bool(false) {
            return Vec::new();
        }
        if reader.schema == &Value::Bool(false) {
            return vec![problem(path, "nothing is accepted any more")];
        }
        if writer.schema == reader.schema && !refers(writer.schema) {
            return Vec::new();
        }
        self.open.push(pair);
        let found = self.keywords(
            old.as_ref().map_or(writer, |schema| writer.at(schema)),
            new.as_ref().map_or(reader, |schema| reader.at(schema)),
            path,
        );
        self.open.pop();
        found
    }

    fn keywords(&mut self, writer: Side<'_>, reader: Side<'_>, path: &str) -> Vec<String> {
        if let Some(found) = self.alternatives(writer, reader, path) {
            return found;
        }
        let mut found = Vec::new();
        let ((old, was_integer), (new, is_integer)) = (writer.types(), reader.types());
        let lost = old.difference(&new).copied().collect::<Vec<_>>();
        if !lost.is_empty() {
            found.push(problem(path, &format!("type {} is not accepted any more", lost.join(", "))));
            return found;
        }
        if old.contains("number") && is_integer && !was_integer && !all_integers(writer) {
            found.push(problem(path, "`type` went from number to integer"));
        }
        values(writer, reader, path, &mut found);
        bounds(writer, reader, path, &old, &mut found);
        objects::compare(self, writer, reader, path, &old, &mut found);
        if reader.get("not") != writer.get("not") {
            self.negations(writer, reader, path, &mut found);
        }
        for keyword in UNJUDGED {
            let (before, after) = (writer.get(keyword), reader.get(keyword));
            if after.is_some() && before != after {
                found.push(unsure(path, keyword));
            }
        }
        found
    }

    fn negations(&mut self, writer: Side<'_>, reader: Side<'_>, path: &str, found: &mut Vec<String>) {
        match (writer.get("not"), reader.get("not")) {
            (_, None) => {}
            // What is refused must have been refused before: the other way round.
            (Some(old), Some(new)) if self.compare(reader.at(new), writer.at(old), path).is_empty() => {}
            _ => found.push(problem(path, "`not` refuses more")),
        }
    }

    /// Compares `anyOf`, `oneOf` and `allOf` with what stands beside them. `None` when neither side has one.
    fn alternatives(&mut self, writer: Side<'_>, reader: Side<'_>, path: &str) -> Option<Vec<String>> {
        match (Choice::of(writer), Choice::of(reader)) {
            (None, None) => None,
            (Some(old), None) => Some(self.narrowed(&old, writer, reader, path)),
            (old, Some(new)) => {
                let mut found = self.widened(old.as_ref(), &new, writer, path);
                if !reader.at(&new.beside).is_open() {
                    found.extend(self.compare(writer, reader.at(&new.beside), path));
                }
                Some(found)
            }
        }
    }

    /// The reader has alternatives: some must accept what each of the writer's did.
    fn widened(
        &mut self,
        old: Option<&Choice<'_>>,
        new: &Choice<'_>,
        writer: Side<'_>,
        path: &str,
    ) -> Vec<String> {
        let name = new.keyword;
        let mut accepts = |old: Side<'_>, new: Side<'_>| self.compare(old, new, path).is_empty();
        if name == "allOf" {
            let unmet = new.schemas.iter().any(|new| !accepts(writer, *new));
            return unmet
                .then(|| problem(path, "a schema of `allOf` accepts less, or was added"))
                .into_iter()
                .collect();
        }
        match old {
            Some(old) if old.keyword == "anyOf" && name == "oneOf" && new.schemas.len() > 1 => {
                vec![problem(path, "`anyOf` became `oneOf`")]
            }
            Some(old) if old.keyword != "allOf" => {
                let lost = old.schemas.iter().any(|old| !new.schemas.iter().any(|new| accepts(*old, *new)));
                let what = format!("a schema of `{name}` accepts less, or was removed");
                lost.then(|| problem(path, &what)).into_iter().collect()
            }
            _ => {
                let met = new.schemas.iter().any(|new| accepts(writer, *new));
                let what = format!("no schema of `{name}` accepts what was accepted");
                (!met).then(|| problem(path, &what)).into_iter().collect()
            }
        }
    }

    /// The writer alone has alternatives: the reader must accept each, or what stood beside them.
    fn narrowed(&mut self, old: &Choice<'_>, writer: Side<'_>, reader: Side<'_>, path: &str) -> Vec<String> {
        let mut accepts = |old: Side<'_>| self.compare(old, reader, path).is_empty();
        let is_met = accepts(writer.at(&old.beside))
            || match old.keyword {
                "allOf" => old.schemas.iter().any(|schema| accepts(*schema)),
                _ => old.schemas.iter().all(|schema| {
                    let mut typed = schema.schema.clone();
                    if let (Value::Object(keywords), Some(kind)) = (&mut typed, old.beside.get("type")) {
                        keywords.entry("type").or_insert_with(|| kind.clone());
                    }
                    accepts(*schema) || accepts(schema.at(&typed))
                }),
            };
        let what = format!("not everything that `{}` accepted is accepted any more", old.keyword);
        (!is_met).then(|| problem(path, &what)).into_iter().collect()
    }
}

/// The alternatives of a schema.
struct Choice<'s> {
    keyword: &'static str,
    schemas: Vec<Side<'s>>,
    /// The schema without them.
    beside: Value,
}

impl<'s> Choice<'s> {
    fn of(side: Side<'s>) -> Option<Self> {
        let keyword = ["anyOf", "oneOf", "allOf"].into_iter().find(|keyword| side.get(keyword).is_some())?;
        let mut beside = side.schema.clone();
        if let Value::Object(keywords) = &mut beside {
            keywords.remove(keyword);
        }
        let schemas = side.get(keyword).and_then(Value::as_array).into_iter().flatten();
        Some(Self { keyword, schemas: schemas.map(|schema| side.at(schema)).collect(), beside })
    }
}

/// Returns a problem with its place.
pub(super) fn problem(path: &str, what: &str) -> String {
    if path.is_empty() { what.to_owned() } else { format!("at `{path}`: {what}") }
}

/// Returns the problem of not knowing.
fn unsure(path: &str, keyword: &str) -> String {
    problem(path, &format!("`{keyword}` was added or changed, which is not judged and taken as incompatible"))
}
