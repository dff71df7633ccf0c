//! A text that is the same for files that differ in nothing that matters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, Value};

const FILE: &str = "google.protobuf.FileDescriptorProto";

/// Returns the file as a registry serializes it, a descriptor in base64, without what no reader sees: its own name,
/// comments and places, the order of imports and of options, how a type was referred to, and an explicit
/// `json_name` that is the usual one anyway. The order of messages and fields is kept: message indexes rest on it.
pub(super) fn text(file: &FileDescriptor) -> String {
    let plain = file.encode_to_vec();
    // The descriptors of the file's own pool know its custom options, which are then sorted like any field.
    let described = file
        .parent_pool()
        .get_message_by_name(FILE)
        .or_else(|| DescriptorPool::global().get_message_by_name(FILE));
    let Some(mut message) = described.and_then(|known| DynamicMessage::decode(known, plain.as_slice()).ok())
    else {
        return STANDARD.encode(plain);
    };
    message.clear_field_by_name("name");
    message.clear_field_by_name("source_code_info");
    sort_imports(&mut message);
    STANDARD.encode(message.encode_to_vec())
}

/// Sorts the imports; the lists of public and weak ones are places in that list.
fn sort_imports(message: &mut DynamicMessage) {
    let get = |message: &DynamicMessage, name: &str| match message.get_field_by_name(name).as_deref() {
        Some(Value::List(values)) => values.clone(),
        _ => Vec::new(),
    };
    let imports = get(message, "dependency");
    let mut order = (0..imports.len()).collect::<Vec<_>>();
    order.sort_by_key(|place| imports[*place].as_str().unwrap_or_default().to_owned());
    let moved = |value: &Value| {
        let old = value.as_i32().and_then(|old| usize::try_from(old).ok());
        let new = order.iter().position(|place| Some(*place) == old)?;
        i32::try_from(new).ok()
    };
    for name in ["public_dependency", "weak_dependency"] {
        let mut places = get(message, name).iter().filter_map(moved).collect::<Vec<_>>();
        places.sort_unstable();
        message.set_field_by_name(name, Value::List(places.into_iter().map(Value::I32).collect()));
    }
    let sorted = order.iter().map(|place| imports[*place].clone()).collect();
    message.set_field_by_name("dependency", Value::List(sorted));
}
