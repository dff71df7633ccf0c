//! The text of an Avro schema as its Java library writes it, which is what registries keep: attributes in one order, names
//! relative to the namespace around them, defaults of the specification left out.

use std::collections::{BTreeMap, BTreeSet};

use test_probe_formats::SchemaSource;

use super::text::Node;

/// Returns the text, or nothing for what is no schema.
pub(super) fn written(text: &str) -> Option<String> {
    Some(Writer::default().schema(&read(text), None)?.to_string())
}

/// Returns the text with everything written out where it is first referred to.
pub(super) fn resolved(source: &SchemaSource) -> Option<String> {
    let mut writer = Writer::default();
    writer.collect(source);
    Some(writer.schema(&read(&source.text), None)?.to_string())
}

fn read(text: &str) -> Node {
    // A bare name, such as `string`, is a schema too.
    Node::read(text).unwrap_or_else(|| Node::Text(text.trim().to_owned()))
}

const RECORD: &[&str] = &["type", "name", "namespace", "doc", "fields", "aliases"];
const ENUM: &[&str] = &["type", "name", "namespace", "doc", "symbols", "default", "aliases"];
const FIXED: &[&str] = &["type", "name", "namespace", "doc", "size", "aliases"];
const FIELD: &[&str] = &["name", "type", "doc", "default", "order", "aliases"];

#[derive(Default)]
struct Writer {
    /// What other texts define, by full name.
    elsewhere: BTreeMap<String, Node>,
    /// What was written already.
    defined: BTreeSet<String>,
}

impl Writer {
    fn collect(&mut self, source: &SchemaSource) {
        for reference in &source.references {
            self.collect(&reference.source);
            let schema = read(&reference.source.text);
            if let Some((space, name)) = full_name(&schema, None) {
                self.elsewhere.insert(qualified(name, space), schema);
            }
        }
    }

    fn schema(&mut self, schema: &Node, space: Option<&str>) -> Option<Node> {
        match schema {
            Node::Text(name) => self.name(name, space),
            Node::List(branches) => {
                let branches = branches.iter().map(|branch| self.schema(branch, space));
                branches.collect::<Option<_>>().map(Node::List)
            }
            Node::Object(entries) => match schema.get("type")? {
                Node::Text(kind) => match kind.as_str() {
                    "record" | "error" => self.named(schema, entries, space, RECORD),
                    "enum" => self.named(schema, entries, space, ENUM),
                    "fixed" => self.named(schema, entries, space, FIXED),
                    "array" => self.container(schema, entries, space, "items"),
                    "map" => self.container(schema, entries, space, "values"),
                    _ if entries.len() == 1 => self.name(kind, space),
                    _ => {
                        let mut written = vec![("type".to_owned(), Node::Text(relative(kind, space)))];
                        written.extend(others(entries, &["type"]));
                        Some(Node::Object(written))
                    }
                },
                nested => self.schema(nested, space),
            },
            _ => None,
        }
    }

    fn name(&mut self, name: &str, space: Option<&str>) -> Option<Node> {
        let full = qualified(name, space);
        match self.elsewhere.get(&full).filter(|_| !self.defined.contains(&full)).cloned() {
            Some(definition) => self.at_top(&definition, space),
            None => Some(Node::Text(relative(name, space))),
        }
    }

    /// Writes what another text defines: its names are not relative to the namespace that is around it here.
    fn at_top(&mut self, definition: &Node, space: Option<&str>) -> Option<Node> {
        let Node::Object(entries) = definition else { return None };
        let mut entries = entries.clone();
        if definition.get("namespace").is_none() {
            entries.push(("namespace".to_owned(), Node::Text(String::new())));
        }
        self.schema(&Node::Object(entries), space)
    }

    fn container(
        &mut self,
        schema: &Node,
        entries: &[(String, Node)],
        space: Option<&str>,
        inner: &str,
    ) -> Option<Node> {
        let mut written = vec![
            ("type".to_owned(), schema.get("type")?.clone()),
            (inner.to_owned(), self.schema(schema.get(inner)?, space)?),
        ];
        written.extend(others(entries, &["type", inner]));
        Some(Node::Object(written))
    }

    fn named(
        &mut self,
        schema: &Node,
        entries: &[(String, Node)],
        space: Option<&str>,
        known: &[&str],
    ) -> Option<Node> {
        let (own, name) = full_name(schema, space)?;
        self.defined.insert(qualified(name, own));
        let mut written = Vec::new();
        for key in known {
            let value = match (*key, schema.get(key)) {
                ("name", _) => Node::Text(name.to_owned()),
                ("namespace", _) if own == space => continue,
                ("namespace", _) => Node::Text(own.unwrap_or("").to_owned()),
                ("aliases", _) | (_, None) => continue,
                ("fields", Some(Node::List(fields))) => {
                    Node::List(fields.iter().map(|one| self.field(one, own)).collect::<Option<_>>()?)
                }
                (_, Some(value)) => value.clone(),
            };
            written.push(((*key).to_owned(), value));
        }
        written.extend(others(entries, known));
        if let Some(Node::List(aliases)) = schema.get("aliases").filter(|aliases| !is_empty(aliases)) {
            let alias = |alias: &Node| alias.text().map(|text| Node::Text(relative(text, own)));
            let aliases = aliases.iter().map(alias).collect::<Option<_>>()?;
            written.push(("aliases".to_owned(), Node::List(aliases)));
        }
        Some(Node::Object(written))
    }

    fn field(&mut self, field: &Node, space: Option<&str>) -> Option<Node> {
        let Node::Object(entries) = field else { return None };
        let mut written = Vec::new();
        for key in FIELD {
            let value = match (*key, field.get(key)) {
                ("name" | "type", None) => return None,
                (_, None) => continue,
                ("type", Some(schema)) => self.schema(schema, space)?,
                ("order", Some(Node::Text(order))) if order == "ascending" => continue,
                ("aliases", Some(aliases)) if is_empty(aliases) => continue,
                (_, Some(value)) => value.clone(),
            };
            written.push(((*key).to_owned(), value));
        }
        written.extend(others(entries, FIELD));
        Some(Node::Object(written))
    }
}

/// Returns the namespace and the simple name of a named schema.
fn full_name<'a>(schema: &'a Node, space: Option<&'a str>) -> Option<(Option<&'a str>, &'a str)> {
    let name = schema.get("name")?.text()?;
    let own = schema.get("namespace").and_then(Node::text);
    Some(match (name.rsplit_once('.'), own) {
        (Some((before, simple)), _) => (Some(before).filter(|before| !before.is_empty()), simple),
        (None, Some(own)) => (Some(own).filter(|own| !own.is_empty()), name),
        (None, None) => (space, name),
    })
}

fn qualified(name: &str, space: Option<&str>) -> String {
    match space {
        Some(space) if !name.contains('.') => format!("{space}.{name}"),
        _ => name.to_owned(),
    }
}

fn relative(name: &str, space: Option<&str>) -> String {
    match (name.rsplit_once('.'), space) {
        (Some((before, simple)), Some(space)) if before == space => simple.to_owned(),
        _ => name.to_owned(),
    }
}

fn is_empty(list: &Node) -> bool {
    matches!(list, Node::List(items) if items.is_empty())
}

fn others(entries: &[(String, Node)], known: &[&str]) -> impl Iterator<Item = (String, Node)> {
    entries.iter().filter(|(key, _)| !known.contains(&key.as_str())).cloned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use test_probe_formats::{Reference, SchemaType};

    use super::*;

    #[test]
    fn avro_is_written_as_its_java_library_does() {
        let cases = [
            ("\"string\"", "\"string\""),
            ("string", "\"string\""),
            ("{\"type\":\"string\"}", "\"string\""),
            (
                r#"{"fields":[{"type":{"type":"long"},"name":"id"}], "namespace":"ex","name":"User","type":"record"}"#,
                r#"{"type":"record","name":"User","namespace":"ex","fields":[{"name":"id","type":"long"}]}"#,
            ),
            (
                r#"{"type":"record","name":"ex.User","fields":[{"name":"a","type":{"type":"enum","name":"ex.Kind",
                   "symbols":["A"]},"doc":"d"},{"name":"b","type":["null","ex.Kind"],"default":null,"order":"ascending",
                   "aliases":[],"x":1}],"doc":"a user","team":"t","aliases":["ex.Old","other.Old"]}"#,
                r#"{"type":"record","name":"User","namespace":"ex","doc":"a user","fields":[{"name":"a","type":{"type":"enum","name":"Kind","symbols":["A"]},"doc":"d"},{"name":"b","type":["null","Kind"],"default":null,"x":1}],"team":"t","aliases":["Old","other.Old"]}"#,
            ),
            (
                r#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#,
                r#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#,
            ),
            (
                r#"{"items":{"values":"int","type":"map"},"type":"array"}"#,
                r#"{"type":"array","items":{"type":"map","values":"int"}}"#,
            ),
        ];
        for (text, written) in cases {
            assert_eq!(super::written(text).as_deref(), Some(written));
            assert_eq!(super::written(written).as_deref(), Some(written), "it is written so once more");
        }
    }

    #[test]
    fn what_a_schema_refers_to_is_written_where_it_is_first_met() {
        let address = SchemaSource::new(
            SchemaType::Avro,
            r#"{"type":"record","name":"Address","namespace":"ex","fields":[{"name":"s","type":"string"}]}"#,
        );
        let text = r#"{"type":"record","name":"Customer","namespace":"ex","fields":[
            {"name":"a","type":"Address"},{"name":"b","type":["null","ex.Address"]}]}"#;
        let mut customer = SchemaSource::new(SchemaType::Avro, text);
        customer.references.push(Reference { name: "ex.Address".to_owned(), source: Arc::new(address), at: None });
        assert_eq!(
            resolved(&customer).as_deref(),
            Some(
                r#"{"type":"record","name":"Customer","namespace":"ex","fields":[{"name":"a","type":{"type":"record","name":"Address","fields":[{"name":"s","type":"string"}]}},{"name":"b","type":["null","Address"]}]}"#
            )
        );
    }
}
