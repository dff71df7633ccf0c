//! Cucumber Expressions as regular ones: as much of them as the texts of our steps use.

use std::collections::HashMap;

use regex::Regex;

/// A text in quotes, single or double.
const STRING: &str = r#"(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^'\\]*(?:\\.[^'\\]*)*)')"#;

/// What a text of a step matches.
#[derive(Debug)]
pub(crate) struct Expression {
    pattern: Regex,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
}

/// A parameter of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    Text(String),
    Number(i64),
}

impl Expression {
    /// Reads an expression; `types` has the regular expressions of parameter types of our own.
    pub(crate) fn new(text: &str, types: &HashMap<String, String>) -> Result<Self, String> {
        let mut kinds = Vec::new();
        let words: Result<Vec<String>, String> =
            text.split(' ').map(|word| of_word(word, types, &mut kinds)).collect();
        let pattern = Regex::new(&format!("^{}$", words?.join(" ")));
        Ok(Self { pattern: pattern.map_err(|error| format!("`{text}`: {error}"))?, kinds })
    }

    /// Returns the arguments of a step that has this text.
    pub(crate) fn arguments(&self, step: &str) -> Option<Vec<Argument>> {
        let captures = self.pattern.captures(step)?;
        // A text in quotes is one of two groups; of each parameter one group has matched.
        let groups = captures.iter().skip(1).flatten().map(|group| group.as_str());
        let argument = |(group, kind): (&str, &Kind)| match kind {
            Kind::Text => Some(Argument::Text(group.replace("\\\"", "\""))),
            Kind::Number => group.parse().ok().map(Argument::Number),
        };
        groups.zip(&self.kinds).map(argument).collect()
    }
}

/// Between two blanks a slash parts alternatives.
fn of_word(word: &str, types: &HashMap<String, String>, kinds: &mut Vec<Kind>) -> Result<String, String> {
    let alternatives: Result<Vec<String>, String> =
        word.split('/').map(|part| of_part(part, types, kinds)).collect();
    let alternatives = alternatives?;
    Ok(match alternatives.as_slice() {
        [only] => only.clone(),
        several => format!("(?:{})", several.join("|")),
    })
}

/// Letters, `(s)` for what may be missing, `{int}` for a parameter.
fn of_part(part: &str, types: &HashMap<String, String>, kinds: &mut Vec<Kind>) -> Result<String, String> {
    let mut pattern = String::new();
    let mut rest = part;
    while let Some(at) = rest.find(['(', '{']) {
        let (before, opened) = rest.split_at(at);
        pattern.push_str(&regex::escape(before));
        let close = if opened.starts_with('(') { ')' } else { '}' };
        let (inside, after) =
            opened[1..].split_once(close).ok_or_else(|| format!("`{part}` did not end in `{close}`"))?;
        if close == ')' {
            pattern.push_str(&format!("(?:{})?", regex::escape(inside)));
        } else {
            let (kind, of_type) = match inside {
                "string" => (Kind::Text, STRING.to_owned()),
                "int" => (Kind::Number, r"(-?\d+)".to_owned()),
                own => {
                    let found = types.get(own).ok_or_else(|| format!("`{{{own}}}` is no parameter type"))?;
                    (Kind::Text, format!("({found})"))
                }
            };
            kinds.push(kind);
            pattern.push_str(&of_type);
        }
        rest = after;
    }
    Ok(pattern + &regex::escape(rest))
}
