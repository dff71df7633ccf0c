"""A registry is what Confluent's client for Python takes it for."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from asking import MEDIA, ask
from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError
from servers import Server


def record(name: str, /, **fields: object) -> str:
    """Avro: a record whose fields have these types; a pair is a type with a default."""
    written = []
    for field, kind in fields.items():
        typed: dict[str, object] = {"name": field, "type": kind}
        if isinstance(kind, tuple):
            typed["type"], typed["default"] = kind
        written.append(typed)
    return json.dumps({"type": "record", "name": name, "namespace": "ex", "fields": written})


def avro(name: str, /, **fields: object) -> Schema:
    return Schema(record(name, **fields), "AVRO")


PROTO = 'syntax = "proto3";\npackage ex;\nmessage P { int64 id = 1; }\n'
JSON_SCHEMA = json.dumps(
    {"title": "J", "type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
)


def refused(error: pytest.ExceptionInfo[SchemaRegistryError]) -> tuple[int, int]:
    return error.value.http_status_code, error.value.error_code


def test_the_same_schema_has_one_id(client: SchemaRegistryClient, subject: str) -> None:
    schema = avro(subject.replace("-", "_"), id="long")
    first = client.register_schema(f"{subject}-a", schema)
    client.clear_caches()
    assert client.register_schema(f"{subject}-a", schema) == first
    assert client.register_schema(f"{subject}-b", schema) == first
    spaced = Schema(json.dumps(json.loads(schema.schema_str), indent=3), "AVRO")
    assert client.register_schema(f"{subject}-a", spaced) == first
    assert client.get_versions(f"{subject}-a") == [1]
    assert {one.subject for one in client.get_schema_versions(first)} == {f"{subject}-a", f"{subject}-b"}
    assert set(client.get_subjects_by_schema_id(first)) == {f"{subject}-a", f"{subject}-b"}


@pytest.mark.fact("documentation")
def test_documentation_makes_another_schema(client: SchemaRegistryClient, subject: str) -> None:
    document = json.loads(record("D", id="long"))
    first = client.register_schema(subject, Schema(json.dumps(document), "AVRO"))
    second = client.register_schema(subject, Schema(json.dumps({**document, "doc": "a text"}), "AVRO"))
    assert first != second


def test_versions_are_counted_and_told(client: SchemaRegistryClient, subject: str) -> None:
    one, two = avro("V", id="long"), avro("V", id="long", name=("string", ""))
    ids = [client.register_schema(subject, schema) for schema in (one, two)]
    assert client.get_versions(subject) == [1, 2]
    latest = client.get_latest_version(subject)
    assert (latest.version, latest.schema_id, latest.subject) == (2, ids[1], subject)
    assert json.loads(latest.schema.schema_str) == json.loads(two.schema_str)
    assert client.lookup_schema(subject, one).version == 1
    assert json.loads(client.get_schema(ids[0]).schema_str) == json.loads(one.schema_str)
    assert subject in client.get_subjects()


def test_what_is_not_there_has_its_code(server: Server, client: SchemaRegistryClient, subject: str) -> None:
    with pytest.raises(SchemaRegistryError) as error:
        client.get_versions(subject)
    assert refused(error) == (404, 40401)
    with pytest.raises(SchemaRegistryError) as error:
        client.get_schema(987_654)
    assert refused(error) == (404, 40403)
    client.register_schema(subject, avro("N", id="long"))
    with pytest.raises(SchemaRegistryError) as error:
        client.get_version(subject, 9)
    assert refused(error) == (404, 40402)
    with pytest.raises(SchemaRegistryError) as error:
        client.lookup_schema(subject, avro("N", id="string"))
    assert refused(error) == (404, 40403)


@pytest.mark.fact("content type")
def test_answers_are_of_the_registrys_own_type(server: Server) -> None:
    assert ask(server, "GET /subjects").content_type == MEDIA
    assert ask(server, "GET /subjects/nobody/versions").content_type == MEDIA


@pytest.mark.fact("invalid version")
def test_a_version_that_is_none_is_refused(server: Server, subject: str) -> None:
    assert ask(server, f"GET /subjects/{subject}/versions/zero").code == 42202
    assert ask(server, f"GET /subjects/{subject}/versions/0").code == 42202


def test_a_schema_that_is_none_is_refused(client: SchemaRegistryClient, subject: str) -> None:
    for text, kind in [('{"type": "nope"}', "AVRO"), ("message {", "PROTOBUF"), ('{"type": 5}', "JSON")]:
        with pytest.raises(SchemaRegistryError) as error:
            client.register_schema(subject, Schema(text, kind))
        assert refused(error) == (422, 42201), kind


@pytest.mark.parametrize(
    ("kind", "text", "broken"),
    [
        ("AVRO", record("B", id="long"), record("B", id="string")),
        ("PROTOBUF", PROTO, PROTO.replace("int64", "string")),
        ("JSON", JSON_SCHEMA, JSON_SCHEMA.replace("integer", "string")),
    ],
)
def test_a_schema_that_breaks_readers_is_refused(
    server: Server, client: SchemaRegistryClient, subject: str, kind: str, text: str, broken: str
) -> None:
    client.set_compatibility(subject, "BACKWARD")
    client.register_schema(subject, Schema(text, kind))
    assert client.test_compatibility(subject, Schema(text, kind))
    assert not client.test_compatibility(subject, Schema(broken, kind))
    assert ask(server, f"POST /subjects/{subject}/versions", {"schema": broken, "schemaType": kind}).status == 409
    client.set_compatibility(subject, "NONE")
    client.register_schema(subject, Schema(broken, kind))


@pytest.mark.fact("conflict")
def test_a_conflict_tells_what_was_in_the_way(server: Server, client: SchemaRegistryClient, subject: str) -> None:
    client.register_schema(subject, avro("C", id="long"))
    with pytest.raises(SchemaRegistryError) as error:
        client.register_schema(subject, avro("C", id="string"))
    assert refused(error) == (409, 40901)
    message = error.value.error_message
    assert message.startswith(f'Schema being registered is incompatible with an earlier schema for subject "{subject}"')
    assert "oldSchemaVersion: 1" in message and "compatibility: 'BACKWARD'" in message


@pytest.mark.fact("verbose")
def test_a_question_about_compatibility_tells_why_not(
    server: Server, client: SchemaRegistryClient, subject: str
) -> None:
    client.register_schema(subject, avro("Q", id="long"))
    question = f"POST /compatibility/subjects/{subject}/versions/latest?verbose=true"
    answer = ask(server, question, {"schema": record("Q", id="string")}).body
    assert answer["is_compatible"] is False and answer["messages"]


def test_references_of_the_three_types_are_kept(client: SchemaRegistryClient, subject: str) -> None:
    def reference(kind: str, name: str, inner: str, outer: str) -> None:
        client.register_schema(f"{subject}-{kind}-inner", Schema(inner, kind))
        asked = [SchemaReference(name, f"{subject}-{kind}-inner", 1)]
        found = client.get_schema(client.register_schema(f"{subject}-{kind}", Schema(outer, kind, asked)))
        assert [(one.name, one.subject, one.version) for one in found.references] == [
            (name, f"{subject}-{kind}-inner", 1)
        ]
        assert client.get_referenced_by(f"{subject}-{kind}-inner", 1)

    reference("AVRO", "ex.Inner", record("Inner", street="string"), record("Outer", inner="ex.Inner"))
    inner = 'syntax = "proto3";\npackage ex;\nmessage C { string x = 1; }\n'
    outer = 'syntax = "proto3";\npackage ex;\nimport "common.proto";\nmessage Q { ex.C c = 1; }\n'
    reference("PROTOBUF", "common.proto", inner, outer)
    outer = json.dumps({"type": "object", "properties": {"a": {"$ref": "inner.json"}}})
    reference("JSON", "inner.json", json.dumps({"type": "object", "properties": {"s": {"type": "string"}}}), outer)


def test_what_others_refer_to_is_not_deleted(client: SchemaRegistryClient, subject: str) -> None:
    client.register_schema(f"{subject}-inner", avro("Inner", street="string"))
    asked = [SchemaReference("ex.Inner", f"{subject}-inner", 1)]
    client.register_schema(subject, Schema(record("Outer", inner="ex.Inner"), "AVRO", asked))
    with pytest.raises(SchemaRegistryError) as error:
        client.delete_subject(f"{subject}-inner")
    assert refused(error) == (422, 42206)


def test_a_subject_is_deleted_out_of_sight_and_then_for_good(client: SchemaRegistryClient, subject: str) -> None:
    schema = avro("Gone", id="long", mark=("string", subject))
    number = client.register_schema(subject, schema)
    assert client.delete_subject(subject) == [1]
    assert subject not in client.get_subjects()
    client.clear_caches()
    assert client.get_schema(number).schema_str, "what was written with it can be read"
    assert client.delete_subject(subject, permanent=True) == [1]
    with pytest.raises(SchemaRegistryError) as error:
        client.get_versions(subject)
    assert refused(error) == (404, 40401)


def test_what_was_deleted_is_listed_on_request(client: SchemaRegistryClient, server: Server, subject: str) -> None:
    client.register_schema(subject, avro("L", id="long"))
    client.register_schema(subject, avro("L", id="long", name=("string", "")))
    client.delete_version(subject, 2)
    assert client.get_versions(subject) == [1]
    assert client.get_versions(subject, deleted=True) == [1, 2]
    # The client spells `deletedOnly` as the registry does not.
    assert ask(server, f"GET /subjects/{subject}/versions?deletedOnly=true").body == [2]
    client.delete_subject(subject)
    assert subject in client.get_subjects(deleted=True) and subject not in client.get_subjects()


@pytest.mark.fact("not deleted first")
def test_nothing_is_deleted_for_good_at_once(client: SchemaRegistryClient, subject: str) -> None:
    client.register_schema(subject, avro("F", id="long"))
    with pytest.raises(SchemaRegistryError) as error:
        client.delete_version(subject, 1, permanent=True)
    assert refused(error) in [(404, 40407), (404, 40405)]


def test_levels_are_of_a_subject_or_of_everything(server: Server, client: SchemaRegistryClient, subject: str) -> None:
    client.register_schema(subject, avro("K", id="long"))
    assert client.set_compatibility(subject, "FULL_TRANSITIVE")["compatibility"] == "FULL_TRANSITIVE"
    assert client.get_compatibility(subject) == "FULL_TRANSITIVE"
    with pytest.raises(SchemaRegistryError) as error:
        client.set_compatibility(subject, "SIDEWARD")
    assert refused(error) == (422, 42203)
    assert client.get_compatibility() == "BACKWARD"


@pytest.mark.fact("default to global")
def test_a_subject_without_settings_has_those_of_everything(server: Server, subject: str) -> None:
    assert ask(server, f"GET /config/{subject}").code == 40408
    assert ask(server, f"GET /config/{subject}?defaultToGlobal=true").body == {"compatibilityLevel": "BACKWARD"}


@pytest.mark.fact("mode")
def test_a_read_only_subject_refuses_changes(client: SchemaRegistryClient, subject: str) -> None:
    client.update_mode(subject, "READONLY")
    with pytest.raises(SchemaRegistryError) as error:
        client.register_schema(subject, avro("R", id="long"))
    assert refused(error) == (422, 42205)
    client.delete_mode(subject)
    client.register_schema(subject, avro("R", id="long"))


@pytest.mark.fact("import")
def test_ids_are_given_in_import_mode_alone(server: Server, client: SchemaRegistryClient, subject: str) -> None:
    imported = {"schema": record("I", id="long", mark=("string", subject)), "id": 500_777, "version": 3}
    assert ask(server, f"POST /subjects/{subject}/versions", imported).code == 42205
    client.update_mode(subject, "IMPORT")
    assert ask(server, f"POST /subjects/{subject}/versions", imported).body["id"] == 500_777
    assert client.get_versions(subject) == [3]


@pytest.mark.fact("guid")
def test_a_guid_names_a_schema(client: SchemaRegistryClient, subject: str) -> None:
    registered = client.register_schema_full_response(subject, avro("G", id="long", mark=("string", subject)))
    assert registered.guid is not None
    found = client.get_schema_by_guid(registered.guid)
    assert json.loads(found.schema_str) == json.loads(client.get_schema(registered.schema_id).schema_str)


@pytest.mark.fact("contexts")
def test_contexts_are_told(server: Server, client: SchemaRegistryClient, subject: str) -> None:
    first = client.register_schema(f":.{subject}:s", avro("X", id="long"))
    assert f".{subject}" in client.get_contexts()
    assert ask(server, f"GET /subjects?subjectPrefix=:.{subject}:").body == [f":.{subject}:s"]
    assert first == 1, "a context counts ids by itself"


@pytest.mark.fact("metadata")
def test_metadata_and_rules_are_kept(server: Server, subject: str) -> None:
    rules = {"domainRules": [{"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"}]}
    asked = {"schema": record("M", id="long"), "metadata": {"properties": {"owner": "me"}}, "ruleSet": rules}
    ask(server, f"POST /subjects/{subject}/versions", asked)
    found = ask(server, f"GET /subjects/{subject}/versions/1").body
    assert found["metadata"]["properties"] == {"owner": "me"}
    assert found["ruleSet"]["domainRules"][0]["name"] == "r"


def test_settings_are_an_object_of_the_client(client: SchemaRegistryClient, subject: str) -> None:
    client.register_schema(subject, avro("S", id="long"))
    client.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.FORWARD))
    assert client.get_config(subject).compatibility_level == ConfigCompatibilityLevel.FORWARD


def test_a_hundred_clients_at_once_get_one_id_and_the_next_has_the_next(server: Server, subject: str) -> None:
    def register(_: int) -> int:
        own = SchemaRegistryClient({"url": server.url})
        return own.register_schema(subject, avro("H", id="long", mark=("string", subject)))

    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(register, range(100)))
    assert len(ids) == 1
    client = SchemaRegistryClient({"url": server.url})
    assert client.register_schema(f"{subject}-b", avro("H", id="int", mark=("string", subject))) == ids.pop() + 1
