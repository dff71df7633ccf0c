"""Groups of consumers."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata
from kit import admin, consumer, member, new_topic, read, refused, send, values
from probe_checks import check, eventually_async, same, true, unique


async def split(members: list[AIOKafkaConsumer], counts: list[int]) -> list[frozenset[int]]:
    """Waits until the members hold so many partitions each, in any order, and none twice."""

    async def held() -> list[frozenset[int]]:
        return [frozenset(place.partition for place in one.assignment()) for one in members]

    def even(found: list[frozenset[int]]) -> bool:
        return len(frozenset().union(*found)) == sum(counts) and sorted(map(len, found)) == sorted(counts)

    return await eventually_async(f"partitions are split {counts}", held, even)


@check("groups/a_new_member_resumes_behind_the_commit")
async def resume() -> None:
    topic, group = await new_topic(), unique("group")
    place = TopicPartition(topic, 0)
    await send(topic, values("v", 6))
    async with member(topic, group) as client:
        await read(client, 6)
        await client.commit({place: OffsetAndMetadata(4, "noted")})
        same("committed", await client.committed(place), 4)
    async with member(topic, group) as client:
        same("offsets", [record.offset for record in await read(client, 2)], [4, 5])


@check("groups/nothing_committed_is_said_so")
async def nothing_committed() -> None:
    topic = await new_topic()
    async with member(topic, unique("group")) as client:
        same("committed", await client.committed(TopicPartition(topic, 0)), None)


@check("groups/two_members_split_the_partitions")
async def two_members() -> None:
    topic, group = await new_topic(partitions=4), unique("group")
    async with member(topic, group) as one, member(topic, group) as two:
        mine, others = await split([one, two], [2, 2])
        for partition in range(4):
            await send(topic, [b"%d" % partition], partition=partition)
        same("read by the first", {record.partition for record in await read(one, 2)}, mine)
        same("read by the second", {record.partition for record in await read(two, 2)}, others)


@check("groups/partitions_of_a_leaving_member_are_taken_over")
async def leaving_member() -> None:
    topic, group = await new_topic(partitions=4), unique("group")
    async with member(topic, group) as one:
        async with member(topic, group) as two:
            await split([one, two], [2, 2])
        await split([one], [4])


async def assignor(kind: type[object]) -> list[frozenset[int]]:
    topic, group = await new_topic(partitions=4), unique("group")
    settings = {"partition_assignment_strategy": (kind,)}
    async with member(topic, group, **settings) as one, member(topic, group, **settings) as two:
        return await split([one, two], [2, 2])


@check("groups/range_gives_neighbours")
async def range_assignor() -> None:
    same("parts", set(await assignor(RangePartitionAssignor)), {frozenset({0, 1}), frozenset({2, 3})})


@check("groups/roundrobin_deals_partitions_out_one_by_one")
async def roundrobin_assignor() -> None:
    same("parts", set(await assignor(RoundRobinPartitionAssignor)), {frozenset({0, 2}), frozenset({1, 3})})


@check("groups/sticky_splits_evenly")
async def sticky_assignor() -> None:
    await assignor(StickyPartitionAssignor)


@check("groups/a_static_member_gets_its_partitions_back")
async def static_member() -> None:
    topic, group = await new_topic(partitions=4), unique("group")
    async with member(topic, group, group_instance_id="a") as one:
        async with member(topic, group, group_instance_id="b") as two:
            _, before = await split([one, two], [2, 2])
        async with member(topic, group, group_instance_id="b") as again:
            _, after = await split([one, again], [2, 2])
            same("partitions after the restart", after, before)


@check("groups/a_commit_of_a_stranger_is_refused")
async def stranger() -> None:
    topic, group = await new_topic(), unique("group")
    place = TopicPartition(topic, 0)
    async with member(topic, group) as one:
        await split([one], [1])
        async with consumer(group_id=group) as other:
            other.assign([place])
            await refused("commit", CommitFailedError, lambda: other.commit({place: 1}))
        same("committed", await one.committed(place), None)


@check("groups/the_admin_lists_describes_and_reads_offsets")
async def described() -> None:
    topic, group = await new_topic(), unique("group")
    place = TopicPartition(topic, 0)
    async with admin() as client, member(topic, group, client_id="describer") as one:
        await split([one], [1])
        await one.commit({place: OffsetAndMetadata(7, "noted")})
        true("it is listed", (group, "consumer") in [found[:2] for found in await client.list_consumer_groups()])
        ((found,),) = [response.groups for response in await client.describe_consumer_groups([group])]
        code, name, state, kind, protocol, members, *_ = found
        same("error, group, state and type", (code, name, state, kind), (0, group, "Stable", "consumer"))
        same("protocol", protocol, "roundrobin")
        same("client ids and hosts", [each[1:3] for each in members], [("describer", "/127.0.0.1")])
        same("offsets", await client.list_consumer_group_offsets(group), {place: OffsetAndMetadata(7, "noted")})
