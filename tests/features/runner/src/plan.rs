//! What there is to run: every scenario of every file, outlines row by row.

use std::path::Path;

use gherkin::{Examples, Feature, GherkinEnv, Step as Written};

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
        let feature = Feature::parse_path(&file, GherkinEnv::default()).map_err(|error| error.to_string())?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        of_feature(&name, &feature, &mut scenarios);
    }
    Ok(scenarios)
}

fn of_feature(file: &str, feature: &Feature, scenarios: &mut Vec<Scenario>) {
    let groups = std::iter::once((None, &feature.scenarios))
        .chain(feature.rules.iter().map(|rule| (rule.background.as_ref(), &rule.scenarios)));
    for (background, written) in groups {
        let before: Vec<&Written> =
            [feature.background.as_ref(), background].into_iter().flatten().flat_map(|b| &b.steps).collect();
        for scenario in written {
            let steps: Vec<Step> = before.iter().copied().chain(&scenario.steps).map(step).collect();
            let one = Scenario {
                feature: file.to_owned(),
                name: scenario.name.clone(),
                line: scenario.position.line,
                steps,
            };
            if scenario.examples.is_empty() {
                scenarios.push(one);
            } else {
                scenarios.extend(scenario.examples.iter().flat_map(|examples| of_examples(&one, examples)));
            }
        }
    }
}

/// Returns the scenario of each row, its placeholders filled.
fn of_examples(outline: &Scenario, examples: &Examples) -> Vec<Scenario> {
    let Some(table) = &examples.table else { return Vec::new() };
    let Some((names, rows)) = table.rows.split_first() else { return Vec::new() };
    let filled = |row: &Vec<String>, line| {
        let fill = |text: &str| {
            let mut text = text.to_owned();
            for (name, cell) in names.iter().zip(row) {
                text = text.replace(&format!("<{name}>"), cell);
            }
            text
        };
        let step = |step: &Step| Step {
            text: fill(&step.text),
            line: step.line,
            doc_string: step.doc_string.as_deref().map(fill),
            table: step
                .table
                .as_ref()
                .map(|rows| rows.iter().map(|row| row.iter().map(|cell| fill(cell)).collect()).collect()),
        };
        Scenario {
            feature: outline.feature.clone(),
            name: fill(&outline.name),
            line,
            steps: outline.steps.iter().map(step).collect(),
        }
    };
    rows.iter().zip(table.position.line + 1..).map(|(row, line)| filled(row, line)).collect()
}

fn step(written: &Written) -> Step {
    Step {
        text: written.value.clone(),
        line: written.position.line,
        doc_string: written.docstring.as_deref().map(between_its_quotes),
        table: written.table.as_ref().map(|table| table.rows.clone()),
    }
}

/// The parser keeps the line breaks after the opening and before the closing quotes.
fn between_its_quotes(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    text.trim_end_matches(' ').strip_suffix('\n').unwrap_or(text).to_owned()
}
