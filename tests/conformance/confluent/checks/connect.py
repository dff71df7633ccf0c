"""How a client finds the cluster."""

from __future__ import annotations

import logging
import re
import threading

from confluent_kafka import Producer
from kit import WAIT, admin, answer, consumer, new_topic, payloads, producer, read, reader, send, values
from probe_checks import bootstrap, check, eventually, same, true


@check("connect/cluster_id_is_the_same_for_every_client")
def cluster_id() -> None:
    seen = answer(admin().describe_cluster()).cluster_id
    true(f"`{seen}` is a UUID in Kafka's spelling", re.fullmatch(r"[A-Za-z0-9_-]{22}", seen))
    same("cluster id seen by a producer", producer().cluster_id(WAIT), seen)
    with consumer() as client:
        same("cluster id seen by a consumer", client.cluster_id(WAIT), seen)


@check("connect/controller_is_one_of_the_nodes")
def controller() -> None:
    cluster = answer(admin().describe_cluster())
    true("there is a controller", cluster.controller)
    true("the controller is a node", cluster.controller.id in {node.id for node in cluster.nodes})


@check("connect/nodes_listen_where_the_bootstrap_servers_say")
def nodes() -> None:
    cluster = answer(admin().describe_cluster())
    same("nodes", {f"{n.host}:{n.port}" for n in cluster.nodes}, set(bootstrap().split(",")))
    same("ids that are not unique", len({n.id for n in cluster.nodes}), len(cluster.nodes))


@check("connect/metadata_lists_topics_with_leaders_and_replicas")
def metadata() -> None:
    topic = new_topic(partitions=3)
    found = admin().list_topics(timeout=WAIT)
    ids = set(found.brokers)
    partitions = found.topics[topic].partitions
    same("partitions", sorted(partitions), [0, 1, 2])
    for number, partition in partitions.items():
        true(f"the leader of partition {number} is a node", partition.leader in ids)
        same(f"replicas of partition {number}", partition.replicas, [partition.leader])
        same(f"in-sync replicas of partition {number}", partition.isrs, [partition.leader])


@check("connect/handshake_enables_the_features_of_the_client")
def features() -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger = logging.Logger("handshake")
    logger.addHandler(Kept())
    client = Producer({"bootstrap.servers": bootstrap(), "debug": "feature,broker"}, logger=logger)
    client.list_topics(timeout=WAIT)

    def enabled() -> set[str]:
        client.poll(0)
        found = [re.search(r"enabled protocol features (?:.* )?to (\S+)", line) for line in lines]
        return {name for match in found if match for name in match[1].split(",")}

    wanted = {"MsgVer2", "ApiVersion", "BrokerBalancedConsumer", "IdempotentProducer", "OffsetTime", "LZ4", "ZSTD"}
    eventually(f"{sorted(wanted)} are enabled", enabled, lambda seen: wanted <= seen, seconds=5)


@check("connect/two_clients_work_at_once")
def two_at_once() -> None:
    topics = [new_topic(), new_topic()]
    sent = {topic: values(topic, 500) for topic in topics}
    threads = [threading.Thread(target=send, args=[topic, sent[topic]]) for topic in topics]
    for thread in threads:
        thread.start()
    for topic in topics:
        with reader(topic) as client:
            same(f"records of `{topic}`", payloads(read(client, 500)), sent[topic])
    for thread in threads:
        thread.join()
