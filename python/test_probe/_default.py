"""The probe of those who named none: fixtures and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._sync import Probe


def open_default(file: str | None, *, embedded: bool = False) -> tuple[Probe, str | None]:
    """Opens the probe of a configuration file, else of the environment, else of a Kafka in this process.

    Returns it with a sentence to say when it is on a Kafka of its own.
    """
    from ._native import is_configured
    from ._sync import Probe

    if embedded or (file is None and not is_configured()):
        probe = Probe.embedded()
        return probe, f"test-probe: `probe` is on an embedded Kafka at {probe.bootstrap_servers}"
    return Probe(config=file), None
