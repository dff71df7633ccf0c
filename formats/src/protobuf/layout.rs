//! Message indexes: which message of a file a payload holds.
//!
//! A payload begins with the place of its message: the index of the outermost message in the file, of the next one
//! within it, and so on; as a count and the indexes, each a zig-zag varint. The first message of a file, `[0]`, is
//! the one byte 00. (Confluent's wire format.)
//!
//! Messages are counted as Confluent's registry does: those that the text declares. The entry messages of `map`
//! fields and groups are none of them, but an entry message that is written out (as the registry does in the text
//! of a schema that was registered as a descriptor) is, and so are all of them where the schema is a descriptor.

use prost_reflect::prost_types::{DescriptorProto, FileDescriptorProto, field_descriptor_proto::Type};

use super::wire::{Reader, put_varint};
use crate::fault::{Fault, FaultKind};
use crate::suggest::closest;

/// More levels than a file can nest.
const MOST: u64 = 64;

/// The messages of a file, each with its place.
pub(super) type Layout = Vec<Place>;

/// A message of a file.
#[derive(Debug)]
pub(super) struct Place {
    /// Its full name.
    pub(super) name: String,
    /// Where it is.
    pub(super) indexes: Vec<u32>,
}

/// Counts the messages of a file that was parsed, or of a descriptor.
pub(super) fn layout(file: &FileDescriptorProto) -> Layout {
    let mut found = Vec::new();
    let prefix = file.package.as_ref().filter(|package| !package.is_empty());
    add(&file.message_type, &[], prefix.map_or("", String::as_str), &mut Vec::new(), &mut found);
    found
}

fn add(
    messages: &[DescriptorProto],
    siblings: &[prost_reflect::prost_types::FieldDescriptorProto],
    prefix: &str,
    at: &mut Vec<u32>,
    found: &mut Layout,
) {
    let declared = messages.iter().filter(|message| is_declared(message, siblings));
    for (index, message) in (0..).zip(declared) {
        let name = if prefix.is_empty() {
            message.name().to_owned()
        } else {
            format!("{prefix}.{}", message.name())
        };
        at.push(index);
        found.push(Place { name: name.clone(), indexes: at.clone() });
        add(&message.nested_type, &message.field, &name, at, found);
        at.pop();
    }
}

/// A parsed text has the entries of `map` fields marked, and refers to them by a bare name; in a descriptor all names
/// are full, with a dot before them, and everything counts.
fn is_declared(
    message: &DescriptorProto,
    fields: &[prost_reflect::prost_types::FieldDescriptorProto],
) -> bool {
    let mut of_it = fields.iter().filter(|field| field.type_name() == message.name());
    let is_map = message.options.as_ref().is_some_and(|options| options.map_entry());
    !of_it.any(|field| is_map || field.r#type == Some(Type::Group as i32))
}

/// Returns the place of the message that a name means: the first one without a name, else the one with that full or
/// simple name.
pub(super) fn choose<'l>(layout: &'l Layout, name: Option<&str>) -> Result<&'l Place, Fault> {
    let fault = |message: String| Fault::new(FaultKind::Encode, message);
    let Some(name) = name else {
        return layout.first().ok_or_else(|| fault("the schema declared no message".to_owned()));
    };
    if let Some(place) = layout.iter().find(|place| place.name == name) {
        return Ok(place);
    }
    let simple = |place: &&Place| place.name.rsplit('.').next() == Some(name);
    let found = layout.iter().filter(simple).collect::<Vec<_>>();
    let names = |places: &[&Place]| {
        places.iter().map(|place| format!("`{}`", place.name)).collect::<Vec<_>>().join(", ")
    };
    match found[..] {
        [place] => Ok(place),
        [] => {
            let all = layout
                .iter()
                .flat_map(|place| [place.name.as_str(), place.name.rsplit('.').next().unwrap_or("")]);
            let unknown = fault(format!("the schema has no message `{name}`"));
            Err(match closest(name, all) {
                Some(near) => unknown.hint(format!("did you mean `{near}`?")),
                None => {
                    unknown.hint(format!("it has {}", names(&layout.iter().take(20).collect::<Vec<_>>())))
                }
            })
        }
        ref several => Err(fault(format!("the message name `{name}` meant several messages"))
            .hint(format!("say which: {}", names(several)))),
    }
}

/// Writes the indexes of a place.
pub(super) fn write(place: &Place, out: &mut Vec<u8>) {
    if place.indexes == [0] {
        return out.push(0);
    }
    put_varint(out, (place.indexes.len() as u64) << 1);
    for index in &place.indexes {
        put_varint(out, u64::from(*index) << 1);
    }
}

/// Reads indexes, and returns them with what is behind; `None` when there are none. `[0]` is what no index means.
pub(crate) fn indexes(bytes: &[u8]) -> Option<(Vec<u64>, &[u8])> {
    let mut reader = Reader::new(bytes);
    let mut next = || reader.varint().filter(|number| number & 1 == 0).map(|number| number >> 1);
    let count = next().filter(|count| *count <= MOST)?;
    let mut indexes = Vec::new();
    for _ in 0..count {
        indexes.push(next()?);
    }
    if indexes.is_empty() {
        indexes.push(0);
    }
    Some((indexes, reader.rest()))
}

/// Reads indexes and returns the place that they mean, with the rest of the payload.
pub(super) fn read<'l, 'p>(layout: &'l Layout, payload: &'p [u8]) -> Result<(&'l Place, &'p [u8]), Fault> {
    let fault = |message: String| Fault::new(FaultKind::Decode, message);
    let Some((indexes, rest)) = indexes(payload) else {
        let hint =
            "Protobuf names its message behind the schema id; the payload's producer left that out, perhaps";
        return Err(fault("the payload did not begin with the indexes of a message".to_owned()).hint(hint));
    };
    let same =
        |place: &&Place| place.indexes.iter().map(|index| u64::from(*index)).eq(indexes.iter().copied());
    layout.iter().find(same).map(|place| (place, rest)).ok_or_else(|| {
        let shown = indexes.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        fault(format!("the payload held message [{shown}] of its schema, which has no such message"))
    })
}
