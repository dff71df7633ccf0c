"""Classic groups: sharing partitions and keeping offsets."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading

from confluent_kafka import (
    OFFSET_INVALID,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import NewPartitions
from kit import (
    WAIT,
    Record,
    admin,
    answer,
    consumer,
    error_of,
    group,
    group_offsets,
    new_topic,
    offsets,
    only,
    payloads,
    read,
    refused,
    send,
    values,
    watermarks,
)
from member import Member, as_places, split
from probe_checks import bootstrap, check, eventually, same, true, unique

EARLIEST = {"auto.offset.reset": "earliest"}


def in_state(name: str, state: ConsumerGroupState) -> None:
    eventually(f"`{name}` is {state.name}", lambda: group(name).state, lambda seen: seen == state)


@check("groups/a_new_member_resumes_behind_the_commit")
def resume() -> None:
    topic, name = new_topic(), unique("group")
    send(topic, values("v", 6))
    place = TopicPartition(topic, 0)
    with consumer({"group.id": name, **EARLIEST}) as client:
        client.subscribe([topic])
        read(client, 4)
        client.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
        same("committed", client.committed([place], timeout=WAIT)[0].offset, 4)
    with consumer({"group.id": name, **EARLIEST}) as client:
        client.subscribe([topic])
        same("offsets after the commit", offsets(read(client, 2)), [4, 5])


@check("groups/a_group_without_commits_starts_at_the_first_record_left")
def first_record_left() -> None:
    topic = new_topic()
    send(topic, values("v", 4))
    only(admin().delete_records([TopicPartition(topic, 0, 2)]))
    with consumer(EARLIEST) as client:
        client.subscribe([topic])
        same("offsets", offsets(read(client, 2)), [2, 3])


@check("groups/closing_commits_what_was_read")
def commit_on_close() -> None:
    topic, name = new_topic(), unique("group")
    send(topic, values("v", 3))
    with consumer({"group.id": name, "enable.auto.commit": True, **EARLIEST}) as client:
        client.subscribe([topic])
        read(client, 3)
    same("committed", group_offsets(name), {(topic, 0): 3})


@check("groups/nothing_committed_is_said_so")
def nothing_committed() -> None:
    topic, name = new_topic(), unique("group")
    with consumer({"group.id": name}) as client:
        same("offset", client.committed([TopicPartition(topic, 0)], timeout=WAIT)[0].offset, OFFSET_INVALID)
    same("listed", group_offsets(name, [TopicPartition(topic, 0)]), {(topic, 0): OFFSET_INVALID})


@check("groups/commits_keep_their_metadata")
def metadata() -> None:
    topic = new_topic()
    with consumer() as client:
        place = TopicPartition(topic, 0, 7, metadata="where I was ä")
        client.commit(offsets=[place], asynchronous=False)
        (found,) = client.committed([TopicPartition(topic, 0)], timeout=WAIT)
    same("offset and metadata", (found.offset, found.metadata), (7, "where I was ä"))


@check("groups/metadata_beyond_the_limit_is_refused")
def large_metadata() -> None:
    place = TopicPartition(new_topic(), 0, 1, metadata="x" * 5_000)
    with consumer() as client:
        refused(
            "5 kB of metadata",
            KafkaError.OFFSET_METADATA_TOO_LARGE,
            lambda: raised(client.commit(offsets=[place], asynchronous=False)),
        )


def raised(places: list[TopicPartition]) -> list[TopicPartition]:
    """Raises the error of a partition, which the client only notes."""
    for place in places:
        if place.error is not None:
            raise KafkaException(place.error)
    return places


@check("groups/commit_for_an_unknown_topic_is_refused")
def commit_unknown() -> None:
    with consumer() as client:
        refused(
            "unknown topic",
            KafkaError.UNKNOWN_TOPIC_OR_PART,
            lambda: raised(client.commit(offsets=[TopicPartition(unique(), 0, 1)], asynchronous=False)),
        )


@check("groups/commits_can_go_back")
def commit_backwards() -> None:
    topic = new_topic()
    with consumer() as client:
        for offset in (9, 2):
            client.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
            same("committed", client.committed([TopicPartition(topic, 0)], timeout=WAIT)[0].offset, offset)


@check("groups/two_members_split_the_partitions")
def two_members() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    with Member(name, [topic]) as one, Member(name, [topic]) as two:
        split([one, two], [2, 2])
        send(topic, [Record(f"{p}".encode(), partition=p) for p in range(4)])
        for member in (one, two):
            found = {(str(m.topic()), m.partition()) for m in member.received(2)}
            same("partitions records came from", found, member.places())


@check("groups/more_members_than_partitions_leave_one_idle")
def idle_member() -> None:
    topic, name = new_topic(partitions=2), unique("group")
    with Member(name, [topic]) as one, Member(name, [topic]) as two, Member(name, [topic]) as three:
        split([one, two, three], [1, 1, 0])


@check("groups/a_new_member_takes_its_share")
def new_member() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    with Member(name, [topic]) as one:
        everything = one.has(4)
        with Member(name, [topic]) as two:
            split([one, two], [2, 2])
            same("first events", one.events[:2], [("assigned", everything), ("revoked", everything)])


@check("groups/partitions_of_a_leaving_member_are_taken_over")
def leaving_member() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    with Member(name, [topic]) as one, Member(name, [topic]) as two:
        split([one, two], [2, 2])
        two.leave()
        one.has(4)


@check("groups/partitions_of_a_killed_member_are_taken_over")
def killed_member() -> None:
    topic, name = new_topic(partitions=2), unique("group")
    doomed = subprocess.Popen(
        [sys.executable, "-c", DOOMED, bootstrap(), name, topic], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert doomed.stdout
        same("the other process says", doomed.stdout.readline(), b"assigned\n")
    finally:
        doomed.kill()
        doomed.communicate()
    with Member(name, [topic]) as heir:
        heir.has(2)


DOOMED = textwrap.dedent(
    """
    import sys
    import threading
    from confluent_kafka import Consumer
    def end_with_the_parent():
        sys.stdin.read()
        import os
        os._exit(1)
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    bootstrap, group, topic = sys.argv[1:]
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "session.timeout.ms": 6000})
    client.subscribe([topic], on_assign=lambda *_: print("assigned", flush=True))
    while True:
        client.poll(0.1)
    """
)
"""A member that holds all partitions until it is killed; it ends with its parent, too."""


@check("groups/range_gives_each_member_the_same_part_of_every_topic")
def range_assignor() -> None:
    topics, name = [new_topic(partitions=3) for _ in range(2)], unique("group")
    settings = {"partition.assignment.strategy": "range"}
    with Member(name, topics, settings) as one, Member(name, topics, settings) as two:
        found = split([one, two], [4, 2])
    larger = max(found, key=len)
    same("larger part", larger, {(topic, partition) for topic in topics for partition in (0, 1)})


@check("groups/roundrobin_deals_partitions_out_one_by_one")
def roundrobin_assignor() -> None:
    topics, name = [new_topic(partitions=3) for _ in range(2)], unique("group")
    settings = {"partition.assignment.strategy": "roundrobin"}
    with Member(name, topics, settings) as one, Member(name, topics, settings) as two:
        found = split([one, two], [3, 3])
    in_order = [(topic, partition) for topic in sorted(topics) for partition in range(3)]
    same("parts", set(found), {frozenset(in_order[0::2]), frozenset(in_order[1::2])})


@check("groups/cooperative_members_keep_what_stays_theirs")
def cooperative() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    settings = {"partition.assignment.strategy": "cooperative-sticky"}
    with Member(name, [topic], settings) as one:
        everything = one.has(4)
        with Member(name, [topic], settings) as two:
            mine, others = split([one, two], [2, 2])
            revoked = [places for what, places in one.events if what == "revoked" and places]
            same("revoked", revoked, [others])
            same("kept", mine, everything - others)


@check("groups/a_static_member_rejoins_without_a_rebalance")
def static_member() -> None:
    topic, name = new_topic(partitions=4), unique("group")
    with Member(name, [topic], {"group.instance.id": "a"}) as one:
        with Member(name, [topic], {"group.instance.id": "b"}) as two:
            _, before = split([one, two], [2, 2])
            seen = len(one.events)
        with Member(name, [topic], {"group.instance.id": "b"}) as again:
            same("partitions after the restart", again.has(2), before)
            same("rebalances the other member saw", one.events[seen:], [])


@check("groups/a_second_member_of_the_same_instance_fences_the_first")
def fenced_instance() -> None:
    topic, name = new_topic(), unique("group")
    settings = {"group.instance.id": "only"}
    with Member(name, [topic], settings) as first:
        first.has(1)
        with Member(name, [topic], settings) as second:
            second.has(1)
            errors = eventually("the first sees an error", lambda: list(first.errors))
            same("its error", errors[0].name(), "_FATAL")
            true("it names the fencing", "fenced" in errors[0].str().lower())


@check("groups/a_commit_of_a_stranger_is_refused")
def commit_of_a_stranger() -> None:
    topic, name = new_topic(), unique("group")
    with Member(name, [topic]) as member, consumer({"group.id": name}) as stranger:
        member.has(1)
        place = TopicPartition(topic, 0, 1)
        refused(
            "commit",
            KafkaError.UNKNOWN_MEMBER_ID,
            lambda: raised(stranger.commit(offsets=[place], asynchronous=False)),
        )
        refused(
            "alter",
            KafkaError.UNKNOWN_MEMBER_ID,
            lambda: raised(
                only(
                    admin().alter_consumer_group_offsets([ConsumerGroupTopicPartitions(name, [place])])
                ).topic_partitions
            ),
        )
    same("committed", group_offsets(name), {})


@check("groups/a_member_without_a_common_assignor_is_refused")
def inconsistent_protocol() -> None:
    topic, name = new_topic(), unique("group")
    with Member(name, [topic], {"partition.assignment.strategy": "range"}) as member:
        member.has(1)
        odd = {"group.id": name, "partition.assignment.strategy": "roundrobin"}
        with consumer(odd) as client:
            client.subscribe([topic])
            same("error", error_of(client).name(), "INCONSISTENT_GROUP_PROTOCOL")
        same("partitions of the first", len(member.places()), 1)


@check("groups/a_session_timeout_out_of_bounds_is_refused")
def invalid_session() -> None:
    with consumer({"session.timeout.ms": 500, "heartbeat.interval.ms": 100}) as client:
        client.subscribe([new_topic()])
        same("error", error_of(client).name(), "INVALID_SESSION_TIMEOUT")


@check("groups/a_pattern_finds_topics_made_later")
def pattern() -> None:
    prefix, name = unique("pattern"), unique("group")
    new_topic(name=f"{prefix}-1")
    settings = {"topic.metadata.refresh.interval.ms": 200, "metadata.max.age.ms": 1_000}
    with Member(name, [f"^{prefix}-.*"], settings) as member:
        same("at first", member.has(1), {(f"{prefix}-1", 0)})
        new_topic(name=f"{prefix}-2")
        same("later", member.has(2), {(f"{prefix}-1", 0), (f"{prefix}-2", 0)})


@check("groups/added_partitions_are_assigned")
def grown_topic() -> None:
    topic, name = new_topic(), unique("group")
    with Member(name, [topic], {"topic.metadata.refresh.interval.ms": 200}) as member:
        member.has(1)
        only(admin().create_partitions([NewPartitions(topic, 3)]))
        member.has(3)


@check("groups/describe_tells_state_members_and_assignment")
def describe() -> None:
    topic, name = new_topic(partitions=2), unique("group")
    settings = {"client.id": "describer", "group.instance.id": "i-1", "partition.assignment.strategy": "range"}
    with Member(name, [topic], settings) as member:
        member.has(2)
        in_state(name, ConsumerGroupState.STABLE)
        found = group(name)
        same("assignor", found.partition_assignor, "range")
        same("type", found.type, ConsumerGroupType.CLASSIC)
        same("simple", found.is_simple_consumer_group, False)
        nodes = {node.id for node in answer(admin().describe_cluster()).nodes}
        true("the coordinator is a node", found.coordinator.id in nodes)
        (one,) = found.members
        same("member id", one.member_id, member.do(lambda client: client.memberid()))
        same("client id", one.client_id, "describer")
        same("instance id", one.group_instance_id, "i-1")
        same("host", one.host, "/127.0.0.1")
        same("assignment", as_places(one.assignment.topic_partitions), {(topic, 0), (topic, 1)})


@check("groups/a_group_without_members_is_empty")
def empty_group() -> None:
    topic, name = new_topic(), unique("group")
    with Member(name, [topic]) as member:
        member.has(1)
        member.do(lambda client: client.commit(offsets=[TopicPartition(topic, 0, 0)], asynchronous=False))
    in_state(name, ConsumerGroupState.EMPTY)
    same("members", group(name).members, [])


@check("groups/an_unknown_group_is_described_as_dead")
def unknown_group() -> None:
    found = group(unique("unknown"))
    same("state and members", (found.state, found.members), (ConsumerGroupState.DEAD, []))


@check("groups/list_filters_by_state_and_type")
def list_groups() -> None:
    topic, busy, idle = new_topic(), unique("busy"), unique("idle")
    with consumer({"group.id": idle}) as client:
        client.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
    with Member(busy, [topic]) as member:
        member.has(1)
        in_state(busy, ConsumerGroupState.STABLE)

        def listed(**filters: object) -> dict[str, object]:
            found = answer(admin().list_consumer_groups(request_timeout=WAIT, **filters))
            same("errors", found.errors, [])
            return {one.group_id: (one.state, one.type) for one in found.valid if one.group_id in (busy, idle)}

        is_busy = (ConsumerGroupState.STABLE, ConsumerGroupType.CLASSIC)
        is_idle = (ConsumerGroupState.EMPTY, ConsumerGroupType.CLASSIC)
        same("all", listed(), {busy: is_busy, idle: is_idle})
        same("stable", listed(states={ConsumerGroupState.STABLE}), {busy: is_busy})
        same("empty", listed(states={ConsumerGroupState.EMPTY}), {idle: is_idle})
        same("classic", listed(types={ConsumerGroupType.CLASSIC}), {busy: is_busy, idle: is_idle})
        same("consumer", listed(types={ConsumerGroupType.CONSUMER}), {})


@check("groups/an_empty_group_can_be_deleted")
def delete_group() -> None:
    topic, name = new_topic(), unique("group")
    with consumer({"group.id": name}) as client:
        client.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    same("before", group_offsets(name), {(topic, 0): 3})
    only(admin().delete_consumer_groups([name], request_timeout=WAIT))
    same("state", group(name).state, ConsumerGroupState.DEAD)
    same("after", group_offsets(name), {})


@check("groups/a_group_in_use_cannot_be_deleted")
def delete_used_group() -> None:
    topic, name = new_topic(), unique("group")
    with Member(name, [topic]) as member:
        member.has(1)
        refused("delete", KafkaError.NON_EMPTY_GROUP, lambda: only(admin().delete_consumer_groups([name])))
        same("its partitions", len(member.places()), 1)


@check("groups/deleting_an_unknown_group_is_refused")
def delete_unknown_group() -> None:
    name = unique("unknown")
    refused("delete", KafkaError.GROUP_ID_NOT_FOUND, lambda: only(admin().delete_consumer_groups([name])))


@check("groups/offsets_can_be_altered_and_listed")
def alter_offsets() -> None:
    topic, name = new_topic(partitions=3), unique("group")
    send(topic, values("v", 5))
    wanted = [TopicPartition(topic, 0, 2), TopicPartition(topic, 1, 0)]
    altered = only(admin().alter_consumer_group_offsets([ConsumerGroupTopicPartitions(name, wanted)]))
    same("errors", [place.error for place in altered.topic_partitions], [None, None])
    same("all", group_offsets(name), {(topic, 0): 2, (topic, 1): 0})
    asked = [TopicPartition(topic, 0), TopicPartition(topic, 2)]
    same("some", group_offsets(name, asked), {(topic, 0): 2, (topic, 2): OFFSET_INVALID})
    with consumer({"group.id": name, **EARLIEST}) as client:
        client.subscribe([topic])
        same("first record", payloads(read(client, 1)), [b"v2"])


@check("groups/lag_is_the_end_less_the_commit")
def lag() -> None:
    topic, name = new_topic(), unique("group")
    send(topic, values("v", 10))
    with consumer({"group.id": name, **EARLIEST}) as client:
        client.subscribe([topic])
        read(client, 4)
        client.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
    same("lag", watermarks(topic)[1] - group_offsets(name)[(topic, 0)], 6)


@check("groups/groups_do_not_share_offsets")
def separate_groups() -> None:
    topic, names = new_topic(), [unique("group"), unique("group")]
    send(topic, values("v", 3))
    for name in names:
        with consumer({"group.id": name, **EARLIEST}) as client:
            client.subscribe([topic])
            same("records", payloads(read(client, 3)), values("v", 3))
            client.commit(asynchronous=False)
    same("commits", [group_offsets(name) for name in names], [{(topic, 0): 3}] * 2)


@check("groups/an_asynchronous_commit_reports_its_end")
def asynchronous_commit() -> None:
    topic = new_topic()
    done = threading.Event()
    came: list[tuple[object, list[TopicPartition]]] = []

    def on_commit(error: object, places: list[TopicPartition]) -> None:
        came.append((error, places))
        done.set()

    with consumer({"on_commit": on_commit}) as client:
        client.commit(offsets=[TopicPartition(topic, 0, 5)], asynchronous=True)
        eventually("the commit is reported", lambda: client.poll(0.05) or done.is_set())
        error, places = came[0]
        same("error", error, None)
        same("offset", [place.offset for place in places], [5])
