//! JSON pointers (RFC 6901).

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

/// Returns a name or an index as a segment of a pointer, with the slash before it.
pub(crate) fn segment(name: impl fmt::Display) -> String {
    let name = name.to_string();
    let is_plain = !name.contains(['~', '/']);
    if is_plain { format!("/{name}") } else { format!("/{}", name.replace('~', "~0").replace('/', "~1")) }
}

/// Returns the first key of a pointer, and the pointer below it; `None` when there is none.
pub(crate) fn split(pointer: &str) -> Option<(Cow<'_, str>, &str)> {
    let path = pointer.strip_prefix('/')?;
    let (key, below) = path.split_at(path.find('/').unwrap_or(path.len()));
    let key = if key.contains('~') { key.replace("~1", "/").replace("~0", "~").into() } else { key.into() };
    Some((key, below))
}

/// Returns the index that a key writes; a leading zero or a sign makes it none.
pub(crate) fn index(key: &str) -> Option<usize> {
    let digits = key.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (key == "0" || !key.starts_with('0'))).then(|| key.parse().ok())?
}

/// Returns the segments of a pointer; `None` when it is none.
pub(crate) fn segments(pointer: &str) -> Option<Vec<String>> {
    let (mut found, mut rest) = (Vec::new(), pointer);
    while !rest.is_empty() {
        let (key, below) = split(rest)?;
        found.push(key.into_owned());
        rest = below;
    }
    Some(found)
}

/// Takes out of a value what its segments lead to.
pub(crate) fn within(mut value: Value, segments: &[String]) -> Option<Value> {
    for segment in segments {
        value = match value {
            Value::Object(mut members) => members.remove(segment)?,
            Value::Array(mut elements) => {
                let index = index(segment).filter(|index| *index < elements.len())?;
                elements.swap_remove(index)
            }
            _ => return None,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{segment, segments, within};

    #[test]
    fn a_pointer_is_what_its_segments_make() {
        for (pointer, keys) in [
            ("", &[][..]),
            ("/", &[""]),
            ("/a/0", &["a", "0"]),
            ("/a~1b/~0/~01", &["a/b", "~", "~1"]),
            ("//x", &["", "x"]),
        ] {
            assert_eq!(segments(pointer).unwrap(), keys, "{pointer}");
            assert_eq!(keys.iter().map(segment).collect::<String>(), pointer);
        }
        assert_eq!(segments("a"), None);
    }

    #[test]
    fn an_element_is_found_by_its_index_and_by_no_other_spelling_of_it() {
        let found = |pointer: &str| within(json!({"a": [7, 8], "01": 9}), &segments(pointer).unwrap());
        assert_eq!(found("/a/1"), Some(json!(8)));
        assert_eq!(found("/01"), Some(json!(9)));
        for wrong in ["/a/01", "/a/+1", "/a/-1", "/a/2", "/a/", "/b", "/01/0"] {
            assert_eq!(found(wrong), None, "{wrong}");
        }
    }
}
