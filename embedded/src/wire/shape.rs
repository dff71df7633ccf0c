//! The terms in which `shapes.rs` describes requests: what stands where, from which version on.

use kafka_protocol::protocol::StrBytes;

/// The end of a range of versions that is still open.
const LATEST: i16 = i16::MAX;

/// The first flexible version of a request that has none.
pub(super) const NEVER: i16 = LATEST;

/// A range of versions, both ends included; the first above the last for none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Versions(pub(super) i16, pub(super) i16);

impl Versions {
    const NONE: Self = Self(1, 0);

    pub(super) const fn has(self, version: i16) -> bool {
        self.0 <= version && version <= self.1
    }
}

/// A request as its message definition has it.
#[derive(Debug)]
pub(super) struct Shape {
    /// The name in the message definition, for example `MetadataRequest`.
    pub(super) name: &'static str,
    /// The versions that the definition describes.
    pub(super) versions: Versions,
    /// The first version with compact lengths and tagged fields (KIP-482).
    pub(super) flexible: i16,
    pub(super) fields: &'static [Field],
}

/// A field of a request, or of a structure in one.
#[derive(Debug)]
pub(super) struct Field {
    /// The name as Kafka's own errors spell it, for example `topicData`.
    pub(super) name: &'static str,
    pub(super) versions: Versions,
    /// The versions in which it may be null.
    pub(super) nullable: Versions,
    /// Its number among the tagged fields, in the versions in which it is one.
    pub(super) tag: Option<(u32, Versions)>,
    pub(super) kind: Kind,
}

/// What a field or an element holds.
#[derive(Debug)]
pub(super) enum Kind {
    /// So many bytes: a number, a truth value, a UUID.
    Fixed(usize),
    /// UTF-8 behind its length, which is 16 bits, or a varint in flexible versions.
    String,
    /// Bytes or records behind their length, which is 32 bits, or a varint in flexible versions.
    Bytes,
    /// Fields one after the other; a byte that says whether they are there goes before those that may be null.
    Struct(&'static [Field]),
    /// Elements behind their number.
    Array(&'static Item),
}

/// An element of an array.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) kind: Kind,
    /// What one takes in the memory of the codec, in bytes.
    pub(super) memory: usize,
}

pub(super) const STRING: Item = Item { kind: Kind::String, memory: size_of::<StrBytes>() };

/// An element that is a number or a UUID.
pub(super) const fn fixed(size: usize) -> Item {
    Item { kind: Kind::Fixed(size), memory: size }
}

/// An element that is a structure, which the codec reads into so much memory.
pub(super) const fn item(memory: usize, fields: &'static [Field]) -> Item {
    Item { kind: Kind::Struct(fields), memory }
}

/// A request of these versions, which are flexible from one on.
pub(super) const fn shape(
    name: &'static str,
    versions: (i16, i16),
    flexible: i16,
    fields: &'static [Field],
) -> Shape {
    Shape { name, versions: Versions(versions.0, versions.1), flexible, fields }
}

/// A field that is there from a version on, never null and never tagged.
pub(super) const fn field(name: &'static str, since: i16, kind: Kind) -> Field {
    Field { name, versions: Versions(since, LATEST), nullable: Versions::NONE, tag: None, kind }
}

impl Shape {
    /// Whether lengths are compact and fields are tagged in this version.
    pub(super) fn is_flexible(&self, version: i16) -> bool {
        version >= self.flexible
    }
}

impl Field {
    /// The same field, which is there up to a version.
    pub(super) const fn until(mut self, version: i16) -> Self {
        self.versions.1 = version;
        self
    }

    /// The same field, which may be null from a version on.
    pub(super) const fn or_null(mut self, since: i16) -> Self {
        self.nullable = Versions(since, LATEST);
        self
    }

    /// The same field, which is a tagged one from a version on.
    pub(super) const fn tagged(mut self, tag: u32, since: i16) -> Self {
        self.tag = Some((tag, Versions(since, LATEST)));
        self
    }

    /// Its tag, if it is a tagged field in this version.
    pub(super) fn tag_in(&self, version: i16) -> Option<u32> {
        self.tag.filter(|(_, versions)| versions.has(version)).map(|(tag, _)| tag)
    }
}
