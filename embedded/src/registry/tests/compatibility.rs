use serde_json::{Value, json};

use super::{USER, USER_WITH_NAME, USER_WITH_TEXT_ID, World, avro};

const OLDER: &str =
    r#"{"type":"record","name":"User","namespace":"ex","fields":[{"name":"mail","type":"string"}]}"#;

#[test]
fn a_schema_that_cannot_read_the_one_before_is_refused() {
    let mut world = World::default();
    world.register("a", USER);
    let (code, message) = world.refused("POST /subjects/a/versions", &avro(USER_WITH_TEXT_ID));
    assert_eq!(code, 40901);
    let beginning =
        "Schema being registered is incompatible with an earlier schema for subject \"a\", details: [";
    assert!(message.starts_with(beginning), "{message}");
    let end = format!(
        "{{oldSchemaVersion: 1}}, {{oldSchema: '{USER}'}}, {{validateFields: 'false', compatibility: 'BACKWARD'}}]"
    );
    assert!(message.ends_with(&end), "{message}");
    assert_eq!(world.get("/subjects/a/versions"), json!([1]));
}

/// Which of four schemas may follow `USER`, then `USER_WITH_NAME`.
#[test]
fn each_level_allows_what_its_name_says() {
    let more = r#"{"type":"record","name":"User","namespace":"ex","fields":[{"name":"id","type":"long"},{"name":"name","type":"string","default":""},{"name":"age","type":"int"}]}"#;
    let fewer = r#"{"type":"record","name":"User","namespace":"ex","fields":[{"name":"name","type":"string","default":""}]}"#;
    let cases = [
        ("NONE", [true, true, true, true]),
        ("BACKWARD", [true, false, true, false]),
        ("BACKWARD_TRANSITIVE", [true, false, true, false]),
        ("FORWARD", [true, true, false, false]),
        ("FORWARD_TRANSITIVE", [true, true, false, false]),
        ("FULL", [true, false, false, false]),
        ("FULL_TRANSITIVE", [true, false, false, false]),
    ];
    for (level, expected) in cases {
        let mut world = World::default();
        world.register("a", USER);
        world.register("a", USER_WITH_NAME);
        world.done("PUT /config/a", &json!({"compatibility": level}));
        let allowed = [USER, more, fewer, USER_WITH_TEXT_ID].map(|text| {
            let answer = world.done("POST /compatibility/subjects/a/versions", &avro(text));
            answer["is_compatible"].as_bool().expect("a verdict")
        });
        assert_eq!(allowed, expected, "{level}");
    }
}

#[test]
fn the_transitive_levels_look_at_all_versions() {
    for (level, allowed) in [("BACKWARD", true), ("BACKWARD_TRANSITIVE", false)] {
        let mut world = World::default();
        world.done("PUT /config/a", &json!({"compatibility": "NONE"}));
        world.register("a", OLDER);
        world.register("a", USER);
        world.done("PUT /config/a", &json!({"compatibility": level}));
        let answer =
            world.done("POST /compatibility/subjects/a/versions?verbose=true", &avro(USER_WITH_NAME));
        assert_eq!(answer["is_compatible"], allowed, "{level}");
        assert_eq!(answer["messages"].as_array().map(Vec::is_empty), Some(allowed), "{answer}");
    }
}

#[test]
fn deleted_versions_are_not_looked_at() {
    let mut world = World::default();
    world.register("a", USER);
    world.done("DELETE /subjects/a/versions/1", &Value::Null);
    assert_eq!(world.register("a", USER_WITH_TEXT_ID), 2);
}

#[test]
fn a_question_is_about_one_version_or_all() {
    let mut world = World::default();
    world.register("a", USER);
    let ask = "POST /compatibility/subjects/a/versions/latest";
    assert_eq!(world.done(ask, &avro(USER_WITH_NAME)), json!({"is_compatible": true}));
    let verbose = world.done(&format!("{ask}?verbose=true"), &avro(USER_WITH_TEXT_ID));
    assert_eq!(verbose["is_compatible"], false);
    assert!(verbose["messages"].as_array().is_some_and(|messages| messages.len() > 3), "{verbose}");
    let unknown = world.refused("POST /compatibility/subjects/a/versions/9", &avro(USER));
    assert_eq!(unknown, (40402, "Version 9 not found.".to_owned()));
    let nobody = "POST /compatibility/subjects/nobody/versions/latest";
    assert_eq!(world.done(nobody, &avro(USER)), json!({"is_compatible": true}));
    assert_eq!(world.refused(ask, &avro("{")).0, 42201);
    let told = world.done(&format!("{ask}?verbose=true"), &avro("{"));
    assert_eq!(told["is_compatible"], false);
}

#[test]
fn another_type_of_schema_does_not_follow() {
    let mut world = World::default();
    world.register("a", USER);
    let json_schema = json!({"schema": "{\"type\":\"object\"}", "schemaType": "JSON"});
    let answer = world.done("POST /compatibility/subjects/a/versions?verbose=true", &json_schema);
    assert_eq!(answer["messages"][0], "Incompatible because of different schema type");
}
