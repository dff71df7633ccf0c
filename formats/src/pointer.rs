//! JSON pointers (RFC 6901).

use std::fmt;

use serde_json::Value;

/// Returns a name or an index as a segment of a pointer, with the slash before it.
pub(crate) fn segment(name: impl fmt::Display) -> String {
    let name = name.to_string();
    let is_plain = !name.contains(['~', '/']);
    if is_plain { format!("/{name}") } else { format!("/{}", name.replace('~', "~0").replace('/', "~1")) }
}

/// Returns the segments of a pointer; `None` when it is none.
pub(crate) fn segments(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect())
}

/// Takes out of a value what its segments lead to.
pub(crate) fn within(mut value: Value, segments: &[String]) -> Option<Value> {
    for segment in segments {
        value = match value {
            Value::Object(mut members) => members.remove(segment)?,
            Value::Array(mut elements) => {
                let index = segment.parse::<usize>().ok().filter(|index| *index < elements.len())?;
                elements.swap_remove(index)
            }
            _ => return None,
        };
    }
    Some(value)
}
