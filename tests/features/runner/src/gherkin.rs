//! Reads feature files.
//!
//! As much of Gherkin as our features use; anything else is an error with its line. The parsers of Cucumber read the
//! same files in Java and Python, and the check of parity compares what each found in them.

use std::path::Path;

use crate::plan::Step;

/// A file, read.
#[derive(Debug, Default)]
pub(crate) struct Feature {
    pub(crate) background: Vec<Step>,
    pub(crate) scenarios: Vec<Written>,
}

/// A scenario as it is written, or an outline.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) steps: Vec<Step>,
    pub(crate) examples: Vec<Examples>,
}

/// A table of examples.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    pub(crate) columns: Vec<String>,
    /// Each row with its line.
    pub(crate) rows: Vec<(usize, Vec<String>)>,
}

/// What the lines belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Start,
    Feature,
    Background,
    Scenario,
    Examples,
}

const STEPS: [&str; 6] = ["Given ", "When ", "Then ", "And ", "But ", "* "];
const QUOTES: &str = "\"\"\"";

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Feature, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut reader = Reader { feature: Feature::default(), block: Block::Start };
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let read = match line.trim().strip_prefix(QUOTES) {
            Some("") => {
                let indent = line.len() - line.trim_start().len();
                let inside: Vec<&str> =
                    lines.by_ref().map(|(line, _)| line).take_while(|line| line.trim() != QUOTES).collect();
                reader.doc_string(inside.iter().map(|line| outdented(line, indent)).collect())
            }
            _ => reader.line(line.trim(), number),
        };
        read.map_err(|problem| format!("{}:{number}: {problem}", path.display()))?;
    }
    Ok(reader.feature)
}

struct Reader {
    feature: Feature,
    block: Block,
}

impl Reader {
    fn line(&mut self, line: &str, number: usize) -> Result<(), String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line.starts_with('|') {
            return self.row(cells(line)?, number);
        }
        if let Some(text) = STEPS.iter().find_map(|keyword| line.strip_prefix(keyword)) {
            let step = Step { text: text.trim().to_owned(), line: number, doc_string: None, table: None };
            self.steps().ok_or("a step belonged to nothing")?.push(step);
            return Ok(());
        }
        let scenario = ["Scenario:", "Scenario Outline:"].iter().find_map(|word| line.strip_prefix(word));
        self.block = if let Some(name) = scenario {
            let name = name.trim().to_owned();
            let scenario = Written { name, line: number, steps: Vec::new(), examples: Vec::new() };
            self.feature.scenarios.push(scenario);
            Block::Scenario
        } else if line.starts_with("Examples:") {
            let last = self.feature.scenarios.last_mut().ok_or("examples belonged to nothing")?;
            last.examples.push(Examples::default());
            Block::Examples
        } else if line.starts_with("Background:") {
            Block::Background
        } else if line.starts_with("Feature:") && self.block == Block::Start {
            Block::Feature
        } else if self.block == Block::Feature {
            self.block
        } else {
            return Err(format!("`{line}` was not understood"));
        };
        Ok(())
    }

    fn steps(&mut self) -> Option<&mut Vec<Step>> {
        match self.block {
            Block::Background => Some(&mut self.feature.background),
            Block::Scenario => self.feature.scenarios.last_mut().map(|scenario| &mut scenario.steps),
            Block::Start | Block::Feature | Block::Examples => None,
        }
    }

    fn row(&mut self, cells: Vec<String>, number: usize) -> Result<(), String> {
        if self.block != Block::Examples {
            let step = self.steps().and_then(|steps| steps.last_mut()).ok_or("a row belonged to nothing")?;
            step.table.get_or_insert_default().push(cells);
            return Ok(());
        }
        let examples = self.feature.scenarios.last_mut().and_then(|last| last.examples.last_mut());
        let examples = examples.ok_or("a row belonged to nothing")?;
        if examples.columns.is_empty() {
            examples.columns = cells;
        } else {
            examples.rows.push((number, cells));
        }
        Ok(())
    }

    fn doc_string(&mut self, lines: Vec<&str>) -> Result<(), String> {
        let step = self.steps().and_then(|steps| steps.last_mut());
        step.ok_or("a doc string belonged to nothing")?.doc_string = Some(lines.join("\n"));
        Ok(())
    }
}

/// Takes away as much of a line's blanks as there are before the quotes.
fn outdented(line: &str, indent: usize) -> &str {
    let blanks = line.len() - line.trim_start().len();
    &line[indent.min(blanks)..]
}

/// Splits a row; `\|`, `\\` and `\n` stand for what cannot stand in a cell.
fn cells(line: &str) -> Result<Vec<String>, String> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    let mut letters = inner.ok_or("a row did not end in `|`")?.chars();
    let (mut cells, mut cell) = (Vec::new(), String::new());
    while let Some(letter) = letters.next() {
        match letter {
            '|' => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            '\\' => match letters.next() {
                Some('n') => cell.push('\n'),
                Some(escaped @ ('|' | '\\')) => cell.push(escaped),
                Some(other) => cell.extend(['\\', other]),
                None => return Err("a row did not end in `|`".to_owned()),
            },
            letter => cell.push(letter),
        }
    }
    cells.push(cell.trim().to_owned());
    Ok(cells)
}
