//! Places in a record, as `header:x`, `key:/pointer` or `value:/pointer`.

use super::keys::CORRELATION;
use super::model::{Correlation, Source};
use crate::document::{Fields, Node, Problems, shown};

pub(super) fn correlation(node: &Node, problems: &mut Problems) -> Correlation {
    let mut correlation = Correlation::default();
    let Some(fields) = Fields::open(node, &CORRELATION, problems) else { return correlation };
    let mut read = |name: &'static str, slot: &mut Source| {
        let Some(text) = fields.text(name, problems) else { return };
        let place = fields.node(name).map(|node| node.place.clone()).unwrap_or_default();
        match source(&text) {
            Some(Source::ProducedId) if name != "testId" => {
                problems
                    .add(&place, format!("`{name}` was `produced-id`, which only `testId` may be"))
                    .hint("write `header:NAME`, `key`, `key:/pointer`, `value:/pointer` or `none`");
            }
            Some(source) => *slot = source,
            None => {
                problems
                    .add(&place, format!("`{name}` was `{}`, not a place in a record", shown(&text)))
                    .hint("write `header:NAME`, `key`, `key:/pointer`, `value:/pointer` or `none`");
            }
        }
    };
    read("testId", &mut correlation.test_id);
    read("id", &mut correlation.id);
    read("type", &mut correlation.event_type);
    read("version", &mut correlation.version);
    correlation
}

/// Returns the place that the text names, or `None` when it names none.
pub(super) fn source(text: &str) -> Option<Source> {
    match text {
        "key" => return Some(Source::Key),
        "none" => return Some(Source::None),
        "produced-id" => return Some(Source::ProducedId),
        _ => {}
    }
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "header" if !rest.is_empty() => Some(Source::Header(rest.to_owned())),
        "key" if is_pointer(rest) => Some(Source::KeyPointer(rest.to_owned())),
        "value" if is_pointer(rest) => Some(Source::ValuePointer(rest.to_owned())),
        _ => None,
    }
}

/// RFC 6901, without the empty pointer: a whole value is no field.
fn is_pointer(text: &str) -> bool {
    let mut tildes = text.split('~').skip(1);
    text.starts_with('/') && tildes.all(|rest| rest.starts_with(['0', '1']))
}

/// Returns the text that names the place.
pub(super) fn source_text(source: &Source) -> String {
    match source {
        Source::Header(name) => format!("header:{name}"),
        Source::Key => "key".to_owned(),
        Source::KeyPointer(pointer) => format!("key:{pointer}"),
        Source::ValuePointer(pointer) => format!("value:{pointer}"),
        Source::ProducedId => "produced-id".to_owned(),
        Source::None => "none".to_owned(),
    }
}
