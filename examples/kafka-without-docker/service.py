"""A service under test: it confirms orders. It knows Kafka, and nothing of test-probe."""

import os

from confluent_kafka import Consumer, Producer

servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
consumer = Consumer({"bootstrap.servers": servers, "group.id": "billing", "auto.offset.reset": "earliest"})
producer = Producer({"bootstrap.servers": servers})
consumer.subscribe(["orders"])
while True:
    order = consumer.poll(1.0)
    if order is None or order.error():
        continue
    headers = [(name, value) for name, value in order.headers() or [] if name != "ce_type"]
    producer.produce("confirmations", order.value(), headers=[*headers, ("ce_type", b"OrderConfirmed")])
    producer.flush()
