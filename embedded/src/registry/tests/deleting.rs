use serde_json::{Value, json};

use super::{USER, USER_WITH_NAME, World};

const NONE: Value = Value::Null;

#[test]
fn a_version_is_deleted_out_of_sight_first_and_then_for_good() {
    let mut world = World::default();
    world.register("a", USER);
    world.register("a", USER_WITH_NAME);
    let (code, message) = world.refused("DELETE /subjects/a/versions/1?permanent=true", &NONE);
    assert_eq!(code, 40407);
    assert_eq!(message, "Subject 'a' Version 1 was not deleted first before being permanently deleted");
    assert_eq!(world.done("DELETE /subjects/a/versions/latest", &NONE), json!(2));
    assert_eq!(world.get("/subjects/a/versions"), json!([1]));
    assert_eq!(world.get("/subjects/a/versions?deleted=true"), json!([1, 2]));
    assert_eq!(world.get("/subjects/a/versions?deletedOnly=true"), json!([2]));
    assert_eq!(world.get("/subjects/a/versions?deletedAsNegative=true"), json!([1, -2]));
    assert_eq!(world.get("/subjects/a/versions/latest")["version"], 1);
    assert_eq!(world.refused("GET /subjects/a/versions/2", &NONE).0, 40402);
    assert_eq!(world.get("/subjects/a/versions/2?deleted=true")["deleted"], true);
    // What was written with it can still be read.
    assert_eq!(world.get("/schemas/ids/2")["schema"], USER_WITH_NAME);
    let (code, message) = world.refused("DELETE /subjects/a/versions/2", &NONE);
    assert_eq!(code, 40406);
    assert_eq!(message, "Subject 'a' Version 2 was soft deleted.Set permanent=true to delete permanently");
    assert_eq!(world.done("DELETE /subjects/a/versions/2?permanent=true", &NONE), json!(2));
    assert_eq!(world.refused("GET /schemas/ids/2", &NONE).0, 40403);
    assert_eq!(world.refused("DELETE /subjects/a/versions/2", &NONE).0, 40402);
    assert_eq!(world.register("a", USER_WITH_NAME), 3, "an id is never used twice");
}

#[test]
fn a_subject_is_deleted_out_of_sight_first_and_then_for_good() {
    let mut world = World::default();
    world.register("a", USER);
    world.register("a", USER_WITH_NAME);
    world.register("b", USER);
    assert_eq!(world.refused("DELETE /subjects/a?permanent=true", &NONE).0, 40405);
    assert_eq!(world.done("DELETE /subjects/a", &NONE), json!([1, 2]));
    assert_eq!(world.refused("DELETE /subjects/a", &NONE).0, 40404);
    assert_eq!(world.refused("GET /subjects/a/versions", &NONE).0, 40401);
    assert_eq!(world.get("/subjects"), json!(["b"]));
    assert_eq!(world.get("/subjects?deleted=true"), json!(["a", "b"]));
    assert_eq!(world.get("/subjects?deletedOnly=true"), json!(["a"]));
    assert_eq!(world.get("/schemas/ids/1/subjects"), json!(["b"]));
    assert_eq!(world.get("/schemas/ids/1/subjects?deleted=true"), json!(["a", "b"]));
    world.done("PUT /config/a", &json!({"compatibility": "NONE"}));
    assert_eq!(world.done("DELETE /subjects/a?permanent=true", &NONE), json!([1, 2]));
    assert_eq!(world.get("/subjects?deleted=true"), json!(["b"]));
    assert_eq!(world.refused("GET /config/a", &NONE).0, 40408, "its settings are gone too");
    assert_eq!(world.get("/schemas/ids/1")["schema"], USER, "another subject has it");
    assert_eq!(world.refused("GET /schemas/ids/2", &NONE).0, 40403);
}

#[test]
fn what_was_deleted_and_comes_back_keeps_its_id_and_gets_the_next_version() {
    let mut world = World::default();
    world.register("a", USER);
    world.done("DELETE /subjects/a", &NONE);
    assert_eq!(world.register("a", USER), 1);
    assert_eq!(world.get("/subjects/a/versions?deleted=true"), json!([2]));
}

#[test]
fn what_others_refer_to_is_not_deleted() {
    let mut world = World::default();
    world.register_customer();
    let (code, message) = world.refused("DELETE /subjects/address/versions/1", &NONE);
    assert_eq!(code, 42206);
    let expected =
        "One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=address,version=1}.";
    assert_eq!(message, expected);
    assert_eq!(world.refused("DELETE /subjects/address", &NONE).0, 42206);
    world.done("DELETE /subjects/customer", &NONE);
    assert_eq!(world.get("/subjects/address/versions/1/referencedby"), json!([]));
    assert_eq!(world.get("/subjects/address/versions/1/referencedby?deleted=true"), json!([2]));
    world.done("DELETE /subjects/address", &NONE);
    assert_eq!(world.refused("DELETE /subjects/address?permanent=true", &NONE).0, 42206);
    world.done("DELETE /subjects/customer?permanent=true", &NONE);
    world.done("DELETE /subjects/address?permanent=true", &NONE);
}
