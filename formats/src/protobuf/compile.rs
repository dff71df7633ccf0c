//! The text of a `.proto` file as descriptors. Imports are the references and the files that everybody has; no file
//! system is ever looked at.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DescriptorPool, FileDescriptor};
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use super::common::COMMON;
use super::layout::{Layout, layout};
use crate::fault::{Fault, FaultKind};
use crate::source::SchemaSource;

/// The name of the file that is compiled. It has no `.proto`, so that no reference is called so.
const ROOT: &str = "schema";

/// What a file compiles to.
pub(super) struct Compiled {
    /// The file itself; its pool has the imports.
    pub(super) file: FileDescriptor,
    /// Its messages as message indexes count them.
    pub(super) layout: Layout,
}

/// Compiles a schema with its references.
pub(super) fn compile(source: &SchemaSource) -> Result<Compiled, Fault> {
    let mut texts = HashMap::new();
    collect(source, &mut texts);
    let root = open(ROOT, &source.text).map_err(|error| explain(&error))?;
    let layout = layout(root.file_descriptor_proto());
    let mut resolver = ChainFileResolver::new();
    resolver.add(Root(root));
    resolver.add(References(texts));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file(ROOT).map_err(|error| explain(&error))?;
    let pool: DescriptorPool = compiler.descriptor_pool();
    match pool.get_file_by_name(ROOT) {
        Some(file) => Ok(Compiled { file, layout }),
        None => Err(Fault::new(FaultKind::Schema, "the file was lost on the way")),
    }
}

/// Collects the texts of all references by name. A reference may be met often, each name is taken once.
fn collect(source: &SchemaSource, texts: &mut HashMap<String, String>) {
    for reference in &source.references {
        if !texts.contains_key(&reference.name) {
            texts.insert(reference.name.clone(), reference.source.text.clone());
            collect(&reference.source, texts);
        }
    }
}

struct Root(File);

impl FileResolver for Root {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == ROOT { Ok(self.0.clone()) } else { Err(protox::Error::file_not_found(name)) }
    }
}

struct References(HashMap<String, String>);

impl FileResolver for References {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if let Some(text) = self.0.get(name) {
            return open(name, text);
        }
        match COMMON.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// Reads a `.proto` text, or a serialized `FileDescriptorProto` in base64, as registries answer `format=serialized`.
fn open(name: &str, text: &str) -> Result<File, protox::Error> {
    let serialized = STANDARD.decode(text.trim()).ok().filter(|bytes| !bytes.is_empty());
    let Some(mut bytes) = serialized else { return File::from_source(name, text) };
    // The file's own name is not the one that it is imported by. Field 1 is the name, and the last one counts.
    bytes.push(0x0a);
    super::wire::put_varint(&mut bytes, name.len() as u64);
    bytes.extend_from_slice(name.as_bytes());
    File::decode_file_descriptor_proto(bytes.as_slice()).map_err(protox::Error::new)
}

/// Says what the compiler found, with the place where it did.
fn explain(error: &protox::Error) -> Fault {
    // Debug is `file:line:column: what`, or `what` where there is no place.
    let text = format!("{error:?}").replace('\'', "`").replace('\n', " ");
    let text = text.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix(':')).map_or_else(
        || text.clone(),
        |rest| match rest.splitn(3, ':').collect::<Vec<_>>()[..] {
            [line, column, what] => format!("line {line}, column {column}:{what}"),
            _ => rest.trim().to_owned(),
        },
    );
    let fault = Fault::new(FaultKind::Schema, format!("the `.proto` file did not compile: {text}"));
    match error.is_file_not_found() {
        true => {
            fault.hint("register the imported file, and refer to it under the path by which it is imported")
        }
        false => fault,
    }
}
