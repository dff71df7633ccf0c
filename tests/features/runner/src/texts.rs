//! The texts of the steps, read from `steps.json` as any step library would.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::Deserialize;

use crate::expression::{Argument, Expression};
use crate::plan::Scenario;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    parameter_types: Vec<ParameterType>,
    steps: Vec<Entry>,
}

#[derive(Deserialize)]
struct ParameterType {
    name: String,
    regexps: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    text: String,
    scope: Option<String>,
    #[serde(default)]
    outside: bool,
}

/// Every step.
pub(crate) struct Texts(Vec<Known>);

struct Known {
    name: String,
    expression: Expression,
    kind: Kind,
}

/// Who does a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A step of the vocabulary that users have.
    Vocabulary,
    /// A step of our own tests.
    Ours,
    /// A step of our own tests that an outside party does.
    Outside,
}

/// A step that was found by its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) kind: Kind,
}

impl Texts {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file: File =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let types: HashMap<String, String> =
            file.parameter_types.into_iter().map(|kind| (kind.name, kind.regexps.join("|"))).collect();
        let known = file.steps.into_iter().map(|entry| {
            let expression = Expression::new(&entry.text, &types)?;
            let kind = match (entry.scope.is_some(), entry.outside) {
                (false, _) => Kind::Vocabulary,
                (true, false) => Kind::Ours,
                (true, true) => Kind::Outside,
            };
            Ok(Known { name: entry.name, expression, kind })
        });
        known.collect::<Result<_, String>>().map(Self)
    }

    /// Returns the step of a text; a text that no step has, or several have, is an error.
    pub(crate) fn find(&self, text: &str) -> Result<Found, String> {
        let mut found: Vec<Found> = self.0.iter().filter_map(|known| known.read(text)).collect();
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err("the step is undefined".to_owned()),
            (Some(last), false) => {
                let names: Vec<String> = found.into_iter().chain([last]).map(|found| found.name).collect();
                Err(format!("the step is ambiguous: {}", names.join(", ")))
            }
        }
    }

    /// Returns the names of the steps of a scenario.
    pub(crate) fn used_by(&self, scenario: &Scenario) -> Vec<String> {
        scenario.steps.iter().filter_map(|step| self.find(&step.text).ok()).map(|found| found.name).collect()
    }

    /// Returns which steps no feature uses: what is not used is not proven.
    pub(crate) fn unused(&self, used: &BTreeSet<String>) -> Option<String> {
        let unused: Vec<&str> =
            self.0.iter().map(|known| known.name.as_str()).filter(|name| !used.contains(*name)).collect();
        (!unused.is_empty()).then(|| format!("no feature uses {}", unused.join(", ")))
    }
}

impl Known {
    fn read(&self, text: &str) -> Option<Found> {
        let arguments = self.expression.arguments(text)?;
        Some(Found { name: self.name.clone(), arguments, kind: self.kind })
    }
}
