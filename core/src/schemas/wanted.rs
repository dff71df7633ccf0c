//! What somebody wants to write with, and what there is to write with.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use test_probe_formats::SchemaSource;

/// What to write with. Two that are equal are answered once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The subject.
    pub subject: String,
    /// The schema, where whoever writes brings it.
    pub source: Option<Arc<SchemaSource>>,
    /// This version of the subject and no other.
    pub version: Option<i32>,
    /// Register the source where the subject lacks it.
    pub register: bool,
    /// Write with the subject's latest version, whatever the source.
    pub use_latest: bool,
    /// Compare by meaning and not by text.
    pub normalize: bool,
}

impl Wanted {
    /// Returns which of its words count: a version above all, then registering, then the latest version.
    #[must_use]
    pub fn way(&self) -> Way<'_> {
        match (self.version, &self.source) {
            (Some(version), _) => Way::Version(version),
            (None, Some(source)) if self.register => Way::Register(source),
            (None, Some(source)) if !self.use_latest => Way::LookUp(source),
            (None, _) => Way::Latest,
        }
    }
}

impl Hash for Wanted {
    /// Leaves the text out, which may be long: who writes asks for each event, and few texts share a subject.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.subject.hash(state);
        self.version.hash(state);
        (self.register, self.use_latest, self.normalize).hash(state);
        self.source.as_ref().map(|source| source.text.len()).hash(state);
    }
}

/// How a schema to write with is come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// A version of the subject.
    Version(i32),
    /// The latest version of the subject.
    Latest,
    /// This schema, registered where it is not yet.
    Register(&'a SchemaSource),
    /// This schema, which the subject has.
    LookUp(&'a SchemaSource),
}
