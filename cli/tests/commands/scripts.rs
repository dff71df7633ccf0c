//! The examples of docs/command.md, run as they stand there.

use std::path::Path;
use std::process::Command;

use crate::support::{Place, done, root};

/// The scripts of the page, each with the exit code that it promises: those after `<!-- exits N -->`.
fn scripts() -> Vec<(i32, String)> {
    let page = std::fs::read_to_string(root().join("docs/command.md")).expect("the page");
    let blocks = page.split("<!-- exits ").skip(1);
    blocks
        .map(|block| {
            let (code, rest) = block.split_once(" -->\n```sh\n").expect("a script after the mark");
            (code.parse().expect("a code"), rest.split_once("```").expect("its end").0.to_owned())
        })
        .collect()
}

#[test]
fn every_example_of_the_page_ends_as_it_says() {
    let scripts = scripts();
    assert!(scripts.len() >= 5, "{scripts:?}");
    let folder = Path::new(env!("CARGO_BIN_EXE_test-probe")).parent().expect("a folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).expect("a path");
    for (code, script) in scripts {
        let place = Place::with_topics(&["orders", "confirmations"]);
        place.file("topics.yaml", "topics:\n  - topic: orders\n    role: both\n    start: earliest\n");
        let mut bash = Command::new("bash");
        place.prepare(&mut bash);
        bash.args(["-eu", "-o", "pipefail", "-c", &script]).env("PATH", &path);
        let done = done(bash, "");
        assert_eq!(done.status.code(), Some(code), "{script}\n{done:#?}");
    }
}
