//! Notes which vectors were run, for `tests/house/parity.py`, which compares them with those that the files hold.

use std::path::Path;

use serde_json::{Value, json};

/// The vectors of one list of a file that a test ran.
pub(crate) struct Ran {
    file: &'static str,
    list: &'static str,
    names: Vec<String>,
}

impl Ran {
    /// Begins to note the vectors of a list.
    pub(crate) fn new(file: &'static str, list: &'static str) -> Self {
        Self { file, list, names: Vec::new() }
    }

    /// Notes one that was run.
    pub(crate) fn note(&mut self, vector: &Value) {
        let name = vector["name"].as_str().unwrap_or_else(|| panic!("a vector without a name: {vector}"));
        self.names.push(format!("{}/{name}", self.list));
    }

    /// Writes what was noted, into the folder of a run of everything; else nowhere.
    pub(crate) fn write(self) {
        let Some(folder) = std::env::var_os("TEST_PROBE_PARITY") else { return };
        let report = json!({ "kind": "vectors", "language": "rust", "ran": { self.file: self.names } });
        let name = format!("vectors-rust-{}-{}.json", self.file.trim_end_matches(".json"), self.list);
        let path = Path::new(&folder).join(name);
        std::fs::write(&path, report.to_string())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
