//! What there is to run: every scenario of every file, outlines row by row.

use std::path::Path;

use crate::gherkin::{self, Examples, Feature};

/// A scenario, ready to run: the steps of backgrounds come first, and a row of an outline is one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The name of the file.
    pub(crate) feature: String,
    pub(crate) name: String,
    /// Where it stands, or the row of its example.
    pub(crate) line: usize,
    pub(crate) steps: Vec<Step>,
}

/// A step as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) text: String,
    pub(crate) line: usize,
    pub(crate) doc_string: Option<String>,
    /// Rows, the first of them the names of the columns.
    pub(crate) table: Option<Vec<Vec<String>>>,
}

impl Scenario {
    /// Returns whether its file or its name holds one of the words; yes where there are none.
    pub(crate) fn is_chosen(&self, words: &[String]) -> bool {
        words.is_empty()
            || words.iter().any(|word| self.feature.contains(word) || self.name.contains(word.as_str()))
    }
}

/// Reads every feature of a folder, in the order of their names.
pub(crate) fn scenarios(folder: &Path) -> Result<Vec<Scenario>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "feature"))
        .collect();
    files.sort();
    let mut scenarios = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        of_feature(&name, gherkin::read(&file)?, &mut scenarios);
    }
    Ok(scenarios)
}

fn of_feature(file: &str, feature: Feature, scenarios: &mut Vec<Scenario>) {
    for written in feature.scenarios {
        let one = Scenario {
            feature: file.to_owned(),
            name: written.name,
            line: written.line,
            steps: feature.background.iter().cloned().chain(written.steps).collect(),
        };
        if written.examples.is_empty() {
            scenarios.push(one);
        } else {
            scenarios.extend(written.examples.iter().flat_map(|examples| of_examples(&one, examples)));
        }
    }
}

/// Returns the scenario of each row, its placeholders filled.
fn of_examples<'a>(
    outline: &'a Scenario,
    examples: &'a Examples,
) -> impl Iterator<Item = Scenario> + use<'a> {
    examples.rows.iter().map(|(line, row)| {
        let fill = |text: &str| {
            let mut text = text.to_owned();
            for (name, cell) in examples.columns.iter().zip(row) {
                text = text.replace(&format!("<{name}>"), cell);
            }
            text
        };
        let fill_row = |row: &Vec<String>| row.iter().map(|cell| fill(cell)).collect();
        let step = |step: &Step| Step {
            text: fill(&step.text),
            line: step.line,
            doc_string: step.doc_string.as_deref().map(fill),
            table: step.table.as_ref().map(|rows| rows.iter().map(fill_row).collect()),
        };
        Scenario {
            feature: outline.feature.clone(),
            name: fill(&outline.name),
            line: *line,
            steps: outline.steps.iter().map(step).collect(),
        }
    })
}
