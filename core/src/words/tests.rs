//! Words and what they are read as: the vectors that every language runs.

use serde_json::Value;

use super::read;
use crate::parity::Ran;

const VECTORS: &str = include_str!("../../../tests/vectors/words.json");

#[test]
fn all_words_are_read_as_their_vectors_say() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 20, "only {}", cases.len());
    let mut wrong = Vec::new();
    let mut ran = Ran::new("words.json", "cases");
    for case in cases {
        ran.note(case);
        let found = match read(&case["words"]) {
            Ok(document) => document,
            Err(error) => {
                let problems =
                    error.context().get("problems").and_then(Value::as_array).cloned().unwrap_or_default();
                let told = match problems.as_slice() {
                    [] => vec![Value::from(error.message())],
                    several => several.iter().map(|problem| problem["message"].clone()).collect(),
                };
                serde_json::json!({ "errors": told })
            }
        };
        if found != case["gives"] {
            wrong.push(format!("{}: {found:#}", case["name"]));
        }
    }
    ran.write();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
