//! Reading values, and passing them by.

use super::decimal;
use super::logical::Logical;
use super::model::{Graph, Id, Kind, Node};
use super::sink::Sink;
use super::wire::{Cursor, DEEPEST, fault};
use crate::fault::Faulty;

/// Reads a value of the type `id` into a sink. `depth` is how deep it is already.
pub(super) fn read<S: Sink>(
    graph: &Graph,
    id: Id,
    from: &mut Cursor<'_>,
    sink: &mut S,
    depth: u32,
) -> Faulty<S::Item> {
    let node = &graph.nodes[id];
    Ok(match &node.kind {
        Kind::Null => sink.null(),
        Kind::Boolean => sink.boolean(from.boolean()?),
        Kind::Int => sink.integer(from.int()?),
        Kind::Long => sink.integer(from.long()?),
        Kind::Float => sink.float(f32::from_le_bytes(from.array()?)),
        Kind::Double => sink.double(f64::from_le_bytes(from.array()?)),
        Kind::String => sink.text(from.text()?),
        Kind::Bytes => bytes(node, from.bytes()?, sink)?,
        Kind::Fixed(_, size) => bytes(node, from.take(*size)?, sink)?,
        Kind::Enum(one) => sink.text(&one.symbols[from.index(one.symbols.len(), "symbol")?]),
        Kind::Union(branches) => {
            let branch = branches[from.index(branches.len(), "branch")?];
            read(graph, branch, from, sink, deeper(depth)?)?
        }
        Kind::Record(record) => {
            let depth = deeper(depth)?;
            let mut object = sink.object(record.fields.len());
            for field in &record.fields {
                sink.entry(&mut object, &field.name, |sink| {
                    read(graph, field.node, from, sink, depth).map_err(|fault| fault.within(&field.name))
                })?;
            }
            sink.close(object)
        }
        Kind::Array { items, free } => list(from, sink, *free, deeper(depth)?, |from, sink, depth| {
            read(graph, *items, from, sink, depth)
        })?,
        Kind::Map(inner) => {
            map(from, sink, deeper(depth)?, |from, sink, depth| read(graph, *inner, from, sink, depth))?
        }
    })
}

/// Returns the depth of what is inside.
pub(super) fn deeper(depth: u32) -> Faulty<u32> {
    if depth < DEEPEST {
        Ok(depth + 1)
    } else {
        Err(fault(format!("the value was nested more than {DEEPEST} deep")))
    }
}

/// Reads the items of an array.
pub(super) fn list<S: Sink>(
    from: &mut Cursor<'_>,
    sink: &mut S,
    free: u32,
    depth: u32,
    mut item: impl FnMut(&mut Cursor<'_>, &mut S, u32) -> Faulty<S::Item>,
) -> Faulty<S::Item> {
    let mut block = from.block(free)?;
    let mut list = sink.list(block.count);
    let mut place = 0_usize;
    while block.count > 0 {
        for _ in 0..block.count {
            sink.element(&mut list, |sink| item(from, sink, depth).map_err(|fault| fault.within(place)))?;
            place += 1;
        }
        from.close(&block)?;
        block = from.block(free)?;
    }
    Ok(sink.close_list(list))
}

/// Reads the entries of a map; of those with one key the last one stays.
pub(super) fn map<S: Sink>(
    from: &mut Cursor<'_>,
    sink: &mut S,
    depth: u32,
    mut item: impl FnMut(&mut Cursor<'_>, &mut S, u32) -> Faulty<S::Item>,
) -> Faulty<S::Item> {
    let mut block = from.block(0)?;
    let mut object = sink.object(block.count);
    while block.count > 0 {
        for _ in 0..block.count {
            let key = from.text()?;
            sink.entry(&mut object, key, |sink| item(from, sink, depth).map_err(|fault| fault.within(key)))?;
        }
        from.close(&block)?;
        block = from.block(0)?;
    }
    Ok(sink.close(object))
}

/// Gives bytes to a sink as what they mean.
pub(super) fn bytes<S: Sink>(node: &Node, value: &[u8], sink: &mut S) -> Faulty<S::Item> {
    Ok(match node.logical {
        Some(Logical::Decimal { scale, .. }) => match decimal::text(value, scale) {
            Some(text) => sink.text(&text),
            None => return Err(fault(format!("a decimal of {} bytes was too long", value.len()))),
        },
        Some(Logical::Uuid) => sink.text(&uuid(value)),
        Some(Logical::Duration) => {
            let mut object = sink.object(3);
            for (key, part) in DURATION.into_iter().zip(value.as_chunks().0) {
                sink.entry(&mut object, key, |sink| Ok(sink.integer(u32::from_le_bytes(*part).into())))?;
            }
            sink.close(object)
        }
        _ => sink.bytes(value),
    })
}

/// The parts of a duration.
pub(super) const DURATION: [&str; 3] = ["months", "days", "millis"];

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
    }
    text
}

/// Passes by a value of the type `id`.
pub(super) fn skip(graph: &Graph, id: Id, from: &mut Cursor<'_>, depth: u32) -> Faulty<()> {
    match &graph.nodes[id].kind {
        Kind::Null => {}
        Kind::Boolean => drop(from.array::<1>()?),
        Kind::Int | Kind::Long => drop(from.long()?),
        Kind::Enum(one) => drop(from.index(one.symbols.len(), "symbol")?),
        Kind::Float => drop(from.array::<4>()?),
        Kind::Double => drop(from.array::<8>()?),
        Kind::String | Kind::Bytes => drop(from.bytes()?),
        Kind::Fixed(_, size) => drop(from.take(*size)?),
        Kind::Union(branches) => {
            let branch = branches[from.index(branches.len(), "branch")?];
            skip(graph, branch, from, deeper(depth)?)?;
        }
        Kind::Record(record) => {
            let depth = deeper(depth)?;
            for field in &record.fields {
                skip(graph, field.node, from, depth).map_err(|fault| fault.within(&field.name))?;
            }
        }
        Kind::Array { items, free } => {
            skip_blocks(from, *free, |from| skip(graph, *items, from, deeper(depth)?))?
        }
        Kind::Map(inner) => skip_blocks(from, 0, |from| {
            from.bytes()?;
            skip(graph, *inner, from, deeper(depth)?)
        })?,
    }
    Ok(())
}

/// Passes by the rest of an array or a map.
fn skip_blocks(
    from: &mut Cursor<'_>,
    free: u32,
    mut item: impl FnMut(&mut Cursor<'_>) -> Faulty<()>,
) -> Faulty<()> {
    loop {
        let block = from.block(free)?;
        match block.size {
            _ if block.count == 0 => return Ok(()),
            Some(size) => drop(from.take(size)?),
            None => {
                for _ in 0..block.count {
                    item(from)?;
                }
            }
        }
    }
}
