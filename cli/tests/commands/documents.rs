//! `test-probe validate`, `schema` and `completions`: what needs no Kafka.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Place, done, root};

#[test]
fn valid_files_are_recognised_and_summed_up() {
    let place = Place::new();
    let topics = place.file(
        "topics.yaml",
        "topics:\n  - {topic: orders, role: both}\n  - {topic: out, as: b, role: consumer}\n",
    );
    let config = place.file(
        "config.yaml",
        "test-probe:\n  kafka: {bootstrap-servers: 'h:9092'}\n  clusters: {b: {embedded: {}}}\n",
    );
    let list = place.file("list.json", r#"[{"topic": "orders", "role": "producer"}]"#);
    let text = place.run(&["validate", &topics, &config, &list]).ends(0);
    assert_eq!(
        text.out,
        "topics.yaml: valid directives, 2 topics: orders (both), b (consumer)\n\
         config.yaml: valid configuration, clusters b (embedded), default (h:9092)\n\
         list.json: valid directives, 1 topic: orders (producer)\n"
    );
    assert_eq!(text.err, "");
    let document = place.run(&["validate", &topics, &config, "--format", "json"]).ends(0).json();
    assert_eq!(document["valid"], true);
    assert_eq!(document["files"][0]["kind"], "directives");
    assert_eq!(document["files"][0]["topics"][1]["name"], "b");
    assert_eq!(document["files"][1]["kind"], "configuration");
}

#[test]
fn every_problem_has_its_place_and_its_hint() {
    let place = Place::new();
    let topics = place.file(
        "topics.yaml",
        "topics:\n  - topic: orders\n    rôle: both\n  - {topic: bad name, role: reader}\n",
    );
    let config = place.file("config.yaml", "kafka:\n  bootstrap-server: h:9092\n");
    let text = place.run(&["validate", &topics, &config]).ends(2);
    for line in [
        "topics.yaml:3:5: unknown key `rôle` in a topic directive",
        "  hint: did you mean `role`?",
        "topics.yaml:2:5: `role` was missing in a topic directive",
        "config.yaml:2:3: unknown key `bootstrap-server` in a cluster",
        "  hint: did you mean `bootstrap-servers`?",
        "topics.yaml: invalid directives, 4 problems",
        "config.yaml: invalid configuration, 1 problem",
    ] {
        assert!(text.out.lines().any(|said| said == line), "no `{line}` in {text:#?}");
    }
    let document = place.run(&["validate", &topics, &config, "--format", "json"]).ends(2).json();
    assert_eq!(document["valid"], false);
    let problem = &document["files"][1]["problems"][0];
    assert_eq!((problem["line"].as_u64(), problem["column"].as_u64()), (Some(2), Some(3)));
    assert_eq!(problem["hint"], "did you mean `bootstrap-servers`?");
}

#[test]
fn standard_input_is_a_file_and_what_is_no_yaml_is_said() {
    let place = Place::new();
    let valid = place.run_with(&["validate", "-"], "[{topic: orders, role: both}]").ends(0);
    assert_eq!(valid.out, "<stdin>: valid directives, 1 topic: orders (both)\n");
    let broken = place.run_with(&["validate", "-"], "topics: [\n").ends(2);
    assert!(broken.out.starts_with("<stdin>:1:9: document did not parse"), "{broken:#?}");
    assert!(broken.out.ends_with("<stdin>: invalid document, 1 problem\n"), "{broken:#?}");
    let none = place.run(&["validate", "nowhere.yaml"]).ends(4);
    assert!(none.err.starts_with("error: file `nowhere.yaml` was not read"), "{none:#?}");
}

#[test]
fn a_file_is_valid_or_not_whatever_the_environment_says_beside_it() {
    let place = Place::new();
    let config = place.file("config.yaml", "kafka: {bootstrap-servers: \"${env:MY_SERVERS}\"}\n");
    let mut command = place.command(&["validate", &config]);
    command
        .env("TEST_PROBE__NO__SUCH__KEY", "1")
        .env("KAFKA_BOOTSTRAP_SERVERS", "nonsense")
        .env("MY_SERVERS", "h:1");
    assert_eq!(done(command, "").ends(0).out, "config.yaml: valid configuration, cluster default (h:1)\n");
}

#[test]
fn the_schemas_are_those_of_the_repository() {
    for kind in ["directive", "config"] {
        let committed =
            std::fs::read_to_string(root().join(format!("schemas/{kind}.schema.json"))).expect("a schema");
        let place = Place::new();
        assert_eq!(place.run(&["schema", kind]).ends(0).out, committed);
        let document = place.run(&["schema", kind, "--format", "json"]).ends(0).json();
        assert_eq!(document, serde_json::from_str::<Value>(&committed).expect("JSON"));
    }
    Place::new().run(&["schema", "other"]).ends(2);
}

#[test]
fn completions_load_in_bash_and_know_every_command() {
    let place = Place::new();
    let script = place.run(&["completions", "bash"]).ends(0).out;
    let mut bash = Command::new("bash");
    let checked = bash.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut checked = checked.expect("bash");
    checked.stdin.take().expect("stdin").write_all(script.as_bytes()).expect("a script");
    let checked = checked.wait_with_output().expect("it ends");
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]).ends(0).out;
        for command in
            ["demo", "validate", "doctor", "produce", "fetch", "tail", "expect-none", "cluster", "schema"]
        {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
    assert_eq!(place.run(&["completions", "fish", "--format", "json"]).ends(0).json()["shell"], "fish");
}
