"""The checks of aiokafka, a client written in Python."""

from __future__ import annotations

from importlib.metadata import version

from checks import admin, connect, groups, records, transactions  # noqa: F401 - importing registers them
from probe_checks import main

if __name__ == "__main__":
    main("aiokafka", version("aiokafka"))
