use serde_json::{Value, json};

use super::{USER, USER_WITH_NAME, USER_WITH_TEXT_ID, World, avro};

const NONE: Value = Value::Null;

#[test]
fn the_level_of_a_subject_is_its_own_or_that_of_everything() {
    let mut world = World::default();
    assert_eq!(world.get("/config"), json!({"compatibilityLevel": "BACKWARD"}));
    let (code, message) = world.refused("GET /config/a", &NONE);
    assert_eq!(
        (code, message.as_str()),
        (40408, "Subject 'a' does not have subject-level compatibility configured")
    );
    assert_eq!(world.get("/config/a?defaultToGlobal=true"), json!({"compatibilityLevel": "BACKWARD"}));
    assert_eq!(
        world.done("PUT /config/a", &json!({"compatibility": "full"})),
        json!({"compatibility": "FULL"})
    );
    assert_eq!(world.get("/config/a"), json!({"compatibilityLevel": "FULL"}));
    assert_eq!(
        world.done("PUT /config", &json!({"compatibility": "NONE"})),
        json!({"compatibility": "NONE"})
    );
    assert_eq!(world.get("/config/b?defaultToGlobal=true"), json!({"compatibilityLevel": "NONE"}));
    assert_eq!(world.done("DELETE /config/a", &NONE), json!({"compatibilityLevel": "FULL"}));
    assert_eq!(world.refused("DELETE /config/a", &NONE).0, 40401);
    assert_eq!(world.done("DELETE /config", &NONE), json!({"compatibilityLevel": "NONE"}));
    assert_eq!(world.get("/config"), json!({"compatibilityLevel": "BACKWARD"}));
    let (code, message) = world.refused("PUT /config/a", &json!({"compatibility": "SIDEWARD"}));
    assert_eq!(code, 42203);
    assert!(message.starts_with("Invalid compatibility level. Valid values are none, backward"), "{message}");
}

#[test]
fn settings_that_are_not_given_stay_and_null_takes_one_away() {
    let mut world = World::default();
    world.done(
        "PUT /config/a",
        &json!({"compatibility": "NONE", "normalize": true, "alias": "b", "unknown": 1}),
    );
    let expected = json!({"compatibilityLevel": "NONE", "normalize": true});
    world.done("PUT /config/a", &json!({"alias": null}));
    assert_eq!(world.get("/config/a"), expected);
}

#[test]
fn a_context_has_settings_of_its_own() {
    let mut world = World::default();
    world.done("PUT /config/:.blue:", &json!({"compatibility": "NONE"}));
    assert_eq!(world.get("/config/:.blue:a?defaultToGlobal=true")["compatibilityLevel"], "NONE");
    assert_eq!(world.get("/config/a?defaultToGlobal=true")["compatibilityLevel"], "BACKWARD");
    world.done("PUT /config/:.__GLOBAL:", &json!({"compatibility": "FULL"}));
    assert_eq!(world.get("/config/a?defaultToGlobal=true")["compatibilityLevel"], "FULL");
}

#[test]
fn a_read_only_subject_refuses_changes() {
    let mut world = World::default();
    world.register("a", USER);
    assert_eq!(world.get("/mode"), json!({"mode": "READWRITE"}));
    assert_eq!(world.done("PUT /mode/a", &json!({"mode": "READONLY"})), json!({"mode": "READONLY"}));
    let expected = (42205, "Subject a in context  is in read-only mode".to_owned());
    assert_eq!(world.refused("POST /subjects/a/versions", &avro(USER_WITH_NAME)), expected);
    assert_eq!(world.refused("DELETE /subjects/a/versions/1", &NONE), expected);
    assert_eq!(world.refused("DELETE /subjects/a", &NONE), expected);
    assert_eq!(world.refused("PUT /config/a", &json!({"compatibility": "NONE"})), expected);
    world.register("b", USER);
    assert_eq!(world.get("/mode/a"), json!({"mode": "READONLY"}));
    assert_eq!(world.refused("GET /mode/b", &NONE).0, 40409);
    assert_eq!(world.get("/mode/b?defaultToGlobal=true"), json!({"mode": "READWRITE"}));
    assert_eq!(world.done("DELETE /mode/a", &NONE), json!({"mode": "READONLY"}));
    assert_eq!(world.refused("DELETE /mode/a", &NONE).0, 40401);
    assert_eq!(world.register("a", USER_WITH_NAME), 2);
    let invalid =
        (42204, "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.".to_owned());
    assert_eq!(world.refused("PUT /mode", &json!({"mode": "SLEEPY"})), invalid);
    assert_eq!(world.refused("PUT /mode", &json!({"mode": "FORWARD"})).0, 42204);
}

#[test]
fn ids_are_given_in_import_mode_alone() {
    let mut world = World::default();
    let import = |text: &str, id: u64, version: u64| json!({"schema": text, "id": id, "version": version});
    let expected = (42205, "Subject a in context  is not in import mode".to_owned());
    assert_eq!(world.refused("POST /subjects/a/versions", &import(USER, 777, 3)), expected);
    world.register("b", USER);
    let expected = (42205, "Cannot import since found existing subjects".to_owned());
    assert_eq!(world.refused("PUT /mode", &json!({"mode": "IMPORT"})), expected);
    world.done("PUT /mode/a", &json!({"mode": "IMPORT"}));
    let expected = (42205, "Subject a in context  is not in read-write mode".to_owned());
    assert_eq!(world.refused("POST /subjects/a/versions", &avro(USER)), expected);
    assert_eq!(world.done("POST /subjects/a/versions", &import(USER_WITH_NAME, 777, 3))["id"], 777);
    assert_eq!(world.get("/subjects/a/versions"), json!([3]));
    // Nothing is compared with what was there before.
    assert_eq!(world.done("POST /subjects/a/versions", &import(USER_WITH_TEXT_ID, 778, 4))["version"], 4);
    let expected = (42205, "Overwrite new schema with id 777 in context  is not permitted.".to_owned());
    assert_eq!(world.refused("POST /subjects/a/versions", &import("\"int\"", 777, 9)), expected);
    world.done("PUT /mode/a", &json!({"mode": "READWRITE"}));
    assert_eq!(world.register("c", "\"long\""), 779, "ids go on behind the greatest");
}
