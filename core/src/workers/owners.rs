//! The index from what a record carries to the view of its owner: never a broadcast.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::broker::RecordRef;
use crate::codec::{Reading, Scratch};
use crate::directive::Source;
use crate::workers::view::ViewKey;

/// Views that find their records in the same way: an index from test id to view.
pub(crate) struct Group {
    pub(crate) source: Source,
    pub(crate) reading: Arc<Reading>,
    pub(crate) by_owner: HashMap<Arc<str>, ViewKey>,
    pub(crate) members: usize,
    /// How many of them want to know about records without a test id.
    pub(crate) caring: usize,
    pub(crate) unattributed: u64,
}

/// Whose record it is.
pub(crate) enum Owner {
    View(ViewKey),
    Another,
    Nobody,
}

impl Group {
    /// Returns what a record carries that says whose it is.
    pub(crate) fn name<'r>(
        &self,
        record: &'r RecordRef<'_>,
        scratch: &'r mut Scratch,
    ) -> Option<Cow<'r, str>> {
        match self.source {
            Source::ProducedId => self.reading.id(record, scratch),
            _ => self.reading.test_id(record, scratch),
        }
    }

    pub(crate) fn owner(&self, name: Option<&str>) -> Owner {
        match name {
            Some(name) => self.by_owner.get(name).map_or(Owner::Another, |key| Owner::View(*key)),
            None => Owner::Nobody,
        }
    }
}
