use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::JsonPath;
use crate::matcher::budget::Budget;

fn found(path: &str, value: &Value) -> Value {
    JsonPath::new(path).unwrap().nodes(value, &Budget::new()).into_iter().cloned().collect()
}

#[test]
fn every_path_vector_holds() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../../tests/vectors/matches.json")).unwrap();
    let paths = &vectors["paths"];
    for case in paths["cases"].as_array().unwrap() {
        let path = case["path"].as_str().unwrap();
        assert_eq!(found(path, &paths["value"]), case["nodes"], "{path}");
    }
}

#[test]
fn no_text_makes_the_reader_panic_and_no_path_takes_long() {
    let words = [
        "$", "@", "..", ".", "[", "]", "[?", "*", "a", "b", "'a'", "\"", "0", "-1", "1:", ":", ",", " ",
        "==", "<", "&&", "||", "!", "(", ")", "length(", "count(", "match(", "search(", "value(", "1e3",
        "null", "\\u00e9", "é",
    ];
    let value = json!({"a": [1, 2.5, "x", {"b": [null, true, {"a": {"b": "é"}}]}], "b": {"a": {}}});
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut read = 0;
    for _ in 0..100_000 {
        let length = random.usize(..14);
        let text: String = (0..length).map(|_| words[random.usize(..words.len())]).collect();
        if let Ok(path) = JsonPath::new(&format!("${text}")) {
            read += 1;
            drop(path.nodes(&value, &Budget::new()));
        }
    }
    assert!(read > 300, "seed {seed}: {read}");
}

#[test]
fn a_path_that_would_take_too_long_or_too_much_stack_is_given_up() {
    let small_stack = std::thread::Builder::new().stack_size(512 * 1024);
    let run = small_stack.spawn(|| {
        for deep in [
            format!("$[?{}@.a{}]", "(".repeat(1_000), ")".repeat(1_000)),
            format!("$[?{}@{}]", "@[?".repeat(1_000), "]".repeat(1_000)),
            format!("$[?{}@.a{}]", "length(".repeat(500), ")".repeat(500)),
        ] {
            assert!(JsonPath::new(&deep).is_err());
        }
        let allowed = format!("$[?{}@.a{}]", "(".repeat(20), ")".repeat(20));
        assert!(JsonPath::new(&allowed).is_ok());
    });
    run.unwrap().join().unwrap();

    let mut value = json!(1);
    for _ in 0..60 {
        value = json!({"a": value});
    }
    let wide: Value = (0..2_000).collect();
    for (path, value) in [("$..a..a..a..a..a..a", &value), ("$[?count($[?count($[*]) > 1]) > 1]", &wide)] {
        let (budget, started) = (Budget::new(), Instant::now());
        drop(JsonPath::new(path).unwrap().nodes(value, &budget));
        assert!(budget.is_exhausted(), "{path}");
        assert!(started.elapsed() < Duration::from_secs(20), "{path}: {:?}", started.elapsed());
    }
}
