//! A value that a schema allows for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::logical::Logical;
use super::model::{Graph, Id, Kind};

/// A value that needs more than this never ends.
const DEEPEST: u32 = 32;

/// Returns the plainest value of a type; `None` when every value of it is endless.
pub(super) fn of(graph: &Graph, id: Id) -> Option<Value> {
    at(graph, id, DEEPEST)
}

fn at(graph: &Graph, id: Id, depth: u32) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let node = &graph.nodes[id];
    match &node.logical {
        Some(Logical::Decimal { .. }) => return Some(json!("0")),
        Some(Logical::Uuid) => return Some(json!("00000000-0000-0000-0000-000000000000")),
        Some(Logical::Duration) => return Some(json!({"months": 0, "days": 0, "millis": 0})),
        Some(Logical::Date | Logical::Time(_) | Logical::Timestamp { .. }) | None => {}
    }
    Some(match &node.kind {
        Kind::Null => Value::Null,
        Kind::Boolean => json!(false),
        Kind::Int | Kind::Long => json!(0),
        Kind::Float | Kind::Double => json!(0.0),
        Kind::Bytes | Kind::String => json!(""),
        Kind::Fixed(_, size) => STANDARD.encode(vec![0; *size]).into(),
        Kind::Enum(one) => one.symbols.first()?.as_str().into(),
        Kind::Array { .. } => json!([]),
        Kind::Map(_) => json!({}),
        Kind::Union(branches) => branches.iter().find_map(|branch| at(graph, *branch, depth))?,
        Kind::Record(record) => {
            let needed = record.fields.iter().filter(|field| field.default.is_none());
            let members = needed.map(|field| Some((field.name.clone(), at(graph, field.node, depth)?)));
            Value::Object(members.collect::<Option<Map<_, _>>>()?)
        }
    })
}
