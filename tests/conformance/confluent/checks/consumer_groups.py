"""Groups of the new protocol (KIP-848), where the server assigns."""

from __future__ import annotations

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    KafkaError,
    TopicPartition,
)
from confluent_kafka.admin import NewPartitions
from kit import WAIT, Record, admin, answer, consumer, group, group_offsets, new_topic, only, refused, send, values
from member import CONSUMER_PROTOCOL, Member, as_places, split
from probe_checks import check, eventually, same, true, unique


def member(name: str, topics: list[str], **settings: object) -> Member:
    return Member(name, topics, {**CONSUMER_PROTOCOL, **{key.replace("_", "."): v for key, v in settings.items()}})


@check("consumer_groups/a_member_consumes_and_resumes_behind_its_commit")
def resume() -> None:
    topic, name = new_topic(), unique("group")
    send(topic, values("v", 6))
    with member(name, [topic]) as one:
        same("records", [m.value() for m in one.received(6)], values("v", 6))
        one.do(lambda client: client.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False))
        same("committed", group_offsets(name), {(topic, 0): 4})
    with member(name, [topic]) as two:
        same("offsets after the commit", [m.offset() for m in two.received(2)], [4, 5])


@check("consumer_groups/two_members_split_the_partitions")
def two_members() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    with member(name, [topic]) as one, member(name, [topic]) as two:
        split([one, two], [2, 2])
        send(topic, [Record(b"v", partition=p) for p in range(4)])
        for each in (one, two):
            found = {(str(m.topic()), m.partition()) for m in each.received(2)}
            same("partitions records came from", found, each.places())


@check("consumer_groups/a_new_member_leaves_the_rest_where_it_was")
def incremental() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    with member(name, [topic]) as one:
        everything = one.has(4)
        with member(name, [topic]) as two:
            mine, others = split([one, two], [2, 2])
            revoked = [places for what, places in one.events if what == "revoked" and places]
            same("revoked", revoked, [others])
            same("kept", mine, everything - others)


@check("consumer_groups/partitions_of_a_leaving_member_are_taken_over")
def leaving_member() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    with member(name, [topic]) as one, member(name, [topic]) as two:
        split([one, two], [2, 2])
        two.leave()
        one.has(4)


@check("consumer_groups/range_assignor_gives_the_same_part_of_every_topic")
def range_assignor() -> None:
    topics, name = [new_topic(partitions=2) for _ in range(2)], unique("group")
    one, two = (member(name, topics, group_remote_assignor="range") for _ in range(2))
    with one, two:
        found = split([one, two], [2, 2])
        same("assignor", group(name).partition_assignor, "range")
    wanted = {frozenset((topic, partition) for topic in topics) for partition in (0, 1)}
    same("parts", set(found), wanted)


@check("consumer_groups/an_unknown_assignor_is_refused")
def unknown_assignor() -> None:
    with member(unique("group"), [new_topic()], group_remote_assignor="by-dice") as one:
        errors = eventually("an error comes", lambda: list(one.errors))
        same("error", errors[0].name(), "_FATAL")
        true(
            f"`{errors[0].str()}` names the reason", "assignor or its version range is not supported" in errors[0].str()
        )


@check("consumer_groups/list_tells_the_type")
def list_type() -> None:
    topic, name = new_topic(), unique("group")

    def listed(**filters: object) -> list[tuple[object, object]]:
        found = answer(admin().list_consumer_groups(request_timeout=WAIT, **filters))
        return [(one.state, one.type) for one in found.valid if one.group_id == name]

    with member(name, [topic]) as one:
        one.has(1)
        stable = [(ConsumerGroupState.STABLE, ConsumerGroupType.CONSUMER)]
        eventually("it is listed as stable", listed, lambda found: found == stable)
        same("of type consumer", listed(types={ConsumerGroupType.CONSUMER}), stable)
        same("of type classic", listed(types={ConsumerGroupType.CLASSIC}), [])
    same("when left", listed(), [(ConsumerGroupState.EMPTY, ConsumerGroupType.CONSUMER)])


@check("consumer_groups/describe_tells_members_and_assignment")
def describe() -> None:
    topic, name = new_topic(partitions=2), unique("group")
    with member(name, [topic], client_id="describer") as one:
        one.has(2)
        eventually("the group is stable", lambda: group(name).state == ConsumerGroupState.STABLE)
        found = group(name)
        same("type", found.type, ConsumerGroupType.CONSUMER)
        same("assignor", found.partition_assignor, "uniform")
        (described,) = found.members
        same("member id", described.member_id, one.do(lambda client: client.memberid()))
        same("client id", described.client_id, "describer")
        everything = {(topic, 0), (topic, 1)}
        same("assignment", as_places(described.assignment.topic_partitions), everything)
        assert described.target_assignment
        same("target", as_places(described.target_assignment.topic_partitions), everything)


@check("consumer_groups/a_static_member_gets_its_partitions_back")
def static_member() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    with member(name, [topic], group_instance_id="a") as one:
        with member(name, [topic], group_instance_id="b") as two:
            _, before = split([one, two], [2, 2])
            seen = len(one.events)
        with member(name, [topic], group_instance_id="b") as again:
            same("partitions after the restart", again.has(2), before)
            same("rebalances the other member saw", one.events[seen:], [])


@check("consumer_groups/an_instance_in_use_is_refused")
def instance_in_use() -> None:
    topic, name = new_topic(), unique("group")
    with member(name, [topic], group_instance_id="only") as one:
        one.has(1)
        with member(name, [topic], group_instance_id="only") as two:
            errors = eventually("the second sees an error", lambda: list(two.errors))
            same("error", errors[0].name(), "_FATAL")
            true(f"`{errors[0].str()}` names the reason", "instance ID is still used" in errors[0].str())
        same("partitions of the first", len(one.places()), 1)


@check("consumer_groups/added_partitions_are_assigned")
def grown_topic() -> None:
    topic, name = new_topic(), unique("group")
    with member(name, [topic]) as one:
        one.has(1)
        only(admin().create_partitions([NewPartitions(topic, 3)]))
        one.has(3)


@check("consumer_groups/a_pattern_is_matched_by_the_server")
def pattern() -> None:
    prefix, name = unique("pattern"), unique("group")
    for end in ("1", "2", "other"):
        new_topic(name=f"{prefix}-{end}")
    with member(name, [f"^{prefix}-[0-9]+"]) as one:
        same("partitions", one.has(2), {(f"{prefix}-1", 0), (f"{prefix}-2", 0)})


@check("consumer_groups/a_commit_of_a_stranger_is_refused")
def commit_of_a_stranger() -> None:
    topic, name = new_topic(), unique("group")
    with member(name, [topic]) as one:
        one.has(1)
        place = ConsumerGroupTopicPartitions(name, [TopicPartition(topic, 0, 1)])
        (altered,) = only(admin().alter_consumer_group_offsets([place])).topic_partitions
        same("error", altered.error and altered.error.name(), "UNKNOWN_MEMBER_ID")
    same("committed", group_offsets(name), {})


@check("consumer_groups/only_an_empty_group_can_be_deleted")
def delete_group() -> None:
    topic, name = new_topic(), unique("group")
    with member(name, [topic]) as one:
        one.has(1)
        refused("delete", KafkaError.NON_EMPTY_GROUP, lambda: only(admin().delete_consumer_groups([name])))
    only(admin().delete_consumer_groups([name]))
    same("state", group(name).state, ConsumerGroupState.DEAD)


@check("consumer_groups/a_classic_member_may_follow_when_the_group_is_empty")
def to_classic() -> None:
    topic, name = new_topic(), unique("group")
    send(topic, values("v", 3))
    with member(name, [topic]) as one:
        one.received(3)
        one.do(lambda client: client.commit(offsets=[TopicPartition(topic, 0, 2)], asynchronous=False))
    with consumer({"group.id": name}) as client:
        client.subscribe([topic])
        message = client.poll(WAIT)
        same("first record", message and message.value(), b"v2")
        same("type", group(name).type, ConsumerGroupType.CLASSIC)
