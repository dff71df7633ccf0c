//! YAML and JSON text as a tree in which every key and value knows its place.
//!
//! text -> [`parse`] -> [`Node`] -> [`Fields`] (by a [`Table`] of keys) -> a validated model. What is wrong on
//! the way is collected in [`Problems`], all at once. The same tables make the JSON Schemas. Pure: no files.

mod fields;
mod keys;
mod node;
mod parse;
mod problems;

pub(crate) use fields::{Fields, quoted, text_of};
pub(crate) use keys::{Key, Kind, Table, schema_document};
pub(crate) use node::{Content, Entry, Node, Origin, Place, safe_key};
pub(crate) use parse::{from_json, parse, plain_from_outside};
pub(crate) use problems::{Problems, shown};
pub(crate) use test_probe_formats::closest;
