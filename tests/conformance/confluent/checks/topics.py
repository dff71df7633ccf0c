"""Making, growing and deleting topics."""

from __future__ import annotations

import time
from functools import partial

from confluent_kafka import KafkaError, TopicPartition
from confluent_kafka.admin import NewPartitions, NewTopic
from kit import (
    WAIT,
    admin,
    answer,
    consumer,
    described,
    error_of,
    new_topic,
    offsets,
    only,
    payloads,
    producer,
    read_to_end,
    refused,
    send,
    settled,
    watermarks,
)
from probe_checks import check, eventually, same, true, unique


def create_one(new: NewTopic) -> None:
    only(admin().create_topics([new]))


def grow(topic: str, count: int) -> None:
    only(admin().create_partitions([NewPartitions(topic, count)]))


@check("topics/produce_creates_a_missing_topic")
def auto_create() -> None:
    topic = unique("auto")
    same("offset", offsets(send(topic, [b"first"])), [0])
    settled(topic, 1)
    same("records", payloads(read_to_end(topic)[0]), [b"first"])


@check("topics/metadata_of_a_producer_creates_a_missing_topic")
def auto_create_by_metadata() -> None:
    topic = unique("auto")
    eventually(
        "the topic has a partition",
        lambda: producer().list_topics(topic, timeout=WAIT).topics[topic].partitions,
        lambda found: len(found) == 1,
    )
    settled(topic, 1)


@check("topics/describe_creates_nothing")
def describe_missing() -> None:
    topic = unique("missing")
    for _ in range(2):
        same("description", described(topic), None)
    time.sleep(0.3)  # what was wrongly created would be there by now
    same("description later", described(topic), None)


@check("topics/a_consumer_creates_nothing")
def consume_missing() -> None:
    topic = unique("missing")
    with consumer({"auto.offset.reset": "earliest"}) as client:
        client.subscribe([topic])
        same("error", error_of(client).name(), "UNKNOWN_TOPIC_OR_PART")
    same("description", described(topic), None)


@check("topics/create_makes_the_partitions_asked_for")
def create() -> None:
    topic = new_topic(partitions=5)
    found = described(topic)
    true("the topic is there", found)
    assert found
    same("partitions", [partition.id for partition in found.partitions], [0, 1, 2, 3, 4])
    same("internal", found.is_internal, False)
    for partition in found.partitions:
        same("replicas", len(partition.replicas), 1)
        same("in-sync replicas", [node.id for node in partition.isr], [partition.leader.id])


@check("topics/create_without_a_count_takes_the_default")
def create_default() -> None:
    topic = unique()
    only(admin().create_topics([NewTopic(topic, -1, -1)]))
    settled(topic, 1)


@check("topics/create_existing_is_refused")
def create_existing() -> None:
    topic = new_topic(partitions=2)
    again = NewTopic(topic, 3, 1)
    refused("create again", KafkaError.TOPIC_ALREADY_EXISTS, lambda: only(admin().create_topics([again])))
    settled(topic, 2)


@check("topics/create_of_several_answers_for_each")
def create_several() -> None:
    good, bad, taken = unique(), "not/good", new_topic()
    futures = admin().create_topics([NewTopic(good, 1, 1), NewTopic(bad, 1, 1), NewTopic(taken, 1, 1)])
    answer(futures[good])
    refused("a bad name", KafkaError.TOPIC_EXCEPTION, lambda: answer(futures[bad]))
    refused("a taken name", KafkaError.TOPIC_ALREADY_EXISTS, lambda: answer(futures[taken]))
    settled(good, 1)


@check("topics/invalid_names_are_refused")
def invalid_names() -> None:
    for name in (".", "..", "a b", "a/b", "ä", "x" * 250):
        new = NewTopic(name, 1, 1)
        refused(f"`{name}`", KafkaError.TOPIC_EXCEPTION, partial(create_one, new))


@check("topics/the_longest_name_is_accepted")
def longest_name() -> None:
    name = unique("long").ljust(249, "x")
    new_topic(name=name)
    same("offset", offsets(send(name, [b"x"])), [0])


@check("topics/names_that_differ_by_dot_and_underscore_collide")
def colliding_names() -> None:
    stem = unique()
    new_topic(name=f"{stem}.a")
    twin = NewTopic(f"{stem}_a", 1, 1)
    refused("the twin", KafkaError.TOPIC_EXCEPTION, lambda: only(admin().create_topics([twin])))


@check("topics/replication_factor_beyond_the_nodes_is_refused")
def replication_factor() -> None:
    for factor in (20, 0):
        topic = unique()
        new = NewTopic(topic, 1, factor)
        refused(
            f"factor {factor}",
            KafkaError.INVALID_REPLICATION_FACTOR,
            partial(create_one, new),
        )
        same("description", described(topic), None)


@check("topics/replicas_can_be_assigned_by_hand")
def replica_assignment() -> None:
    node = answer(admin().describe_cluster()).nodes[0].id
    topic = unique()
    only(admin().create_topics([NewTopic(topic, 2, replica_assignment=[[node], [node]])]))
    found = settled(topic, 2)
    same("leaders", [partition.leader.id for partition in found.partitions], [node, node])


@check("topics/replicas_on_an_unknown_node_are_refused")
def replica_assignment_unknown() -> None:
    new = NewTopic(unique(), 1, replica_assignment=[[4711]])
    refused("node 4711", KafkaError.INVALID_REPLICA_ASSIGNMENT, lambda: only(admin().create_topics([new])))


@check("topics/create_with_a_bad_config_is_refused")
def create_bad_config() -> None:
    for config in ({"no.such.config": "1"}, {"retention.ms": "soon"}, {"cleanup.policy": "shred"}):
        topic = unique()
        new = NewTopic(topic, 1, 1, config=config)
        refused(f"{config}", KafkaError.INVALID_CONFIG, partial(create_one, new))
        same("description", described(topic), None)


@check("topics/validate_only_creates_nothing")
def validate_only() -> None:
    topic = unique()
    only(admin().create_topics([NewTopic(topic, 3, 1)], validate_only=True))
    same("description", described(topic), None)
    taken = NewTopic(new_topic(), 1, 1)
    refused(
        "validate a taken name",
        KafkaError.TOPIC_ALREADY_EXISTS,
        lambda: only(admin().create_topics([taken], validate_only=True)),
    )


@check("topics/partitions_can_be_added")
def add_partitions() -> None:
    topic = new_topic()
    send(topic, [b"before"])
    only(admin().create_partitions([NewPartitions(topic, 3)]))
    settled(topic, 3)
    same("records of partition 0", payloads(read_to_end(topic)[0]), [b"before"])
    same("watermarks of partition 2", watermarks(topic, 2), (0, 0))


@check("topics/partitions_cannot_be_taken_away")
def fewer_partitions() -> None:
    topic = new_topic(partitions=3)
    for count in (2, 3):
        refused(
            f"from 3 to {count}",
            KafkaError.INVALID_PARTITIONS,
            partial(grow, topic, count),
        )
    settled(topic, 3)


@check("topics/adding_partitions_with_validate_only_adds_none")
def validate_partitions() -> None:
    topic = new_topic()
    only(admin().create_partitions([NewPartitions(topic, 4)], validate_only=True))
    settled(topic, 1)


@check("topics/adding_partitions_to_an_unknown_topic_is_refused")
def partitions_of_unknown() -> None:
    new = NewPartitions(unique(), 2)
    refused("unknown topic", KafkaError.UNKNOWN_TOPIC_OR_PART, lambda: only(admin().create_partitions([new])))


@check("topics/delete_unknown_is_refused")
def delete_unknown() -> None:
    topic = unique()
    refused("unknown topic", KafkaError.UNKNOWN_TOPIC_OR_PART, lambda: only(admin().delete_topics([topic])))


@check("topics/deleted_topic_is_gone")
def delete() -> None:
    topic = new_topic()
    send(topic, [b"lost"])
    only(admin().delete_topics([topic]))
    eventually("the topic is gone", lambda: described(topic), lambda found: found is None)
    true("it is not listed", topic not in admin().list_topics(timeout=WAIT).topics)


@check("topics/recreated_topic_has_a_new_id_and_is_empty")
def recreate() -> None:
    topic = new_topic()
    first = described(topic)
    assert first
    send(topic, [b"old", b"old"])
    only(admin().delete_topics([topic]))
    eventually("the topic is gone", lambda: described(topic), lambda found: found is None)
    new_topic(name=topic)
    second = described(topic)
    assert second
    true("the topic id is another one", str(first.topic_id) != str(second.topic_id))
    same("watermarks", watermarks(topic), (0, 0))
    same("offset of the next record", offsets(send(topic, [b"new"])), [0])
    same("records", payloads(read_to_end(topic)[0]), [b"new"])


@check("topics/topic_ids_are_unique_and_stay")
def topic_ids() -> None:
    one, other = new_topic(), new_topic()
    ids = [str(found.topic_id) for found in (described(one), described(other), described(one)) if found]
    same("id of a topic asked twice", ids[0], ids[2])
    true("the ids of two topics differ", ids[0] != ids[1])
    true("the id is a UUID in Kafka's spelling", len(ids[0]) == 22 and ids[0] != "A" * 22)


@check("topics/watermarks_of_an_unknown_partition_are_refused")
def unknown_partition() -> None:
    topic = new_topic()
    with consumer() as client:
        refused(
            "partition 9",
            KafkaError._UNKNOWN_PARTITION,
            lambda: client.get_watermark_offsets(TopicPartition(topic, 9), timeout=3.0),
        )
