"""How the client finds the cluster."""

from __future__ import annotations

from kit import admin, consumer, new_topic, producer
from probe_checks import bootstrap, check, same, true


@check("connect/cluster_is_described")
async def cluster() -> None:
    async with admin() as client:
        found = await client.describe_cluster()
    nodes = {node["node_id"]: f"{node['host']}:{node['port']}" for node in found["brokers"]}
    same("nodes", set(nodes.values()), set(bootstrap().split(",")))
    true("the controller is a node", found["controller_id"] in nodes)
    same("length of the cluster id", len(found["cluster_id"]), 22)


@check("connect/producer_and_consumer_start_and_stop")
async def start_and_stop() -> None:
    async with producer(), consumer(), admin():
        pass


@check("connect/partitions_of_a_topic_are_known")
async def partitions() -> None:
    topic = await new_topic(partitions=3)
    async with producer() as client:
        same("for a producer", await client.partitions_for(topic), {0, 1, 2})
    async with consumer([topic]) as reader:
        same("for a consumer", reader.partitions_for_topic(topic), {0, 1, 2})
        true("it is listed", topic in await reader.topics())
