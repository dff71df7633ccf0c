//! What a configuration is read from, as it crosses a boundary.

use std::collections::BTreeMap;
use std::path::Path;

use super::model::Config;
use crate::error::{ErrorCode, ProbeError, Result};

/// The layers of a configuration. What is absent is looked for where [`Config::from_environment`] looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// The explicit document, which goes over all others.
    pub explicit: Option<&'a str>,
    /// The path of the file that takes the place of `test-probe.yaml`.
    pub path: Option<&'a Path>,
    /// A text in place of any file; the empty text is no file.
    pub file: Option<&'a str>,
    /// Variables in place of those of this process, a JSON object of texts; `{}` is none.
    pub variables: Option<&'a str>,
}

impl Sources<'_> {
    /// Reads the configuration; nothing is opened but the files that it names by `${file:}`.
    ///
    /// # Errors
    /// As [`Config::load`]; INVALID_ARGUMENT for variables that are no texts, and for a path beside a text.
    pub fn load(self) -> Result<Config> {
        let variables = match self.variables {
            Some(text) => variables(text)?,
            None => Config::variables(),
        };
        match (self.path, self.file) {
            (Some(_), Some(_)) => Err(ProbeError::new(
                ErrorCode::InvalidArgument,
                "a file was given by its path and by its text",
            )),
            (_, Some(text)) => Config::from_texts(self.explicit, Some(text), &variables),
            (path, None) => Config::load(self.explicit, path, &variables),
        }
    }
}

fn variables(text: &str) -> Result<BTreeMap<String, String>> {
    serde_json::from_str(text).map_err(|_| {
        // What stands there may be secret.
        ProbeError::new(ErrorCode::InvalidArgument, "`variables` was not a JSON object of texts")
            .with("argument", "variables")
    })
}
