//! What a schema refers to, by every name that a `$ref` may have for it.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use jsonschema::{Retrieve, Uri};
use serde_json::Value;

use crate::fault::{Fault, FaultKind};
use crate::source::SchemaSource;

/// The address that a schema without an `$id` has for its compiler.
const NOWHERE: &str = "json-schema:///";

/// The references of a schema, and theirs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct References {
    /// By the name of the reference and by the `$id` of the schema behind it.
    by_name: Arc<HashMap<String, Value>>,
}

impl References {
    pub(super) fn new(source: &SchemaSource) -> Result<Self, Fault> {
        let mut by_name = HashMap::new();
        collect(source, &mut by_name)?;
        Ok(Self { by_name: Arc::new(by_name) })
    }

    /// Returns the schema that an address means, without its fragment: as it is, or as a reference's name that was
    /// resolved against the `$id` of whoever refers to it.
    pub(super) fn find(&self, address: &str) -> Option<&Value> {
        let address = address.split('#').next().unwrap_or_default();
        let plain = address.strip_prefix(NOWHERE).unwrap_or(address);
        if let Some(found) = self.by_name.get(plain).or_else(|| self.by_name.get(address)) {
            return Some(found);
        }
        let is_tail = |name: &str| address.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
        let tails = self.by_name.iter().filter(|(name, _)| is_tail(name.trim_start_matches("./")));
        tails.max_by_key(|(name, _)| name.len()).map(|(_, found)| found)
    }
}

fn collect(source: &SchemaSource, by_name: &mut HashMap<String, Value>) -> Result<(), Fault> {
    for reference in &source.references {
        if by_name.contains_key(&reference.name) {
            continue;
        }
        let document: Value = serde_json::from_str(&reference.source.text).map_err(|error| {
            Fault::new(FaultKind::Schema, format!("the reference `{}` was no JSON: {error}", reference.name))
        })?;
        if let Some(id) = document.get("$id").or_else(|| document.get("id")).and_then(Value::as_str) {
            by_name.insert(id.trim_end_matches('#').to_owned(), document.clone());
        }
        by_name.insert(reference.name.clone(), document);
        collect(&reference.source, by_name)?;
    }
    Ok(())
}

impl Retrieve for References {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let found = self.find(uri.as_str()).cloned();
        found.ok_or_else(|| format!("`{}` is none of the schema's references", uri.as_str()).into())
    }
}
