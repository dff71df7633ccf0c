//! Reading one field, and passing by what stands before it.

use super::decode::{DURATION, deeper, read, skip};
use super::logical::Logical;
use super::model::{Graph, Id, Kind};
use super::sink::Sink;
use super::wire::{Block, Cursor};
use crate::fault::Faulty;
use crate::pointer::{index, split};

/// Reads what a JSON pointer leads to below a value of the type `id`; `None` when there is no such thing. What comes
/// behind stays unread, but for the rest of a map: of entries with one key the last one counts.
pub(super) fn find<S: Sink>(
    graph: &Graph,
    id: Id,
    from: &mut Cursor<'_>,
    pointer: &str,
    sink: &mut S,
    depth: u32,
) -> Faulty<Option<S::Item>> {
    if pointer.is_empty() {
        return read(graph, id, from, sink, depth).map(Some);
    }
    let Some((key, below)) = split(pointer) else { return Ok(None) };
    let depth = deeper(depth)?;
    let node = &graph.nodes[id];
    match &node.kind {
        Kind::Union(branches) => {
            let branch = branches[from.index(branches.len(), "branch")?];
            find(graph, branch, from, pointer, sink, depth)
        }
        Kind::Record(record) => {
            for field in &record.fields {
                if field.name == *key {
                    return find(graph, field.node, from, below, sink, depth)
                        .map_err(|fault| fault.within(key));
                }
                skip(graph, field.node, from, depth).map_err(|fault| fault.within(&field.name))?;
            }
            Ok(None)
        }
        Kind::Array { items, free } => match index(&key) {
            Some(wanted) if reach(graph, *items, from, *free, wanted, depth)? => {
                find(graph, *items, from, below, sink, depth).map_err(|fault| fault.within(key))
            }
            _ => Ok(None),
        },
        Kind::Map(inner) => match last(graph, *inner, from, &key, depth)? {
            Some(mut found) => {
                find(graph, *inner, &mut found, below, sink, depth).map_err(|fault| fault.within(key))
            }
            None => Ok(None),
        },
        Kind::Fixed(..) if node.logical == Some(Logical::Duration) && below.is_empty() => {
            let parts: [[u8; 4]; 3] = [from.array()?, from.array()?, from.array()?];
            let place = DURATION.into_iter().position(|part| part == key);
            Ok(place.map(|place| sink.integer(u32::from_le_bytes(parts[place]).into())))
        }
        _ => Ok(None),
    }
}

/// Passes by the items before the wanted one; returns whether there is such a one.
fn reach(
    graph: &Graph,
    items: Id,
    from: &mut Cursor<'_>,
    free: u32,
    mut wanted: usize,
    depth: u32,
) -> Faulty<bool> {
    loop {
        let Block { count, size, .. } = from.block(free)?;
        match size {
            _ if count == 0 => return Ok(false),
            Some(size) if wanted >= count => drop(from.take(size)?),
            _ => {
                for _ in 0..count.min(wanted) {
                    skip(graph, items, from, depth)?;
                }
                if wanted < count {
                    return Ok(true);
                }
            }
        }
        wanted -= count;
    }
}

/// Returns what is left of the payload where the last entry with a key begins.
fn last<'p>(
    graph: &Graph,
    inner: Id,
    from: &mut Cursor<'p>,
    wanted: &str,
    depth: u32,
) -> Faulty<Option<Cursor<'p>>> {
    let mut found = None;
    loop {
        let block = from.block(0)?;
        if block.count == 0 {
            return Ok(found);
        }
        for _ in 0..block.count {
            if from.bytes()? == wanted.as_bytes() {
                found = Some(from.clone());
            }
            skip(graph, inner, from, depth)?;
        }
    }
}
