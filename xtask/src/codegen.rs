//! Files that say again what is said elsewhere: in the core, or in the message definitions of Kafka.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use test_probe::{Category, ErrorCode};

use crate::steps::Steps;
use crate::{Failure, header, java, read, shapes};

const COMMAND: &str = "cargo run -p xtask -- codegen";

/// Every category, in the order of the numbers.
pub(crate) const CATEGORIES: [Category; 7] = [
    Category::Usage,
    Category::Expectation,
    Category::Inconclusive,
    Category::Kafka,
    Category::Schema,
    Category::Lifecycle,
    Category::Internal,
];

/// Every generated file with its content.
fn all(root: &Path) -> Result<Vec<(&'static str, String)>, Failure> {
    let steps = Steps::load(root)?;
    Ok(vec![
        ("embedded/src/wire/shapes.rs", shapes::generate(root, COMMAND)?),
        ("include/test_probe.h", header::generate(root)?),
        ("java/test-probe/src/main/java/io/testprobe/ErrorCode.java", java::error_codes(COMMAND)),
        ("java/test-probe-cucumber/src/main/java/io/testprobe/cucumber/StepTexts.java", steps.java(COMMAND)),
        ("python/test_probe/codes.py", python()),
        ("python/test_probe/steps/texts.py", steps.python(COMMAND)),
        ("tests/vectors/error_codes.json", vector()?),
        ("schemas/directive.schema.json", format!("{:#}\n", test_probe::directive::json_schema())),
        ("schemas/config.schema.json", format!("{:#}\n", test_probe::config::json_schema())),
    ])
}

/// Writes what is stale.
pub(crate) fn write(root: &Path) -> Result<(), Failure> {
    all(root)?.iter().try_for_each(|(path, content)| crate::write(&root.join(path), content))
}

/// Fails when a file is stale, with the command that renews it.
pub(crate) fn check(root: &Path) -> Result<(), Failure> {
    let stale: Vec<&str> = all(root)?
        .into_iter()
        .filter(|(path, content)| read(&root.join(path)).as_ref() != Ok(content))
        .map(|(path, _)| path)
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("stale: {}\nrun: {COMMAND}", stale.join(", ")))
}

fn vector() -> Result<String, Failure> {
    let codes: Value = ErrorCode::ALL
        .iter()
        .map(|code| {
            json!({
                "code": code.number(), "name": code.name(), "category": code.category().name(),
                "retriable": code.retriable(), "summary": code.summary(),
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&json!({ "generated": COMMAND, "codes": codes }));
    text.map(|text| text + "\n").map_err(|error| error.to_string())
}

fn python() -> String {
    let mut text = format!(
        "\"\"\"Every error code. Generated from the core by `{COMMAND}`: do not edit.\"\"\"\n\n\
         from __future__ import annotations\n\n\
         from enum import Enum, IntEnum\n\n\n\
         class Category(str, Enum):\n    \"\"\"What kind of trouble a code names.\"\"\"\n\n"
    );
    for category in CATEGORIES {
        let _ = writeln!(text, "    {} = \"{}\"", category.name().to_uppercase(), category.name());
    }
    text += "\n\nclass ErrorCode(IntEnum):\n    \"\"\"The number that crosses every boundary. Numbers never change their meaning.\"\"\"\n\n";
    for code in ErrorCode::ALL {
        let _ = writeln!(text, "    {} = {}\n    \"\"\"{}\"\"\"", code.name(), code.number(), code.summary());
    }
    text += "\n    def __str__(self) -> str:\n        return self.name\n";
    text += "\n    @property\n    def category(self) -> Category:\n        \"\"\"The category, which decides the exception class.\"\"\"\n        return _CATEGORIES[self]\n";
    text += "\n    @property\n    def retriable(self) -> bool:\n        \"\"\"Whether the same call may succeed later.\"\"\"\n        return self in _RETRIABLE\n";
    text += "\n\n_CATEGORIES: dict[ErrorCode, Category] = {\n";
    for code in ErrorCode::ALL {
        let category = code.category().name().to_uppercase();
        let _ = writeln!(text, "    ErrorCode.{}: Category.{category},", code.name());
    }
    text += "}\n\n_RETRIABLE: frozenset[ErrorCode] = frozenset(\n    {\n";
    for code in ErrorCode::ALL.iter().filter(|code| code.retriable()) {
        let _ = writeln!(text, "        ErrorCode.{},", code.name());
    }
    text += "    }\n)\n";
    text
}
