//! Chores of the workspace, each one command: `cargo run -p xtask -- COMMAND`.
//!
//! `codegen` writes the generated files, `check` fails when one is stale, `tidy` checks the house
//! rules, `capi --out DIR [--profile dev|release]` lays out the C package, `symbols --write LIBRARY`
//! renews the snapshot of what its library exports, with which `capi` compares.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod capi;
mod codegen;
mod header;
mod java;
mod shapes;
mod steps;
mod tidy;

/// What went wrong, for the terminal.
type Failure = String;

const USAGE: &str = "usage: cargo run -p xtask -- codegen | check | tidy | capi --out DIR [--profile dev|release] | symbols --write LIBRARY";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["codegen"] => codegen::write(root()),
        ["check"] => codegen::check(root()),
        ["tidy"] => tidy::check(root()),
        ["capi", "--out", out] => capi::lay_out(root(), Path::new(out), "release"),
        ["capi", "--out", out, "--profile", profile] => capi::lay_out(root(), Path::new(out), profile),
        ["symbols", "--write", library] => capi::write_symbols(root(), Path::new(library)),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the root of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| format!("`{}` could not be read: {error}", path.display()))
}

/// Writes a file, with its folders, unless it is as it should be.
fn write(path: &Path, content: &str) -> Result<(), Failure> {
    if std::fs::read_to_string(path).is_ok_and(|now| now == content) {
        return Ok(());
    }
    let failed = |error: std::io::Error| format!("`{}` could not be written: {error}", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    std::fs::write(path, content).map_err(failed)?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Returns every file below a folder with one of these endings, sorted.
fn files(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| format!("`{}` could not be listed: {error}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
