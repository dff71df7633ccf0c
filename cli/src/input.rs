//! Files that commands are given; `-` is standard input.

use std::io::Read;
use std::path::Path;

use serde_json::Value;
use test_probe::ProbeError;

use crate::exit::Failure;

/// Longer than any document may be; what is longer is refused by whoever reads it.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Reads a file, or standard input.
pub(crate) fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let read = if is_stdin(file) {
        std::io::stdin().lock().take(LONGEST).read_to_end(&mut content)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut content))
    };
    match read {
        Ok(_) => Ok(content),
        Err(error) => Err(Failure::environment(format!("{} was not read: {}", quoted(file), error.kind()))),
    }
}

/// Reads text.
pub(crate) fn text(file: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes(file)?)
        .map_err(|_| Failure::usage(format!("{} held something that is no UTF-8 text", quoted(file))))
}

fn quoted(file: &Path) -> String {
    if is_stdin(file) { "standard input".to_owned() } else { format!("file `{}`", file.display()) }
}

/// Returns whether the name stands for standard input.
pub(crate) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Returns how a file is called in front of a line number.
pub(crate) fn label(file: &Path) -> String {
    if is_stdin(file) { "<stdin>".to_owned() } else { file.display().to_string() }
}

/// Returns everything that is wrong with a document: `{code, message, line, column, path, source, hint}` each.
pub(crate) fn problems(error: &ProbeError) -> Vec<Value> {
    match error.context().get("problems").and_then(Value::as_array) {
        Some(problems) => problems.clone(),
        None => vec![serde_json::json!({
            "code": error.code().name(), "message": error.message(), "hint": error.hint_text(),
        })],
    }
}

/// Returns a problem as compilers say it: `file:line:column: what`.
pub(crate) fn located(label: &str, problem: &Value) -> String {
    let message = problem["message"].as_str().unwrap_or_default();
    match (problem["line"].as_u64(), problem["column"].as_u64()) {
        (Some(line), Some(column)) => format!("{label}:{line}:{column}: {message}"),
        _ => match problem["source"].as_str() {
            Some(source) if source != label => format!("{label}: {source}: {message}"),
            _ => format!("{label}: {message}"),
        },
    }
}

/// Returns what is wrong with a document of the command line as one failure.
pub(crate) fn invalid(label: &str, error: &ProbeError) -> Failure {
    let problems = problems(error);
    let lines: Vec<String> = problems.iter().map(|problem| located(label, problem)).collect();
    let hints = problems.iter().filter_map(|problem| problem["hint"].as_str());
    Failure::Other {
        code: crate::exit::code_of(error.code()),
        message: lines.join("\n"),
        hint: hints
            .map(str::to_owned)
            .reduce(|all, hint| if all.contains(&hint) { all } else { format!("{all}\n{hint}") }),
    }
}
