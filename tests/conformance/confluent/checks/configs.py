"""Settings of topics and nodes, and what they do."""

from __future__ import annotations

from functools import partial

from confluent_kafka import KafkaError
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource
from kit import (
    WAIT,
    Record,
    admin,
    answer,
    new_topic,
    offsets,
    only,
    producer,
    read_to_end,
    refused,
    send,
    values,
    watermarks,
)
from probe_checks import check, eventually, same, true, unique

OLD = 1_600_000_000_000
"""A time in the past, in milliseconds."""


def configs(topic: str) -> dict[str, ConfigEntry]:
    return configs_of(ConfigResource(ConfigResource.Type.TOPIC, topic))


def configs_of(resource: ConfigResource) -> dict[str, ConfigEntry]:
    found: dict[str, ConfigEntry] = only(admin().describe_configs([resource], request_timeout=WAIT))
    return found


def alter(topic: str, name: str, operation: AlterConfigOpType, value: str | None, validate_only: bool = False) -> None:
    entry = ConfigEntry(name, value, incremental_operation=operation)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    only(admin().incremental_alter_configs([resource], validate_only=validate_only, request_timeout=WAIT))


def setting(topic: str, name: str) -> tuple[str | None, str]:
    entry = configs(topic)[name]
    return entry.value, ConfigSource(entry.source).name


@check("configs/a_topic_shows_what_was_set")
def shown() -> None:
    wanted = {"retention.ms": "12345", "cleanup.policy": "compact", "max.message.bytes": "2000"}
    topic = new_topic(config=wanted)
    found = configs(topic)
    for name, value in wanted.items():
        entry = found[name]
        same(name, (entry.value, ConfigSource(entry.source).name), (value, "DYNAMIC_TOPIC_CONFIG"))
        same(f"{name} is default", entry.is_default, False)
        same(f"{name} is read only or sensitive", (entry.is_read_only, entry.is_sensitive), (False, False))


@check("configs/a_topic_shows_its_defaults")
def defaults() -> None:
    found = configs(new_topic())
    wanted = {
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "delete.retention.ms": "86400000",
        "max.message.bytes": "1048588",
        "message.timestamp.type": "CreateTime",
        "min.compaction.lag.ms": "0",
        "retention.bytes": "-1",
        "segment.ms": "604800000",
        "unclean.leader.election.enable": "false",
    }
    same("values", {name: found[name].value for name in wanted}, wanted)
    sources = {name: ConfigSource(found[name].source).name for name in wanted}
    same("sources", sources, dict.fromkeys(wanted, "DEFAULT_CONFIG"))


@check("configs/a_topic_has_the_settings_of_kafka")
def names() -> None:
    wanted = {
        "cleanup.policy",
        "compression.type",
        "file.delete.delay.ms",
        "flush.messages",
        "index.interval.bytes",
        "max.compaction.lag.ms",
        "message.timestamp.after.max.ms",
        "message.timestamp.before.max.ms",
        "min.cleanable.dirty.ratio",
        "min.insync.replicas",
        "preallocate",
        "retention.ms",
        "segment.bytes",
        "segment.index.bytes",
        "segment.jitter.ms",
    }
    same("missing", sorted(wanted - set(configs(new_topic()))), [])


@check("configs/a_setting_can_be_set_and_deleted")
def set_and_delete() -> None:
    topic = new_topic()
    before = setting(topic, "retention.ms")
    alter(topic, "retention.ms", AlterConfigOpType.SET, "777")
    same_soon(topic, "retention.ms", ("777", "DYNAMIC_TOPIC_CONFIG"))
    alter(topic, "retention.ms", AlterConfigOpType.DELETE, None)
    same_soon(topic, "retention.ms", before)


def same_soon(topic: str, name: str, wanted: tuple[str | None, str]) -> None:
    eventually(f"{name} is {wanted}", lambda: setting(topic, name), lambda found: found == wanted, seconds=5)


@check("configs/a_list_can_be_appended_to_and_subtracted_from")
def append_and_subtract() -> None:
    topic = new_topic(config={"cleanup.policy": "delete"})
    alter(topic, "cleanup.policy", AlterConfigOpType.APPEND, "compact")
    same_soon(topic, "cleanup.policy", ("delete,compact", "DYNAMIC_TOPIC_CONFIG"))
    alter(topic, "cleanup.policy", AlterConfigOpType.SUBTRACT, "delete")
    same_soon(topic, "cleanup.policy", ("compact", "DYNAMIC_TOPIC_CONFIG"))


@check("configs/a_setting_of_one_leaves_the_others")
def others_stay() -> None:
    topic = new_topic(config={"retention.ms": "1000000"})
    alter(topic, "max.message.bytes", AlterConfigOpType.SET, "5000")
    same_soon(topic, "max.message.bytes", ("5000", "DYNAMIC_TOPIC_CONFIG"))
    same("retention.ms", setting(topic, "retention.ms"), ("1000000", "DYNAMIC_TOPIC_CONFIG"))


@check("configs/bad_settings_are_refused")
def bad_settings() -> None:
    topic = new_topic()
    for name, value in (("retention.ms", "soon"), ("no.such.setting", "1"), ("cleanup.policy", "shred")):
        refused(
            f"{name}={value}",
            KafkaError.INVALID_CONFIG,
            partial(alter, topic, name, AlterConfigOpType.SET, value),
        )


@check("configs/appending_to_what_is_no_list_is_refused")
def append_to_scalar() -> None:
    topic = new_topic()
    refused("append", KafkaError.INVALID_CONFIG, lambda: alter(topic, "retention.ms", AlterConfigOpType.APPEND, "1"))


@check("configs/validate_only_changes_nothing")
def validate_only() -> None:
    topic = new_topic()
    before = setting(topic, "retention.ms")
    alter(topic, "retention.ms", AlterConfigOpType.SET, "777", validate_only=True)
    same("retention.ms", setting(topic, "retention.ms"), before)
    refused(
        "a bad value",
        KafkaError.INVALID_CONFIG,
        lambda: alter(topic, "retention.ms", AlterConfigOpType.SET, "soon", validate_only=True),
    )


@check("configs/settings_of_an_unknown_topic_are_refused")
def unknown_topic() -> None:
    missing = unique("missing")
    refused("describe", KafkaError.UNKNOWN_TOPIC_OR_PART, lambda: configs(missing))
    refused(
        "alter",
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        lambda: alter(missing, "retention.ms", AlterConfigOpType.SET, "1"),
    )


@check("configs/a_changed_limit_takes_effect")
def takes_effect() -> None:
    topic = new_topic()
    client = producer()
    send(topic, [bytes(5_000)], client)
    alter(topic, "max.message.bytes", AlterConfigOpType.SET, "1000")
    same_soon(topic, "max.message.bytes", ("1000", "DYNAMIC_TOPIC_CONFIG"))
    refused("5 kB", KafkaError.MSG_SIZE_TOO_LARGE, lambda: send(topic, [bytes(5_000)], client))
    same("watermarks", watermarks(topic), (0, 1))


@check("configs/a_node_shows_its_settings")
def node_settings() -> None:
    node = answer(admin().describe_cluster(request_timeout=WAIT)).nodes[0].id
    found = configs_of(ConfigResource(ConfigResource.Type.BROKER, str(node)))
    same("node.id", found["node.id"].value, str(node))
    same("node.id is read only", found["node.id"].is_read_only, True)
    same("message.max.bytes", found["message.max.bytes"].value, "1048588")
    same("auto.create.topics.enable", found["auto.create.topics.enable"].value, "true")


@check("configs/an_unknown_node_is_refused")
def unknown_node() -> None:
    # The client routes the question to the node itself, which is not there.
    resource = ConfigResource(ConfigResource.Type.BROKER, "4711")
    refused(
        "describe",
        KafkaError._TIMED_OUT,
        lambda: only(admin().describe_configs([resource], request_timeout=1.0)),
    )


@check("configs/retention_ms_deletes_old_records")
def retention_ms() -> None:
    topic = new_topic(config={"retention.ms": "60000"})
    send(topic, [Record(b"old", timestamp=OLD) for _ in range(3)])
    eventually("old records are gone", lambda: watermarks(topic), lambda found: found == (3, 3))
    same("next offset", offsets(send(topic, [b"new"])), [3])


@check("configs/retention_bytes_deletes_the_oldest_records")
def retention_bytes() -> None:
    topic = new_topic(config={"retention.bytes": "1048576", "segment.bytes": "1048576"})
    client = producer()
    for _ in range(5):
        send(topic, [bytes(700_000)], client)
    low, high = eventually("the oldest are gone", lambda: watermarks(topic), lambda found: found[0] >= 1)
    same("high watermark", high, 5)
    true(f"low watermark {low} leaves as much as is to be kept", low <= 3)


@check("configs/compaction_keeps_the_last_of_each_key")
def compaction() -> None:
    topic = new_topic(
        config={
            "cleanup.policy": "compact",
            "segment.ms": "100",
            "min.cleanable.dirty.ratio": "0.01",
            "delete.retention.ms": "0",
        }
    )
    client = producer()
    send(topic, [Record(value, key=b"k") for value in values("k", 5)], client)
    send(topic, [Record(b"other", key=b"o")], client)

    def kept() -> list[tuple[bytes | None, bytes | None]]:
        # A segment is closed by the next record, so that the one before can be compacted.
        send(topic, [Record(b"tick", key=b"tick")], client)
        found, _ = read_to_end(topic)
        return [(message.key(), message.value()) for message in found if message.key() != b"tick"]

    eventually("only the last of each key is left", kept, lambda found: found == [(b"k", b"k4"), (b"o", b"other")])
