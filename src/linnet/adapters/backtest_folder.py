"""Nights and reports of back-tests, in a folder: Parquet and JSON, each written durably and as a whole.

NAME-VERSION-KEY/
report.json             the newest report
SURVEY-NIGHT.json       what was counted in a night
SURVEY-NIGHT.parquet    what was caught in it
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linnet.core.durable import replace_file, storage_errors
from linnet.errors import StorageError

_NAMED = re.compile(r"(?P<name>[a-z][a-z0-9_]{0,63})-(?P<version>[0-9]+)-(?P<key>[0-9a-f]{10})")
REPORT = "report.json"


class BacktestFolder:
    """What is kept of one question.

    Args:
        root: folder of all back-tests of a home; made at the first write.
        name, version, key: which.
    """

    def __init__(self, root: Path, name: str, version: int, key: str) -> None:
        self.path = root / f"{name}-{version}-{key}"

    def night(self, survey: str, night: int) -> tuple[Mapping[str, Any], pa.Table] | None:
        """Facts and table of a night that was done, or None where one is missing or damaged: it is done again."""
        stem = self.path / f"{survey}-{night}"
        try:
            facts = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
            return facts, pq.read_table(stem.with_suffix(".parquet"))
        except (OSError, ValueError, pa.ArrowException):
            return None

    def keep(self, facts: Mapping[str, Any], table: pa.Table) -> None:
        """Keep a night durably, the facts last: where they are, the table is.

        Raises:
            StorageError: the disk failed.
        """
        stem = self.path / f"{facts['survey']}-{facts['night']}"
        with storage_errors(f"keep {stem.name} of a back-test"):
            stem.with_suffix(".json").unlink(missing_ok=True)
            parquet = stem.with_suffix(".parquet")
            replace_file(parquet, lambda part: pq.write_table(table, part, compression="zstd"))
            _write_json(stem.with_suffix(".json"), facts)

    def report(self, told: Mapping[str, Any]) -> None:
        """Keep a report durably.

        Raises:
            StorageError: the disk failed.
        """
        with storage_errors("keep the report of a back-test"):
            _write_json(self.path / REPORT, told)


def reports(root: Path, name: str) -> list[dict[str, Any]]:
    """The kept reports on a filter, newest version and latest first, each with its `key`.

    Raises:
        StorageError: one cannot be read.
    """
    found = []
    for path in root.glob(f"{name}-*/{REPORT}"):
        parts = _NAMED.fullmatch(path.parent.name)
        if parts is None or parts["name"] != name:
            continue
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            found.append((int(parts["version"]), path.stat().st_mtime_ns, {**told, "key": parts["key"]}))
        except (OSError, ValueError) as error:
            raise StorageError(f"the report {path} of a back-test cannot be read: delete its folder") from error
    return [told for _, _, told in sorted(found, key=lambda each: (-each[0], -each[1]))]


def _write_json(path: Path, told: Mapping[str, Any]) -> None:
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"

    def write(part: Path) -> None:
        part.write_text(text, encoding="utf-8")

    replace_file(path, write)
