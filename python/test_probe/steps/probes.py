"""The probes of a process, each made when a step first asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._sync import Probe


class Probes:
    """What all scenarios of a process share, whether or not it is their default."""

    def __init__(self) -> None:
        self._opened: dict[str, Probe] = {}

    def embedded(self) -> Probe:
        """Returns the probe on a Kafka in this process."""
        from .._sync import Probe

        return self.once("", Probe.embedded)

    def of_file(self, path: str) -> Probe:
        """Returns the probe of a configuration file, relative to the working directory."""
        from .._sync import Probe

        return self.once(os.path.abspath(path), lambda: Probe(config=path))

    def once(self, name: str, make: Callable[[], Probe]) -> Probe:
        """Returns the probe of this name, made when first asked for, and closed with the others."""
        if name not in self._opened:
            self._opened[name] = make()
        return self._opened[name]

    def close(self) -> None:
        """Closes every probe that was made here."""
        opened, self._opened = list(self._opened.values()), {}
        for probe in opened:
            probe.close()
