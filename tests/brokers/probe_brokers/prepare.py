"""Makes, once per java, what lets a broker start in about a second.

`StorageTool format` costs a JVM start per node; its one output that holds features is
the same for every cluster, so it is made here and copied. AppCDS spares the JVM the
loading of the broker's classes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

from . import jars
from .cluster import Cluster
from .java import Tools, find_java
from .process import Deadline, Failure, Life, locked, run

PREPARE_SECONDS = 120.0


def prepare(life: Life) -> Tools:
    """Returns the tools, making what is missing in the cache."""
    java, version = find_java()
    found = jars.BROKER.fetch(life)
    class_path = os.pathsep.join(str(jar) for jar in found)
    # An archive is good for one java and one class path, place included.
    key = hashlib.sha256(f"{version}\n{class_path}".encode()).hexdigest()[:12]
    place = jars.BROKER.folder() / f"java-{key}"
    archive = place / "broker.jsa"
    tools = Tools(java, class_path, place / "bootstrap.checkpoint")
    if not place.exists():
        deadline = Deadline(PREPARE_SECONDS)
        with locked(jars.cache() / "prepare.lock", life, deadline):
            if not place.exists():
                _make(tools, place, life, deadline)
    if archive.exists():
        return replace(tools, archive_option=f"-XX:SharedArchiveFile={archive}")
    return tools


def _make(tools: Tools, place: Path, life: Life, deadline: Deadline) -> None:
    fresh = place.with_name("preparing")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    _make_bootstrap(tools, fresh, life, deadline)
    trained = replace(tools, bootstrap=fresh / tools.bootstrap.name)
    try:
        _make_archive(trained, fresh / "broker.jsa", life, deadline)
    except (Failure, OSError) as error:
        # Only speed is lost, and asking again on every start would lose more of it.
        (fresh / "broker.jsa").unlink(missing_ok=True)
        (fresh / "no-archive.txt").write_text(f"{error}\n")
        print("no class archive could be made, brokers will start slower", file=sys.stderr)
    os.replace(fresh, place)


def _make_bootstrap(tools: Tools, fresh: Path, life: Life, deadline: Deadline) -> None:
    settings = fresh / "format.properties"
    settings.write_text(
        "process.roles=broker,controller\nnode.id=1\n"
        "controller.quorum.voters=1@127.0.0.1:9093\n"
        "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n"
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
        f"controller.listener.names=CONTROLLER\nlog.dirs={fresh / 'formatted'}\n"
    )
    arguments = ["format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", str(settings)]
    run(tools.command("kafka.tools.StorageTool", *arguments), fresh / "format.log", life, deadline)
    os.replace(fresh / "formatted" / tools.bootstrap.name, fresh / tools.bootstrap.name)
    shutil.rmtree(fresh / "formatted")


def _make_archive(tools: Tools, archive: Path, life: Life, deadline: Deadline) -> None:
    trainer = replace(tools, archive_option=f"-XX:ArchiveClassesAtExit={archive}")
    cluster = Cluster(trainer, life, name="prepare")
    try:
        cluster.start(deadline)
        process = cluster.nodes[0].process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        life.wait_until(lambda: process.poll() is not None, deadline)
    finally:
        cluster.close()
    if not archive.exists():
        raise Failure("the JVM ended without writing the archive")
