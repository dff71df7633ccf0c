//! The texts of the steps, for the step libraries of Java and Python.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::{Failure, read};

const SOURCE: &str = "tests/features/steps.json";
/// The width of a line in ruff.toml.
const PYTHON_WIDTH: usize = 110;

/// What `tests/features/steps.json` holds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Steps {
    parameter_types: Vec<ParameterType>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct ParameterType {
    name: String,
    regexps: Vec<String>,
    does: String,
}

#[derive(Deserialize)]
struct Step {
    name: String,
    text: String,
    does: String,
    scope: Option<String>,
}

impl Steps {
    /// Reads the file.
    pub(crate) fn load(root: &Path) -> Result<Self, Failure> {
        let text = read(&root.join(SOURCE))?;
        serde_json::from_str(&text).map_err(|error| format!("{SOURCE}: {error}"))
    }

    /// The steps that the libraries ship; the others belong to our own features.
    fn shipped(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.scope.is_none())
    }

    /// Returns `StepTexts.java`.
    pub(crate) fn java(&self, command: &str) -> String {
        let mut text = format!(
            "package io.testprobe.cucumber;\n\n\
             /**\n * The texts of the steps.\n *\n \
             * <p>Generated from {{@code {SOURCE}}} by {{@code {command}}}: do not edit.\n */\n\
             final class StepTexts {{\n"
        );
        for kind in &self.parameter_types {
            let _ = writeln!(text, "  /** {} */", javadoc(&kind.does));
            let _ = writeln!(
                text,
                "  static final String {} = \"{}\";\n",
                screaming(&kind.name),
                kind.regexps.join("|").replace('\\', "\\\\")
            );
        }
        for step in self.shipped() {
            let _ = writeln!(text, "  /** {} */", javadoc(&step.does));
            let _ = writeln!(
                text,
                "  static final String {} =\n      \"{}\";\n",
                step.name.to_uppercase(),
                step.text
            );
        }
        text + "  private StepTexts() {}\n}\n"
    }

    /// Returns `texts.py`.
    pub(crate) fn python(&self, command: &str) -> String {
        let mut text = format!(
            "\"\"\"The texts of the steps. Generated from `{SOURCE}` by\n`{command}`: do not edit.\n\"\"\"\n\n\
             from __future__ import annotations\n\nfrom typing import Final\n\n"
        );
        for kind in &self.parameter_types {
            let _ = writeln!(text, "{}: Final = (", screaming(&kind.name));
            for regexp in &kind.regexps {
                let _ = writeln!(text, "    r\"{regexp}\",");
            }
            let _ = writeln!(text, ")\n\"\"\"{}\"\"\"\n", kind.does);
        }
        for step in self.shipped() {
            let name = step.name.to_uppercase();
            let line = format!("{name}: Final = \"{}\"", step.text);
            let fits = line.len() <= PYTHON_WIDTH;
            let _ = if fits {
                writeln!(text, "{line}")
            } else {
                writeln!(text, "{name}: Final = (\n    \"{}\"\n)", step.text)
            };
        }
        text
    }
}

/// `probeDuration` becomes `PROBE_DURATION`.
fn screaming(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push('_');
        }
        words.push(letter.to_ascii_uppercase());
    }
    words
}

/// Text as it may stand in a comment of Java.
fn javadoc(text: &str) -> String {
    text.replace('`', "\"").replace('<', "&lt;")
}
