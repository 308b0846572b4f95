"""The process that is killed: the command line `linnet run`, with everything imported already."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from linnet.adapters.kafka_access import KafkaAccess
from torture import sabotage as sabotages


def preload() -> None:
    """Import and compile what every start needs; no thread and no connection is begun."""
    import confluent_kafka.admin  # noqa: F401
    import httpx  # noqa: F401

    from linnet.app import commands, faults, ingest, kafka, logs, run, wiring  # noqa: F401
    from linnet.core.avro_machine import kernels
    from linnet.core.kernels import compile_kernels
    from linnet.filters.builtin import builtin

    for step in (kernels, compile_kernels, wiring.plan, builtin):
        step()
    for survey in wiring.surveys():
        survey.fields()


def run(arguments: Sequence[str], sabotage: str, notes: str) -> int:
    """Run one command to its end; gives its exit code.

    Args:
        arguments: of the command line.
        sabotage: how it is broken on purpose, or "".
        notes: file for what the sabotage has to tell.
    """
    from linnet.app.command_line import main

    _look_often()
    if sabotage:
        sabotages.KINDS[sabotage].spoil(notes)
    with patch.object(sys, "argv", ["linnet", *arguments]):
        try:
            main()
        except SystemExit as leaving:
            return leaving.code if isinstance(leaving.code, int) else 1
        finally:
            if sabotage == "failing_disk":
                Path(notes).write_text(str(sabotages.calls()), encoding="utf-8")
    return 0


def _look_often() -> None:
    """Topics are looked for every two seconds instead of every thirty: no case is to wait for that."""
    from linnet.adapters.kafka_lookout import Lookout

    honest = Lookout.__init__

    def often(self: Lookout, access: KafkaAccess, every: float) -> None:
        honest(self, access, min(every, 2.0))

    Lookout.__init__ = often  # type: ignore[method-assign] # in this process alone
