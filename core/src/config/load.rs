//! Finding the layers.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use super::layers::{lay_over, without_root};
use super::model::Config;
use super::tree::object;
use super::{environment, read, references};
use crate::document::{self, Content, Node, Origin, Place, Problems, shown};
use crate::error::{ErrorCode, Result};

/// The file that is read when none is named and it exists.
pub const DEFAULT_FILE: &str = "test-probe.yaml";

/// The environment variable that names the file in the place of [`DEFAULT_FILE`].
pub const FILE_VARIABLE: &str = "TEST_PROBE_CONFIG";

const MAX_FILE_BYTES: u64 = 1024 * 1024 + 1;

impl Config {
    /// Loads the configuration: defaults, then the file (when `None` the one that the variable `TEST_PROBE_CONFIG`
    /// names, else `test-probe.yaml` in the working directory, if it exists), then these environment variables,
    /// then the explicit document (YAML or JSON). Each wins over the ones before it. Documents may have the root `test-probe:` or its content alone.
    ///
    /// # Errors
    /// INVALID_CONFIG (or INVALID_BOOTSTRAP_SERVERS when nothing else is wrong) with everything that is
    /// wrong at once, each with its file or variable, line, column and hint; never with a secret.
    pub fn load(
        explicit: Option<&str>,
        file: Option<&Path>,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let mut problems = Problems::new(ErrorCode::InvalidConfig);
        let named = file.or_else(|| named_by(vars));
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        let label = path.display().to_string();
        let origin = Arc::new(Origin {
            label: label.clone(),
            directory: path.parent().map(Path::to_path_buf),
            literal: false,
        });
        let text = match read_file(path) {
            Ok(text) => Some(text),
            Err(ErrorKind::NotFound) if named.is_none() => None,
            Err(kind) => {
                let message = format!("configuration file `{}` was not read: {kind}", shown(&label));
                problems.add(&Place::default(), message);
                None
            }
        };
        let layer = text.as_deref().map(|text| (text, origin));
        from_layers(explicit, layer, vars, problems)
    }

    /// Loads the configuration with the variables of this process; see [`Config::load`]. Variables that
    /// are no UTF-8 are left out.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_environment(explicit: Option<&str>, file: Option<&Path>) -> Result<Self> {
        Self::load(explicit, file, &Self::variables())
    }

    /// Returns the variables of this process that are UTF-8.
    pub(super) fn variables() -> BTreeMap<String, String> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// Returns whether a file or a variable of this process says anything, so that a test library which was told
    /// nothing does not mean the embedded cluster.
    #[must_use]
    pub fn is_stated() -> bool {
        std::env::vars_os().any(|(name, value)| {
            let known = name.to_str().is_some_and(|name| name == FILE_VARIABLE || environment::is_key(name));
            known && !value.is_empty()
        }) || Path::new(DEFAULT_FILE).exists()
    }

    /// Loads the configuration from texts alone: no file is looked for, and the file's text stands for it.
    ///
    /// # Errors
    /// As [`Config::load`].
    ///
    /// ```
    /// let explicit = r#"{"kafka": {"bootstrap-servers": "kafka:9092"}, "dsl": {"within": "2s"}}"#;
    /// let config = test_probe::Config::from_texts(Some(explicit), None, &Default::default()).unwrap();
    /// assert_eq!(config.clusters["default"].bootstrap_servers, "kafka:9092");
    /// assert_eq!(config.dsl.within.as_secs(), 2);
    /// ```
    pub fn from_texts(
        explicit: Option<&str>,
        file: Option<&str>,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let origin = Arc::new(Origin { label: DEFAULT_FILE.to_owned(), directory: None, literal: false });
        let layer = file.map(|text| (text, origin));
        from_layers(explicit, layer, vars, Problems::new(ErrorCode::InvalidConfig))
    }
}

fn named_by(vars: &BTreeMap<String, String>) -> Option<&Path> {
    vars.get(FILE_VARIABLE).filter(|name| !name.is_empty()).map(Path::new)
}

fn read_file(path: &Path) -> std::result::Result<String, ErrorKind> {
    let file = std::fs::File::open(path).map_err(|error| error.kind())?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(|error| error.kind())?;
    Ok(text)
}

fn from_layers(
    explicit: Option<&str>,
    file: Option<(&str, Arc<Origin>)>,
    vars: &BTreeMap<String, String>,
    mut problems: Problems,
) -> Result<Config> {
    let mut tree = object(Place::default());
    if let Some((text, origin)) = file {
        add_document(&mut tree, text, Some(&origin), &mut problems);
    }
    for layer in environment::layers(vars, &tree, &mut problems) {
        lay_over(&mut tree, layer, &mut problems);
    }
    if let Some(text) = explicit {
        add_document(&mut tree, text, None, &mut problems);
    }
    references::resolve(&mut tree, vars, &mut problems);
    let config = read::read(&tree, &mut problems);
    problems.finish(Some(config))
}

/// An empty document sets nothing, and is no mistake here.
fn add_document(tree: &mut Node, text: &str, origin: Option<&Arc<Origin>>, problems: &mut Problems) {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return;
    }
    let Some(document) = document::parse(text, origin, problems) else { return };
    let layer = without_root(document, problems);
    if let Content::Object(_) = layer.content {
        lay_over(tree, layer, problems);
    } else {
        problems.add(&layer.place, format!("the configuration was {}, not an object", layer.kind()));
    }
}
