//! Compatibility levels and modes, of subjects, of contexts and of everything.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use test_probe_formats::Level;

use super::answer::{Refusal, Result};
use super::subject::Subject;

/// What may be done to subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    ReadWrite,
    ReadOnly,
    ReadOnlyOverride,
    Import,
    Forward,
}

const MODES: &[(&str, Mode)] = &[
    ("READWRITE", Mode::ReadWrite),
    ("READONLY", Mode::ReadOnly),
    ("READONLY_OVERRIDE", Mode::ReadOnlyOverride),
    ("IMPORT", Mode::Import),
    ("FORWARD", Mode::Forward),
];

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        MODES.iter().find(|(_, mode)| *mode == self).map_or("", |(name, _)| name)
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        MODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, mode)| *mode)
    }

    pub(crate) fn is_read_only(self) -> bool {
        matches!(self, Self::ReadOnly | Self::ReadOnlyOverride)
    }

    /// Whether ids may be given, and compatibility is not looked at.
    pub(crate) fn is_import(self) -> bool {
        matches!(self, Self::Import | Self::Forward)
    }
}

/// The keys of a configuration, beside that of the level, which has two names.
const KEYS: &[&str] = &[
    "alias",
    "normalize",
    "validateFields",
    "validateNewSchemas",
    "validateRules",
    "compatibilityPolicy",
    "compatibilityGroup",
    "defaultMetadata",
    "overrideMetadata",
    "defaultRuleSet",
    "overrideRuleSet",
];
/// What the level is called in answers to `GET`.
const LEVEL: &str = "compatibilityLevel";
/// What the level is called in `PUT` and its answer.
const LEVEL_PUT: &str = "compatibility";

/// A configuration, with the level under the name of `GET`.
pub(crate) type Config = Map<String, Value>;

/// All settings of a registry.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    configs: BTreeMap<Subject, Config>,
    modes: BTreeMap<Subject, Mode>,
}

impl Settings {
    /// Returns the configuration of a subject itself; everything as a whole always has one.
    pub(crate) fn config(&self, subject: &Subject) -> Option<Config> {
        match self.configs.get(subject) {
            Some(config) => Some(with_level(config.clone())),
            None => (subject.is_top() || subject.is_global()).then(|| with_level(Config::new())),
        }
    }

    /// Returns what counts for a subject: its own, else that of its context, else that of everything.
    pub(crate) fn config_in_scope(&self, subject: &Subject) -> Config {
        let places = scope(subject);
        let found = places.iter().position(|place| self.configs.contains_key(place));
        let mut config = found.and_then(|at| self.configs.get(&places[at])).cloned().unwrap_or_default();
        if found == Some(0)
            && let Some(top) = self.configs.get(&Subject::top())
        {
            for (key, value) in top.iter().filter(|(key, _)| *key != "alias" && *key != LEVEL) {
                config.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        with_level(config)
    }

    pub(crate) fn level(&self, subject: &Subject) -> Level {
        let config = self.config_in_scope(subject);
        config.get(LEVEL).and_then(Value::as_str).and_then(Level::of_name).unwrap_or_default()
    }

    pub(crate) fn normalizes(&self, subject: &Subject) -> bool {
        self.config_in_scope(subject).get("normalize") == Some(&Value::Bool(true))
    }

    /// Changes what a request says, and leaves the rest; null takes a setting away. Returns the configuration as the
    /// answer to `PUT` tells it.
    pub(crate) fn configure(&mut self, subject: Subject, asked: &Map<String, Value>) -> Result<Config> {
        let level = asked.get(LEVEL_PUT).map(read_level).transpose()?;
        let config = self.configs.entry(subject).or_default();
        let changes = KEYS.iter().filter_map(|key| Some((*key, asked.get(*key)?.clone())));
        for (key, value) in changes.chain(level.map(|level| (LEVEL, level))) {
            match value {
                Value::Null => config.remove(key),
                value => config.insert(key.to_owned(), value),
            };
        }
        let mut told = config.clone();
        if let Some(level) = told.remove(LEVEL) {
            told.insert(LEVEL_PUT.to_owned(), level);
        }
        Ok(told)
    }

    /// Takes the configuration of a subject away.
    pub(crate) fn unconfigure(&mut self, subject: &Subject) {
        self.configs.remove(subject);
    }

    /// Returns the mode of a subject itself; everything as a whole always has one.
    pub(crate) fn mode(&self, subject: &Subject) -> Option<Mode> {
        let default = (subject.is_top() || subject.is_global()).then_some(Mode::ReadWrite);
        self.modes.get(subject).copied().or(default)
    }

    pub(crate) fn mode_in_scope(&self, subject: &Subject) -> Mode {
        scope(subject).iter().find_map(|place| self.modes.get(place)).copied().unwrap_or(Mode::ReadWrite)
    }

    pub(crate) fn set_mode(&mut self, subject: Subject, mode: Option<Mode>) {
        match mode {
            Some(mode) => self.modes.insert(subject, mode),
            None => self.modes.remove(&subject),
        };
    }

    /// Takes the modes of all subjects of a context away.
    pub(crate) fn forget_modes_of(&mut self, context: &str) {
        self.modes.retain(|subject, _| subject.context != context);
    }
}

/// Returns where settings of a subject are looked for, in this order.
fn scope(subject: &Subject) -> [Subject; 3] {
    [subject.clone(), subject.whole_context(), Subject::global()]
}

fn with_level(mut config: Config) -> Config {
    config.entry(LEVEL).or_insert_with(|| Level::default().name().into());
    config
}

fn read_level(value: &Value) -> Result<Value> {
    match value {
        Value::Null => Ok(Value::Null),
        value => {
            let level = value.as_str().and_then(Level::of_name).ok_or_else(Refusal::invalid_level)?;
            Ok(level.name().into())
        }
    }
}
