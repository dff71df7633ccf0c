"""Transactions and what is read of them."""

from __future__ import annotations

from confluent_kafka import (
    OFFSET_INVALID,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec
from kit import (
    WAIT,
    Record,
    Settings,
    admin,
    consumer,
    ended,
    group_offsets,
    listed,
    new_topic,
    offsets,
    only,
    payloads,
    producer,
    read,
    read_to_end,
    reader,
    refused,
    send,
    stable_end,
    values,
    watermarks,
)
from probe_checks import check, eventually, same, true, unique

COMMITTED: Settings = {"isolation.level": "read_committed"}
UNCOMMITTED: Settings = {"isolation.level": "read_uncommitted"}


def transactional(name: str | None = None, settings: Settings | None = None) -> Producer:
    """Returns a producer that may begin a transaction."""
    client = producer({"transactional.id": name or unique("txn"), **(settings or {})})
    client.init_transactions(WAIT)
    return client


def committed(client: Producer, topic: str, sent: list[bytes]) -> list[Message]:
    """Produces in a transaction of its own and returns when it is over, with its marker."""
    client.begin_transaction()
    found = send(topic, sent, client)
    client.commit_transaction(WAIT)
    ended(topic, (found[-1].offset() or 0) + 2)
    return found


def aborted(client: Producer, topic: str, sent: list[bytes]) -> None:
    client.begin_transaction()
    found = send(topic, sent, client)
    client.abort_transaction(WAIT)
    ended(topic, (found[-1].offset() or 0) + 2)


@check("txn/commit_is_seen_by_read_committed")
def commit() -> None:
    topic = new_topic()
    same("offsets", offsets(committed(transactional(), topic, values("v", 3))), [0, 1, 2])
    for settings in (COMMITTED, UNCOMMITTED):
        same(f"{settings}", payloads(read_to_end(topic, settings=settings)[0]), values("v", 3))


@check("txn/abort_is_not_seen_by_read_committed")
def abort() -> None:
    topic = new_topic()
    client = transactional()
    aborted(client, topic, values("lost", 3))
    committed(client, topic, values("kept", 2))
    same("read_committed", payloads(read_to_end(topic, settings=COMMITTED)[0]), values("kept", 2))
    both = [*values("lost", 3), *values("kept", 2)]
    same("read_uncommitted", payloads(read_to_end(topic, settings=UNCOMMITTED)[0]), both)


@check("txn/control_records_take_an_offset_and_are_not_seen")
def control_records() -> None:
    topic = new_topic()
    client = transactional()
    committed(client, topic, [b"a"])
    aborted(client, topic, [b"b"])
    committed(client, topic, [b"c"])
    found, end = read_to_end(topic, settings=UNCOMMITTED)
    same("read_uncommitted", [(m.offset(), m.value()) for m in found], [(0, b"a"), (2, b"b"), (4, b"c")])
    same("end", end, 6)
    found, end = read_to_end(topic, settings=COMMITTED)
    same("read_committed", [(m.offset(), m.value()) for m in found], [(0, b"a"), (4, b"c")])
    same("end", end, 6)
    same("watermarks", watermarks(topic), (0, 6))


@check("txn/an_open_transaction_holds_the_last_stable_offset")
def open_transaction() -> None:
    topic = new_topic()
    send(topic, [b"before"])
    client = transactional()
    client.begin_transaction()
    send(topic, [b"open"], client)
    send(topic, [b"after"])
    same("last stable offset", stable_end(topic), 1)
    same("high watermark", listed(topic, OffsetSpec.latest())[0], 3)
    found, end = read_to_end(topic, settings=COMMITTED)
    same("read_committed", (payloads(found), end), ([b"before"], 1))
    found, end = read_to_end(topic, settings=UNCOMMITTED)
    same("read_uncommitted", (payloads(found), end), ([b"before", b"open", b"after"], 3))
    with reader(topic, settings=COMMITTED) as waiting:
        read(waiting, 1)
        client.commit_transaction(WAIT)
        same("after the commit", payloads(read(waiting, 2)), [b"open", b"after"])
    ended(topic, 4)


@check("txn/a_commit_wakes_a_waiting_read_committed_fetch")
def commit_wakes() -> None:
    import time

    topic = new_topic()
    client = transactional()
    with reader(topic, settings={**COMMITTED, "fetch.wait.max.ms": 8_000}) as waiting:
        waiting.poll(0.3)
        client.begin_transaction()
        send(topic, [b"v"], client)
        same("while open", waiting.poll(0.3), None)
        begun = time.monotonic()
        client.commit_transaction(WAIT)
        same("records", payloads(read(waiting, 1)), [b"v"])
        took = time.monotonic() - begun
        true(f"took {took:.3f} s, not the 8 s a fetch may wait", took < 1.5)


@check("txn/time_lookups_stop_at_the_last_stable_offset")
def lookups_of_open() -> None:
    topic = new_topic()
    base = 1_700_000_000_000
    send(topic, [Record(b"v", timestamp=base)])
    client = transactional()
    client.begin_transaction()
    send(topic, [Record(b"open", timestamp=base + 100)], client)
    spec = OffsetSpec.for_timestamp(base + 50)
    same("read_uncommitted", listed(topic, spec), (1, base + 100))
    same("read_committed", listed(topic, spec, IsolationLevel.READ_COMMITTED), (-1, -1))
    client.commit_transaction(WAIT)
    ended(topic, 3)
    same("after the commit", listed(topic, spec, IsolationLevel.READ_COMMITTED), (1, base + 100))


@check("txn/several_partitions_are_committed_together")
def several_partitions() -> None:
    one, other = new_topic(partitions=2), new_topic()
    client = transactional()
    client.begin_transaction()
    send(one, [Record(b"p0", partition=0), Record(b"p1", partition=1)], client)
    send(other, [b"other"], client)
    places = [(one, 0), (one, 1), (other, 0)]
    same("stable before", [stable_end(*place) for place in places], [0, 0, 0])
    client.commit_transaction(WAIT)
    for name, partition in places:
        ended(name, 2, partition)
    found = [payloads(read_to_end(*place, settings=COMMITTED)[0]) for place in places]
    same("records", found, [[b"p0"], [b"p1"], [b"other"]])


@check("txn/two_transactions_in_a_partition_end_apart")
def interleaved() -> None:
    topic = new_topic()
    one, two = transactional(), transactional()
    one.begin_transaction()
    two.begin_transaction()
    for number in range(3):
        send(topic, [b"one%d" % number], one)
        send(topic, [b"two%d" % number], two)
    two.commit_transaction(WAIT)
    same("last stable offset", stable_end(topic), 0)
    one.abort_transaction(WAIT)
    ended(topic, 8)
    same("read_committed", payloads(read_to_end(topic, settings=COMMITTED)[0]), values("two", 3))


@check("txn/many_transactions_leave_only_the_committed")
def many() -> None:
    topic = new_topic()
    client = transactional()
    kept: list[bytes] = []
    for number in range(30):
        sent = values(f"{number}-", 3)
        if number % 3 == 1:
            aborted(client, topic, sent)
        else:
            kept += [value for value in sent if value is not None]
            committed(client, topic, sent)
    found, end = read_to_end(topic, settings=COMMITTED)
    same("read_committed", payloads(found), kept)
    same("end", end, 30 * 4)
    with reader(topic, 17, settings=COMMITTED) as middle:  # inside an aborted transaction
        same("first behind an aborted one", payloads(read(middle, 1)), [b"5-0"])


@check("txn/compressed_transactions_are_filtered_too")
def compressed() -> None:
    topic = new_topic()
    client = transactional(settings={"compression.type": "zstd", "linger.ms": 20})
    aborted(client, topic, values("lost", 50))
    committed(client, topic, values("kept", 50))
    same("read_committed", payloads(read_to_end(topic, settings=COMMITTED)[0]), values("kept", 50))


@check("txn/an_empty_transaction_writes_nothing")
def empty() -> None:
    topic = new_topic()
    client = transactional()
    client.begin_transaction()
    client.commit_transaction(WAIT)
    client.begin_transaction()
    client.abort_transaction(WAIT)
    same("watermarks", watermarks(topic), (0, 0))
    committed(client, topic, [b"v"])
    same("watermarks after a full one", watermarks(topic), (0, 2))


@check("txn/ending_twice_is_refused_and_changes_nothing")
def end_twice() -> None:
    topic = new_topic()
    client = transactional()
    committed(client, topic, [b"v"])
    refused("commit again", KafkaError._STATE, lambda: client.commit_transaction(WAIT))
    same("watermarks", watermarks(topic), (0, 2))
    committed(client, topic, [b"w"])
    same("read_committed", payloads(read_to_end(topic, settings=COMMITTED)[0]), [b"v", b"w"])


@check("txn/offsets_are_committed_with_the_transaction")
def offsets_committed() -> None:
    topic, name = new_topic(), unique("group")
    send(topic, values("v", 5))
    client = transactional()
    with consumer({"group.id": name, "auto.offset.reset": "earliest"}) as source:
        source.subscribe([topic])
        read(source, 3)
        client.begin_transaction()
        place = TopicPartition(topic, 0, 3)
        client.send_offsets_to_transaction([place], source.consumer_group_metadata(), WAIT)
        same("before the commit", group_offsets(name, [TopicPartition(topic, 0)]), {(topic, 0): OFFSET_INVALID})
        client.commit_transaction(WAIT)
        eventually(
            "the offset is committed", lambda: group_offsets(name), lambda found: found == {(topic, 0): 3}, seconds=5
        )


@check("txn/offsets_are_dropped_with_an_abort")
def offsets_aborted() -> None:
    topic, name = new_topic(), unique("group")
    send(topic, values("v", 5))
    client = transactional()
    with consumer({"group.id": name, "auto.offset.reset": "earliest"}) as source:
        source.subscribe([topic])
        read(source, 3)
        source.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
        client.begin_transaction()
        client.send_offsets_to_transaction([TopicPartition(topic, 0, 3)], source.consumer_group_metadata(), WAIT)
        client.abort_transaction(WAIT)
        same("committed", source.committed([TopicPartition(topic, 0)], timeout=WAIT)[0].offset, 1)


@check("txn/pending_offsets_are_unstable")
def pending_offsets() -> None:
    topic, name = new_topic(), unique("group")
    client = transactional()
    with consumer({"group.id": name}) as source:
        client.begin_transaction()
        client.send_offsets_to_transaction([TopicPartition(topic, 0, 3)], source.consumer_group_metadata(), WAIT)
    asked = [ConsumerGroupTopicPartitions(name, [TopicPartition(topic, 0)])]

    def stable() -> TopicPartition:
        found = only(admin().list_consumer_group_offsets(asked, require_stable=True, request_timeout=WAIT))
        place: TopicPartition = found.topic_partitions[0]
        return place

    error = stable().error
    same("while open", error and error.name(), "UNSTABLE_OFFSET_COMMIT")
    client.commit_transaction(WAIT)
    place = eventually("the offset is stable", stable, lambda found: found.error is None, seconds=5)
    same("after the commit", place.offset, 3)


@check("txn/offsets_of_a_member_that_left_are_refused")
def offsets_of_a_stranger() -> None:
    topic, name = new_topic(), unique("group")
    send(topic, [b"v"])
    with consumer({"group.id": name, "auto.offset.reset": "earliest"}) as source:
        source.subscribe([topic])
        read(source, 1)
        stale = source.consumer_group_metadata()
    client = transactional()
    client.begin_transaction()
    try:
        client.send_offsets_to_transaction([TopicPartition(topic, 0, 1)], stale, WAIT)
        client.commit_transaction(WAIT)
    except KafkaException as refusal:
        error = refusal.args[0]
        same("error", error.name(), "UNKNOWN_MEMBER_ID")
        true("the transaction must be aborted", error.txn_requires_abort())
    else:
        raise AssertionError("offsets of a member that left were committed")
    client.abort_transaction(WAIT)
    same("committed", group_offsets(name), {})


@check("txn/a_second_producer_fences_the_first")
def fencing() -> None:
    topic, name = new_topic(), unique("txn")
    first = transactional(name)
    first.begin_transaction()
    send(topic, [b"first"], first)
    second = transactional(name)
    same("last stable offset when the second is ready", stable_end(topic), 2)
    error = refused("commit of the first", KafkaError._FENCED, lambda: first.commit_transaction(WAIT))
    true("it is fatal", error.fatal())
    committed(second, topic, [b"second"])
    same("read_committed", payloads(read_to_end(topic, settings=COMMITTED)[0]), [b"second"])


@check("txn/a_fenced_producer_cannot_produce")
def fenced_produce() -> None:
    topic, name = new_topic(), unique("txn")
    first = transactional(name)
    first.begin_transaction()
    send(topic, [b"first"], first)
    transactional(name)
    try:
        send(topic, [b"late"], first)
    except KafkaException as refusal:
        true(f"{refusal} is about fencing", refusal.args[0].name() in ("_FENCED", "INVALID_PRODUCER_EPOCH", "_FATAL"))
    else:
        raise AssertionError("a record of a fenced producer was accepted")
    same("read_committed", payloads(read_to_end(topic, settings=COMMITTED)[0]), [])
    same("read_uncommitted", payloads(read_to_end(topic, settings=UNCOMMITTED)[0]), [b"first"])


@check("txn/a_transaction_over_its_time_is_aborted")
def timeout() -> None:
    topic = new_topic()
    client = transactional(settings={"transaction.timeout.ms": 1_000, "message.timeout.ms": 1_000})
    client.begin_transaction()
    send(topic, [b"late"], client)
    same("last stable offset while open", stable_end(topic), 0)
    eventually("the server aborts it", lambda: stable_end(topic), lambda end: end == 2)
    try:
        client.commit_transaction(WAIT)
    except KafkaException as refusal:
        came = refusal.args[0].name()
        true(f"`{came}` is about the epoch", came in ("_FENCED", "INVALID_PRODUCER_EPOCH"))
    else:
        raise AssertionError("a transaction over its time was committed")
    same("read_committed", payloads(read_to_end(topic, settings=COMMITTED)[0]), [])


@check("txn/a_timeout_beyond_the_limit_is_refused")
def large_timeout() -> None:
    refused(
        "20 minutes",
        KafkaError.INVALID_TRANSACTION_TIMEOUT,
        lambda: transactional(settings={"transaction.timeout.ms": 20 * 60_000}),
    )


@check("txn/a_successor_continues_behind_a_commit")
def successor() -> None:
    topic, name = new_topic(), unique("txn")
    committed(transactional(name), topic, [b"first"])
    committed(transactional(name), topic, [b"second"])
    found, end = read_to_end(topic, settings=COMMITTED)
    same("records", [(m.offset(), m.value()) for m in found], [(0, b"first"), (2, b"second")])
    same("end", end, 4)


@check("txn/plain_records_pass_between_transactions")
def plain_between() -> None:
    topic = new_topic()
    client = transactional()
    committed(client, topic, [b"t1"])
    send(topic, [b"plain"])
    aborted(client, topic, [b"t2"])
    send(topic, [b"end"])
    found, _ = read_to_end(topic, settings=COMMITTED)
    same("records", [(m.offset(), m.value()) for m in found], [(0, b"t1"), (2, b"plain"), (5, b"end")])
