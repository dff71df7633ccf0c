"""The checks of confluent-kafka-python (librdkafka)."""

from __future__ import annotations

from importlib.metadata import version

from checks import (  # noqa: F401 - importing registers them
    admin,
    configs,
    connect,
    consumer_groups,
    fetch,
    groups,
    offsets,
    produce,
    topics,
    transactions,
)
from probe_checks import main

if __name__ == "__main__":
    main("confluent-kafka-python", version("confluent-kafka"))
