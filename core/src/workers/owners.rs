//! The index from what a record carries to the view of its owner: never a broadcast.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::broker::RecordRef;
use crate::codec::{Reading, Scratch};
use crate::workers::unattributed::StoredRecord;
use crate::workers::view::ViewKey;

/// Views that find their records in the same way: an index from test id to view.
pub(crate) struct Group {
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
    /// It is not known: the schema of key or value has not come yet.
    Awaited,
}

/// A record of which it is not known yet whose it is.
#[derive(Debug)]
pub(crate) struct Ownerless {
    pub(crate) record: Arc<StoredRecord>,
    /// How its owner is found.
    pub(crate) reading: Arc<Reading>,
}

impl Group {
    /// Returns what a record carries that says whose it is.
    pub(crate) fn name<'r>(
        &self,
        record: &'r RecordRef<'_>,
        scratch: &'r mut Scratch,
    ) -> Option<Cow<'r, str>> {
        self.reading.owner(record, scratch)
    }

    /// Returns whose a record is that carries this.
    pub(crate) fn owner(&self, name: Option<&str>) -> Owner {
        match name {
            Some(name) => self.by_owner.get(name).map_or(Owner::Another, |key| Owner::View(*key)),
            None => Owner::Nobody,
        }
    }

    /// Returns whose a record is.
    pub(crate) fn find_owner(&self, record: &RecordRef<'_>, scratch: &mut Scratch) -> Owner {
        let owner = self.owner(self.name(record, scratch).as_deref());
        owner.or_awaited(&self.reading, scratch)
    }
}

impl Owner {
    /// Tells a record that is nobody's from one of which that is not known yet.
    pub(crate) fn or_awaited(self, reading: &Reading, scratch: &Scratch) -> Self {
        match self {
            Self::Nobody if reading.awaits_owner(scratch) => Self::Awaited,
            owner => owner,
        }
    }
}
