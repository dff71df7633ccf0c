//! The structural check of a request, before the codec sees it.
//!
//! It walks the body along the shape of the request and allocates nothing unless it finds fault. After it, the
//! codec can neither reserve more than [`MOST_DECODED`] nor read past the end. Where Kafka is lenient, so is
//! this, as far as the codec allows: bytes after the last field, repeated or unsorted tags and wrong sizes of
//! known tagged fields are let through. Lengths below -1 are refused where Kafka takes them for null, and so are
//! strings that are not UTF-8, where Kafka replaces what it cannot read: the codec could not follow.

use std::fmt;

use kafka_protocol::messages::ApiKey;

use super::shape::{Field, Item, Kind, Shape};
use super::shapes;

/// The most memory that the decoded form of one request may take beside its frame, in bytes.
///
/// A CreateTopics with a hundred thousand topics takes 11 MiB, a Fetch of as many partitions 8 MiB.
pub(crate) const MOST_DECODED: usize = 16 << 20;

/// Kafka's own limit for a string, in bytes.
const LONGEST_STRING: usize = i16::MAX as usize;

/// An upper bound for the nodes of a B-tree with unknown tagged fields: half-full leaves of eleven entries of
/// a number and a `Bytes`, and the nodes above them.
const TAGS: usize = 512;
const TAG: usize = 128;

/// A request whose bytes are not one. Kafka closes the connection over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    request: &'static str,
    version: i16,
    path: String,
    what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} v{}: ", self.request, self.version)?;
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        out.write_str(&self.what)
    }
}

impl std::error::Error for Malformed {}

/// Checks the body of a request: what follows its header.
pub(crate) fn check(api: ApiKey, version: i16, body: &[u8]) -> Result<(), Malformed> {
    measure(api, version, body).map(|_| ())
}

/// What the check found out about a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measured {
    /// The most memory that the codec reserves for it, in bytes.
    pub(super) decoded: usize,
    /// How many bytes follow the last field.
    pub(super) left: usize,
}

pub(super) fn measure(api: ApiKey, version: i16, body: &[u8]) -> Result<Measured, Malformed> {
    let Some(shape) = shapes::of(api as i16).filter(|shape| shape.versions.has(version)) else {
        let what = format!("there is no version {version} of this API");
        return Err(Malformed { request: "request", version, path: format!("{api:?}"), what });
    };
    let mut walk = Walk { left: body, version, flexible: shape.is_flexible(version), decoded: 0 };
    match walk.fields(shape.fields) {
        Ok(()) => Ok(Measured { decoded: walk.decoded, left: walk.left.len() }),
        Err(fault) => Err(fault.of(shape, version)),
    }
}

/// A request header's tagged fields, none of which is known; returns what follows them.
pub(super) fn skip_tags(bytes: &[u8]) -> Result<&[u8], &'static str> {
    let mut walk = Walk { left: bytes, version: 0, flexible: true, decoded: 0 };
    walk.tags(&[]).map(|()| walk.left).map_err(|_| "its tagged fields do not end within the frame")
}

/// What is wrong, and where below the place that learns of it.
struct Fault {
    path: String,
    what: String,
}

impl Fault {
    fn new(what: impl Into<String>) -> Box<Self> {
        Box::new(Self { path: String::new(), what: what.into() })
    }

    fn in_field(mut self: Box<Self>, name: &str) -> Box<Self> {
        let joint = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{joint}{}", self.path);
        self
    }

    fn in_element(mut self: Box<Self>, index: usize) -> Box<Self> {
        let joint = if self.path.is_empty() { "" } else { "." };
        self.path = format!("[{index}]{joint}{}", self.path);
        self
    }

    fn of(self, shape: &Shape, version: i16) -> Malformed {
        Malformed { request: shape.name, version, path: self.path, what: self.what }
    }
}

type Checked<T> = Result<T, Box<Fault>>;

struct Walk<'a> {
    left: &'a [u8],
    version: i16,
    flexible: bool,
    /// What the codec will have reserved when it comes here.
    decoded: usize,
}

impl<'a> Walk<'a> {
    /// Walks a structure: its fields in their order, then the tagged ones.
    fn fields(&mut self, fields: &[Field]) -> Checked<()> {
        for field in fields {
            let is_tagged = self.flexible && field.tag_in(self.version).is_some();
            if field.versions.has(self.version) && !is_tagged {
                self.field(field)?;
            }
        }
        if self.flexible { self.tags(fields) } else { Ok(()) }
    }

    fn field(&mut self, field: &Field) -> Checked<()> {
        self.value(&field.kind, field.nullable.has(self.version)).map_err(|fault| fault.in_field(field.name))
    }

    fn value(&mut self, kind: &Kind, nullable: bool) -> Checked<()> {
        match kind {
            Kind::Fixed(size) => self.take(*size).map(|_| ()),
            Kind::String => self.string(nullable),
            Kind::Bytes => match self.length(nullable)? {
                Some(length) => self.take(length).map(|_| ()),
                None => Ok(()),
            },
            Kind::Struct(fields) if nullable => match self.take(1)?[0] as i8 {
                1 => self.fields(fields),
                i8::MIN..=-1 => Ok(()),
                // Kafka takes every other byte for "there", the codec for "null".
                byte => Err(Fault::new(format!("{byte} does not say whether it is null"))),
            },
            Kind::Struct(fields) => self.fields(fields),
            Kind::Array(item) => match self.length(nullable)? {
                Some(count) => self.elements(item, count),
                None => Ok(()),
            },
        }
    }

    fn elements(&mut self, item: &Item, count: usize) -> Checked<()> {
        // No element takes less than a byte.
        if count > self.left.len() {
            return Err(Fault::new(format!("{count} elements cannot stand in {} bytes", self.left.len())));
        }
        self.reserve(count.saturating_mul(item.memory))?;
        if let Kind::Fixed(size) = item.kind {
            return self.take(count.saturating_mul(size)).map(|_| ());
        }
        (0..count)
            .try_for_each(|index| self.value(&item.kind, false).map_err(|fault| fault.in_element(index)))
    }

    /// Counts what the codec will reserve.
    fn reserve(&mut self, memory: usize) -> Checked<()> {
        self.decoded = self.decoded.saturating_add(memory);
        if self.decoded > MOST_DECODED {
            return Err(Fault::new(format!("the request would take more than {MOST_DECODED} bytes decoded")));
        }
        Ok(())
    }

    fn string(&mut self, nullable: bool) -> Checked<()> {
        let length = if self.flexible {
            self.length(nullable)?
        } else {
            let length = self.number()?;
            self.known(i16::from_be_bytes(length).into(), nullable)?
        };
        let Some(length) = length else { return Ok(()) };
        if length > LONGEST_STRING {
            return Err(Fault::new(format!("{length} bytes are too long for a string")));
        }
        match std::str::from_utf8(self.take(length)?) {
            Ok(_) => Ok(()),
            Err(error) => Err(Fault::new(format!("not UTF-8 from byte {} on", error.valid_up_to()))),
        }
    }

    /// The length of bytes or of an array, or none for null.
    fn length(&mut self, nullable: bool) -> Checked<Option<usize>> {
        let length = if self.flexible {
            i64::from(self.varint()?) - 1
        } else {
            i32::from_be_bytes(self.number()?).into()
        };
        self.known(length, nullable)
    }

    fn known(&self, length: i64, nullable: bool) -> Checked<Option<usize>> {
        match usize::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) if length < -1 => Err(Fault::new(format!("the length {length} is negative"))),
            Err(_) if nullable => Ok(None),
            Err(_) => Err(Fault::new("it is null and must not be")),
        }
    }

    fn tags(&mut self, fields: &[Field]) -> Checked<()> {
        let count = self.varint()? as usize;
        // Each has a tag and a size.
        if count > self.left.len() / 2 {
            return Err(Fault::new(format!(
                "{count} tagged fields cannot stand in {} bytes",
                self.left.len()
            )));
        }
        let mut unknown = 0;
        for _ in 0..count {
            let tag = self.varint()?;
            let size = self.varint()? as usize;
            match fields.iter().find(|field| field.tag.is_some_and(|(known, _)| known == tag)) {
                Some(field) if field.tag_in(self.version).is_some() => self.field(field)?,
                Some(field) => {
                    let what = format!("tag {tag} is not valid in version {}", self.version);
                    return Err(Fault::new(what).in_field(field.name));
                }
                None => {
                    self.take(size).map_err(|fault| fault.in_field(&format!("tag {tag}")))?;
                    unknown += 1;
                    self.reserve(if unknown == 1 { TAGS + TAG } else { TAG })?;
                }
            }
        }
        Ok(())
    }

    fn varint(&mut self) -> Checked<u32> {
        let mut value = 0;
        for place in 0..5 {
            let byte = self.take(1)?[0];
            value |= u32::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::new("a variable-length number has more than five bytes"))
    }

    fn number<const N: usize>(&mut self) -> Checked<[u8; N]> {
        let Some((number, left)) = self.left.split_first_chunk() else { return Err(self.short_of(N)) };
        self.left = left;
        Ok(*number)
    }

    fn take(&mut self, size: usize) -> Checked<&'a [u8]> {
        let Some((taken, left)) = self.left.split_at_checked(size) else { return Err(self.short_of(size)) };
        self.left = left;
        Ok(taken)
    }

    fn short_of(&self, size: usize) -> Box<Fault> {
        Fault::new(format!("{size} bytes are wanted and {} are left", self.left.len()))
    }
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
mod tests;
