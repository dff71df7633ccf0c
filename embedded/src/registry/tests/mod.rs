//! The API of the registry without HTTP: requests in their order, and what each is answered.

mod compatibility;
mod deleting;
mod faults;
mod registering;
mod settings;

use serde_json::{Value, json};

use super::answer::Body;
use super::request::{Method, Request};
use super::routes;
use super::state::Registry;

/// When the tests happen, in milliseconds since 1970.
const NOW: i64 = 1_700_000_000_000;

const USER: &str =
    r#"{"type":"record","name":"User","namespace":"ex","fields":[{"name":"id","type":"long"}]}"#;
const USER_WITH_NAME: &str = r#"{"type":"record","name":"User","namespace":"ex","fields":[{"name":"id","type":"long"},{"name":"name","type":"string","default":""}]}"#;
const USER_WITH_TEXT_ID: &str =
    r#"{"type":"record","name":"User","namespace":"ex","fields":[{"name":"id","type":"string"}]}"#;
const ADDRESS: &str =
    r#"{"type":"record","name":"Address","namespace":"ex","fields":[{"name":"street","type":"string"}]}"#;
const CUSTOMER: &str =
    r#"{"type":"record","name":"Customer","namespace":"ex","fields":[{"name":"address","type":"Address"}]}"#;

#[derive(Debug, Default)]
struct World(Registry);

impl World {
    /// Answers `GET /subjects`, with a body for what has one.
    fn ask(&mut self, line: &str, body: &Value) -> (u16, Value) {
        let (method, target) = line.split_once(' ').expect("a method and a path");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request { method: Method::of_name(method), path, query, body: &body, now: NOW };
        let answer = routes::answer(&mut self.0, &request);
        let body = match answer.body {
            Body::Nothing => Value::Null,
            Body::Json(json) => json,
            Body::Text(text) => text.into(),
        };
        (answer.status, body)
    }

    #[track_caller]
    fn get(&mut self, path: &str) -> Value {
        self.done(&format!("GET {path}"), &Value::Null)
    }

    #[track_caller]
    fn done(&mut self, line: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(line, body);
        assert!(matches!(status, 200 | 204), "{line} {body} was answered {status} {answer}");
        answer
    }

    #[track_caller]
    fn refused(&mut self, line: &str, body: &Value) -> (u64, String) {
        let (status, answer) = self.ask(line, body);
        let code = answer["error_code"].as_u64().unwrap_or_else(|| panic!("{line}: {status} {answer}"));
        let expected = if code > 999 { code / 100 } else { code };
        assert_eq!(u64::from(status), expected, "{line}: {answer}");
        (code, answer["message"].as_str().unwrap_or_default().to_owned())
    }

    /// Registers Avro; returns the id.
    #[track_caller]
    fn register(&mut self, subject: &str, text: &str) -> u64 {
        let answer = self.done(&format!("POST /subjects/{subject}/versions"), &avro(text));
        answer["id"].as_u64().expect("an id")
    }

    /// Registers what others refer to, and who does.
    #[track_caller]
    fn register_customer(&mut self) -> (u64, u64) {
        let address = self.register("address", ADDRESS);
        let customer = json!({
            "schema": CUSTOMER,
            "references": [{"name": "ex.Address", "subject": "address", "version": 1}],
        });
        let answer = self.done("POST /subjects/customer/versions", &customer);
        (address, answer["id"].as_u64().expect("an id"))
    }
}

fn avro(text: &str) -> Value {
    json!({"schema": text})
}

#[test]
fn paths_and_methods_that_are_not_there_are_told_as_http_does() {
    let mut world = World::default();
    for path in
        ["/nothing", "/subjects/a/b", "/schemas/ids/x", "/subjects/a/versions/1/x", "/schemas/ids/1/x/y"]
    {
        assert_eq!(
            world.ask(&format!("GET {path}"), &Value::Null),
            (404, json!({"error_code": 404, "message": "HTTP 404 Not Found"})),
            "{path}"
        );
    }
    for line in ["PATCH /subjects", "PUT /subjects/a", "DELETE /schemas/types", "PUT /subjects/a/versions/1"]
    {
        assert_eq!(
            world.ask(line, &Value::Null),
            (405, json!({"error_code": 405, "message": "HTTP 405 Method Not Allowed"})),
            "{line}"
        );
    }
    assert_eq!(world.get("/"), json!({}));
    assert_eq!(world.get("/schemas/types"), json!(["JSON", "PROTOBUF", "AVRO"]));
    assert_eq!(world.get("/associations/resources/-/orders?resourceType=topic"), json!([]));
}

#[test]
fn a_body_that_is_none_is_refused_with_its_place() {
    let mut world = World::default();
    let line = "POST /subjects/a/versions";
    assert_eq!(world.refused(line, &Value::Null).0, 422);
    assert_eq!(world.refused(line, &json!([])).0, 400);
    assert_eq!(world.refused(line, &json!({"schema": 5})), (400, "`schema` was not a text".to_owned()));
    assert_eq!(world.refused(line, &json!({"schema": USER, "references": [{"name": "x"}]})).0, 42201);
}
