"""Services that are not ours, with the serializers of others, and what they and we say to each other.

`shapes` holds the same order in every format, as each of us spells it; `confluent` and `java` are the services;
`pair` is a Kafka with its registry, `rest` the registry by hand.
"""

import sys
from pathlib import Path

# The servers, which are started as everywhere else.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "brokers"))
