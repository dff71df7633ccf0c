//! JSON pointers (RFC 6901) for reading and writing envelope fields.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Returns a string's text, or the JSON text of a number or a bool; nothing else is an envelope field.
pub(crate) fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the envelope field that a value is which may be nobody else's.
pub(crate) fn field_text(value: Cow<'_, Value>) -> Option<Cow<'_, str>> {
    match value {
        Cow::Borrowed(value) => scalar_text(value),
        Cow::Owned(Value::String(text)) => Some(Cow::Owned(text)),
        Cow::Owned(value) => scalar_text(&value).map(|text| Cow::Owned(text.into_owned())),
    }
}

/// Writes text at a pointer when nothing, not even a null, is there. Creates objects on the way;
/// an array must have the element already. Returns whether it was written.
pub(crate) fn insert_absent(root: &mut Value, pointer: &str, text: &str) -> bool {
    let Some(path) = pointer.strip_prefix('/') else { return false };
    let mut place = root;
    let mut tokens = path.split('/').map(unescaped).peekable();
    while let Some(token) = tokens.next() {
        let is_last = tokens.peek().is_none();
        place = match place {
            Value::Object(members) if is_last => {
                if members.contains_key(&*token) {
                    return false;
                }
                members.insert(token.into_owned(), Value::String(text.to_owned()));
                return true;
            }
            Value::Object(members) => {
                members.entry(token.into_owned()).or_insert_with(|| Value::Object(Map::new()))
            }
            Value::Array(elements) => {
                match token.parse::<usize>().ok().and_then(|index| elements.get_mut(index)) {
                    Some(element) => element,
                    None => return false,
                }
            }
            _ => return false,
        };
    }
    false
}

fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_creates_the_objects_on_its_way() {
        let mut root = json!({"a": 1, "list": [{}]});
        assert!(insert_absent(&mut root, "/meta/trace/test~1id", "t"));
        assert!(insert_absent(&mut root, "/list/0/id", "t"));
        assert_eq!(root, json!({"a": 1, "list": [{"id": "t"}], "meta": {"trace": {"test/id": "t"}}}));
    }

    #[test]
    fn a_pointer_never_overwrites_what_is_there() {
        let mut root = json!({"a": 1, "n": null, "list": []});
        for pointer in ["", "/a", "/a/b", "/n", "/n/b", "/list/0", "/list/0/b", "a"] {
            assert!(!insert_absent(&mut root, pointer, "t"), "{pointer}");
        }
        assert_eq!(root, json!({"a": 1, "n": null, "list": []}));
    }
}
