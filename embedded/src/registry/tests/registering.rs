use serde_json::{Value, json};

use super::{ADDRESS, CUSTOMER, NOW, USER, USER_WITH_NAME, World, avro};

#[test]
fn a_schema_is_registered_once_and_has_one_id_under_every_subject() {
    let mut world = World::default();
    assert_eq!(world.register("a-value", USER), 1);
    assert_eq!(world.register("a-value", USER), 1);
    assert_eq!(world.register("b-value", USER), 1);
    assert_eq!(world.register("a-value", USER_WITH_NAME), 2);
    assert_eq!(world.get("/subjects/a-value/versions"), json!([1, 2]));
    assert_eq!(world.get("/subjects/b-value/versions"), json!([1]));
    assert_eq!(world.get("/subjects"), json!(["a-value", "b-value"]));
    assert_eq!(world.get("/schemas/ids/1/subjects"), json!(["a-value", "b-value"]));
    assert_eq!(
        world.get("/schemas/ids/1/versions"),
        json!([{"subject": "a-value", "version": 1}, {"subject": "b-value", "version": 1}])
    );
}

#[test]
fn blanks_and_the_order_of_attributes_make_no_other_schema() {
    let mut world = World::default();
    assert_eq!(world.register("a", USER), 1);
    let same =
        r#"{ "fields": [{"type": {"type": "long"}, "name": "id"}], "name": "ex.User", "type": "record" }"#;
    assert_eq!(world.register("a", same), 1);
    assert_eq!(world.register("b", same), 1);
    assert_eq!(world.get("/subjects/b/versions/1/schema"), USER);
}

#[test]
fn a_version_tells_all_about_itself() {
    let mut world = World::default();
    let body = json!({"schema": USER, "metadata": {"properties": {"owner": "me"}},
                      "ruleSet": {"domainRules": [{"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL"}]}});
    world.done("POST /subjects/a/versions", &body);
    let version = world.get("/subjects/a/versions/latest");
    let guid = version["guid"].as_str().expect("a guid").to_owned();
    let mut expected = json!({"subject": "a", "version": 1, "id": 1, "guid": guid, "schemaType": "AVRO", "schema": USER,
                              "ts": NOW, "deleted": false});
    expected["metadata"] = body["metadata"].clone();
    expected["ruleSet"] = body["ruleSet"].clone();
    assert_eq!(version, expected);
    for latest in ["-1", "LATEST", "1"] {
        assert_eq!(world.get(&format!("/subjects/a/versions/{latest}")), version);
    }
    let expected = expected.as_object_mut().expect("an object");
    expected.retain(|key, _| !["subject", "version", "id"].contains(&key.as_str()));
    assert_eq!(world.get("/schemas/ids/1"), Value::Object(expected.clone()));
    assert_eq!(world.get(&format!("/schemas/guids/{guid}")), Value::Object(expected.clone()));
    assert_eq!(world.get(&format!("/schemas/guids/{guid}/ids")), json!([{"context": ".", "id": 1}]));
    let by_subject = world.get("/schemas/ids/1?subject=a&fetchMaxId=true");
    assert_eq!((&by_subject["subject"], &by_subject["version"]), (&json!("a"), &json!(1)));
    assert_eq!(by_subject["maxId"], 1);
    assert_eq!(world.get("/schemas/ids/1/schema"), USER);
}

#[test]
fn the_guid_is_the_one_that_every_registry_computes() {
    let mut world = World::default();
    let registered = world.done("POST /subjects/a/versions", &avro("\"string\""));
    // MD5 of `"string"`, with its quotation marks.
    assert_eq!(registered["guid"], "095d71cf-1255-6b9d-5e33-0ad575b3df5d");
    world.register("b", "{\"type\":\"string\"}");
    assert_eq!(world.get("/schemas?subjectPrefix=b")[0]["guid"], registered["guid"]);
}

#[test]
fn what_is_not_there_is_told_with_its_code() {
    let mut world = World::default();
    world.register("a", USER);
    let none = Value::Null;
    let cases = [
        ("GET /subjects/b/versions", 40401, "Subject 'b' not found."),
        ("GET /subjects/b/versions/1", 40401, "Subject 'b' not found."),
        ("GET /subjects/a/versions/7", 40402, "Version 7 not found."),
        ("GET /schemas/ids/9", 40403, "Schema 9 not found"),
        ("GET /schemas/ids/9/versions", 40403, "Schema not found"),
        (
            "GET /schemas/guids/00000000-0000-0000-0000-000000000000",
            40403,
            "Schema 00000000-0000-0000-0000-000000000000 not found",
        ),
        ("DELETE /subjects/b", 40401, "Subject 'b' not found."),
    ];
    for (line, code, message) in cases {
        assert_eq!(world.refused(line, &none), (code, message.to_owned()), "{line}");
    }
    for version in ["0", "-2", "x", "2147483648"] {
        let (code, message) = world.refused(&format!("GET /subjects/a/versions/{version}"), &none);
        assert_eq!(code, 42202);
        assert!(
            message.starts_with(&format!("The specified version '{version}' is not a valid")),
            "{message}"
        );
    }
    assert_eq!(world.refused("POST /subjects/b", &avro(USER)).0, 40401);
    assert_eq!(
        world.refused("POST /subjects/a", &avro(USER_WITH_NAME)),
        (40403, "Schema not found".to_owned())
    );
}

#[test]
fn a_schema_that_is_none_is_refused_and_leaves_nothing() {
    let mut world = World::default();
    let (code, message) = world.refused("POST /subjects/a/versions", &avro(r#"{"type":"nope"}"#));
    assert_eq!(code, 42201);
    assert!(message.starts_with("Invalid schema of type AVRO, details: "), "{message}");
    let unknown = json!({"schema": "x", "schemaType": "XML"});
    let expected = (42201, "Invalid schema type XML".to_owned());
    assert_eq!(world.refused("POST /subjects/a/versions", &unknown), expected);
    assert_eq!(world.refused("POST /subjects/a/versions", &avro(" ")), (42201, "Empty schema".to_owned()));
    let global = world.refused("POST /subjects/:.__GLOBAL:a/versions", &avro(USER));
    assert_eq!(global, (42208, "The specified subject ':.__GLOBAL:a' is not a valid.".to_owned()));
    assert_eq!(world.get("/subjects"), json!([]));
}

#[test]
fn looking_up_tells_the_version_that_has_a_schema() {
    let mut world = World::default();
    world.register("a", USER);
    world.register("a", USER_WITH_NAME);
    let found = world.done("POST /subjects/a", &avro(USER));
    assert_eq!((&found["version"], &found["id"], &found["subject"]), (&json!(1), &json!(1), &json!("a")));
    world.done("DELETE /subjects/a/versions/1", &Value::Null);
    assert_eq!(world.refused("POST /subjects/a", &avro(USER)).0, 40403);
    assert_eq!(world.done("POST /subjects/a?deleted=true", &avro(USER))["version"], 1);
}

#[test]
fn references_are_resolved_and_told() {
    let mut world = World::default();
    assert_eq!(world.register_customer(), (1, 2));
    let reference = json!([{"name": "ex.Address", "subject": "address", "version": 1}]);
    assert_eq!(world.get("/schemas/ids/2")["references"], reference);
    assert_eq!(world.get("/subjects/address/versions/1/referencedby"), json!([2]));
    assert_eq!(world.get("/subjects/customer/versions/1/referencedby"), json!([]));
    let resolved = world.get("/subjects/customer/versions/1/schema?format=resolved");
    assert!(resolved.as_str().is_some_and(|text| text.contains("street")), "{resolved}");
    // A client with everything in one text means the same schema.
    let written_out = avro(resolved.as_str().expect("a text"));
    assert_eq!(world.done("POST /subjects/customer", &written_out)["version"], 1);
    assert_eq!(world.done("POST /subjects/customer/versions", &written_out)["id"], 2);
    // The latest version is asked for by -1, and told by its number.
    let latest = json!({"schema": CUSTOMER, "references": [{"name": "ex.Address", "subject": "address", "version": -1}]});
    assert_eq!(world.done("POST /subjects/other/versions", &latest)["references"], reference);
    let unknown = json!({"schema": CUSTOMER, "references": [{"name": "ex.Address", "subject": "nobody", "version": 1}]});
    let (code, message) = world.refused("POST /subjects/other/versions", &unknown);
    assert_eq!(code, 42201);
    let expected = "Invalid schema of type AVRO, details: \
                    No schema reference found for subject \"nobody\" and version 1";
    assert_eq!(message, expected);
}

#[test]
fn a_context_has_its_own_ids_and_refers_within_itself() {
    let mut world = World::default();
    world.register("a", USER);
    assert_eq!(world.register(":.blue:address", ADDRESS), 1);
    assert_eq!(world.register(":.:a", USER), 1);
    let customer = json!({"schema": CUSTOMER, "references": [{"name": "ex.Address", "subject": "address", "version": 1}]});
    assert_eq!(world.done("POST /subjects/:.blue:customer/versions", &customer)["id"], 2);
    assert_eq!(world.get("/contexts"), json!([".", ".blue"]));
    assert_eq!(world.get("/subjects"), json!([":.blue:address", ":.blue:customer", "a"]));
    assert_eq!(world.get("/subjects?subjectPrefix=:.blue:"), json!([":.blue:address", ":.blue:customer"]));
    assert_eq!(world.get("/subjects?subjectPrefix="), json!(["a"]));
    assert_eq!(world.get("/subjects?offset=1&limit=1"), json!([":.blue:customer"]));
    assert_eq!(world.get("/schemas/ids/2?subject=:.blue:")["schema"], CUSTOMER);
    assert_eq!(world.refused("GET /schemas/ids/2", &Value::Null).0, 40403);
    // A subject without a context is looked for in all of them.
    assert_eq!(world.get("/subjects/address/versions/1")["subject"], ":.blue:address");
    assert_eq!(world.get("/schemas/ids/2?subject=customer")["subject"], ":.blue:customer");
    let qualified = world.get("/subjects/:.blue:customer/versions/1?referenceFormat=qualified");
    assert_eq!(qualified["references"][0]["subject"], ":.blue:address");
    assert_eq!(world.refused("DELETE /contexts/:.blue:", &Value::Null).0, 42211);
}

#[test]
fn metadata_are_those_of_the_version_before_unless_they_are_given() {
    let mut world = World::default();
    let metadata = json!({"properties": {"owner": "me"}});
    world.done("POST /subjects/a/versions", &json!({"schema": USER, "metadata": metadata}));
    assert_eq!(world.register("a", USER), 1, "the same schema with what it inherits");
    assert_eq!(world.register("a", USER_WITH_NAME), 2);
    assert_eq!(world.get("/subjects/a/versions/2")["metadata"], metadata);
    assert_eq!(world.done("POST /subjects/a", &avro(USER_WITH_NAME))["version"], 2);
    // A schema that is left out is that of the version before, too.
    let other = json!({"metadata": {"properties": {"owner": "you"}}});
    assert_eq!(world.done("POST /subjects/a/versions", &other)["version"], 3);
    assert_eq!(world.get("/subjects/a/versions/3")["schema"], USER_WITH_NAME);
    assert_eq!(world.get("/subjects/a/metadata?key=owner&value=me")["version"], 2);
    assert_eq!(world.refused("GET /subjects/a/metadata?key=owner&value=us", &Value::Null).0, 40403);
}

#[test]
fn a_version_may_be_pinned_when_it_is_the_next() {
    let mut world = World::default();
    let pinned = |version: i64| json!({"schema": USER, "version": version});
    let registered = world.done("POST /subjects/a/versions", &pinned(1));
    assert_eq!(registered["metadata"]["properties"]["confluent:version"], "1");
    let expected = (42201, "Version is not one more than previous version".to_owned());
    assert_eq!(world.refused("POST /subjects/a/versions", &pinned(4)), expected);
    assert_eq!(world.done("POST /subjects/a", &avro(USER))["version"], 1, "a look-up without it finds it");
}

#[test]
fn a_list_of_schemas_has_the_latest_alone_on_request() {
    let mut world = World::default();
    world.register("a", USER);
    world.register("a", USER_WITH_NAME);
    world.register("b", USER);
    let told = |answer: Value| -> Vec<(String, u64)> {
        let list = answer.as_array().expect("a list").clone();
        let one =
            |one: &Value| (one["subject"].as_str().unwrap().to_owned(), one["version"].as_u64().unwrap());
        list.iter().map(one).collect()
    };
    let named = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
        pairs.iter().map(|(subject, version)| ((*subject).to_owned(), *version)).collect()
    };
    assert_eq!(told(world.get("/schemas")), named(&[("a", 1), ("a", 2), ("b", 1)]));
    assert_eq!(told(world.get("/schemas?latestOnly=true")), named(&[("a", 2), ("b", 1)]));
    assert_eq!(told(world.get("/schemas?subjectPrefix=b")), named(&[("b", 1)]));
}

#[test]
fn a_normalized_schema_is_the_same_however_it_was_written() {
    let mut world = World::default();
    let text = |properties: &str| {
        format!(
            r#"{{"type":"record","name":"User","namespace":"ex","fields":[{{"name":"id","type":"long"}}]{properties}}}"#
        )
    };
    let (one, other) = (text(r#","a":1,"b":2"#), text(r#","b":2,"a":1"#));
    let register = "POST /subjects/a/versions?normalize=true";
    assert_eq!(world.done(register, &avro(&one))["id"], 1);
    assert_eq!(world.done(register, &avro(&other))["id"], 1);
    assert_eq!(world.done("POST /subjects/a?normalize=true", &avro(&other))["version"], 1);
    assert_eq!(world.register("b", &one), 2);
    assert_eq!(world.register("b", &other), 3);
    world.done("PUT /config/c", &json!({"normalize": true}));
    assert_eq!(world.register("c", &other), 1);
}

#[test]
fn protobuf_and_json_schema_are_kept_as_avro_is() {
    let mut world = World::default();
    let proto = "syntax = \"proto3\";\npackage ex;\nmessage P { int64 id = 1; }\n";
    let register = |world: &mut World, subject: &str, kind: &str, text: &str| {
        world
            .done(&format!("POST /subjects/{subject}/versions"), &json!({"schema": text, "schemaType": kind}))
    };
    assert_eq!(register(&mut world, "p", "PROTOBUF", proto)["id"], 1);
    let commented = proto.replace("message", "// a message\nmessage");
    assert_eq!(register(&mut world, "p", "PROTOBUF", &commented)["id"], 1);
    assert_eq!(register(&mut world, "q", "PROTOBUF", &commented)["id"], 1);
    assert_eq!(world.get("/schemas/ids/1")["schema"], proto);
    let serialized =
        world.get("/schemas/ids/1?format=serialized")["schema"].as_str().expect("base64").to_owned();
    assert!(!serialized.contains("message"));
    // As Python's serializer registers it.
    assert_eq!(register(&mut world, "p", "PROTOBUF", &serialized)["id"], 1);
    let text_id = json!({"schema": proto.replace("int64", "string"), "schemaType": "PROTOBUF"});
    assert_eq!(world.refused("POST /subjects/p/versions", &text_id).0, 40901);

    let schema = r#"{"type": "object", "properties": {"id": {"type": "integer"}}}"#;
    assert_eq!(register(&mut world, "j", "JSON", schema)["id"], 2);
    assert_eq!(register(&mut world, "j", "JSON", &schema.replace(' ', ""))["id"], 2);
    assert_eq!(world.get("/subjects/j/versions/1/schema"), schema.replace(' ', ""));
    let text_id = json!({"schema": schema.replace("integer", "string"), "schemaType": "JSON"});
    assert_eq!(world.refused("POST /subjects/j/versions", &text_id).0, 40901);
}
