"""The admin client. Its answers are the raw ones of the server, so the codes are seen as they came."""

from __future__ import annotations

from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidPartitionsError, OffsetOutOfRangeError
from kit import admin, create, described, error_name, member, new_topic, refused, send, settled, values
from probe_checks import check, eventually_async, same, unique


@check("topics/create_and_describe")
async def create_and_describe() -> None:
    topic = await new_topic(partitions=3)
    async with admin() as client:
        found = await described(client, topic)
        same("name and internal", (found["topic"], found["is_internal"]), (topic, False))
        same("partitions", sorted(one["partition"] for one in found["partitions"]), [0, 1, 2])


@check("topics/create_refuses_with_the_codes_of_kafka")
async def create_refused() -> None:
    taken = await new_topic()
    async with admin() as client:
        for what, new, expected in (
            ("existing", NewTopic(taken, 1, 1), "TOPIC_ALREADY_EXISTS"),
            ("invalid name", NewTopic("a b", 1, 1), "INVALID_TOPIC"),
            ("no partitions", NewTopic(unique(), 0, 1), "INVALID_PARTITIONS"),
            ("negative partitions", NewTopic(unique(), -3, 1), "INVALID_PARTITIONS"),
            ("too many replicas", NewTopic(unique(), 1, 20), "INVALID_REPLICATION_FACTOR"),
            ("no replicas", NewTopic(unique(), 1, 0), "INVALID_REPLICATION_FACTOR"),
            ("negative replicas", NewTopic(unique(), 1, -3), "INVALID_REPLICATION_FACTOR"),
            ("bad config", NewTopic(unique(), 1, 1, topic_configs={"no.such": "1"}), "INVALID_CONFIG"),
        ):
            same(what, await create(client, new), expected)


@check("topics/validate_only_creates_nothing")
async def validate_only() -> None:
    topic = unique()
    async with admin() as client:
        same("validation", await create(client, NewTopic(topic, 1, 1), validate_only=True), "NO_ERROR")
        same("it is listed", topic in await client.list_topics(), False)


@check("topics/delete_and_delete_again")
async def delete() -> None:
    topic = await new_topic()

    async with admin() as client:

        async def deleted() -> str:
            ((_, code),) = (await client.delete_topics([topic])).topic_error_codes
            return error_name(code)

        async def listed() -> bool:
            return topic in await client.list_topics()

        same("delete", await deleted(), "NO_ERROR")
        await eventually_async("it is not listed", listed, lambda found: not found)
        same("again", await deleted(), "UNKNOWN_TOPIC_OR_PARTITION")


@check("topics/partitions_can_only_be_added")
async def partitions() -> None:
    topic = await new_topic(partitions=2)
    async with admin() as client:
        await client.create_partitions({topic: NewPartitions(4)})
        await settled(client, topic, 4)
        fewer = {topic: NewPartitions(3)}
        await refused("from 4 to 3", InvalidPartitionsError, lambda: client.create_partitions(fewer))


@check("admin/delete_records_moves_the_low_watermark")
async def delete_records() -> None:
    topic = await new_topic()
    place = TopicPartition(topic, 0)
    await send(topic, values("v", 5))
    async with admin() as client, member(topic, unique("group")) as reader:
        same("answer", await client.delete_records({place: RecordsToDelete(3)}), {place: 3})
        same("beginning", await reader.beginning_offsets([place]), {place: 3})
        await refused("offset 9", OffsetOutOfRangeError, lambda: client.delete_records({place: RecordsToDelete(9)}))


@check("configs/describe_and_alter")
async def configs() -> None:
    topic = await new_topic(config={"retention.ms": "12345"})
    async with admin() as client:

        async def shown() -> dict[str, tuple[str, int]]:
            (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
            ((code, _, kind, name, entries),) = answer.resources
            same("error, type and name", (code, kind, name), (0, 2, topic))
            # Name, value, read only, source (1 of the topic, 5 default), sensitive.
            return {entry[0]: (entry[1], entry[3]) for entry in entries}

        found = await shown()
        same("retention.ms", found["retention.ms"], ("12345", 1))
        same("cleanup.policy", found["cleanup.policy"], ("delete", 5))
        change = ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "2000"})
        (altered,) = await client.alter_configs([change])
        same("altered", [each[0] for each in altered.resources], [0])
        wanted = {"max.message.bytes": ("2000", 1)}

        async def of_the_topic() -> dict[str, tuple[str, int]]:
            return {name: entry for name, entry in (await shown()).items() if entry[1] == 1}

        # This call replaces all settings of the topic, so the retention is the default again.
        await eventually_async("the change is shown", of_the_topic, lambda now: now == wanted, seconds=5)
