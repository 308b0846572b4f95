"""Make the LSST schemas that the package carries from the official files.

    python scripts/lsst_schemas.py FOLDER [--to FOLDER]

FOLDER holds the official schemas as the survey publishes them: `MAJOR/MINOR/lsst.vMAJOR_MINOR.TYPE.avsc`, one file
per named type. Out comes one self-contained file per version, each named type written out where it is first used, as a
schema registry hands it over. Only what a decoder needs is kept: names, types, defaults and their order.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

VERSIONS = ("7.0", "7.1", "7.2", "7.3", "7.4", "8.0", "9.0", "10.0", "10.1", "11.0", "11.1")
CARRIED = Path(__file__).parent.parent / "src" / "linnet" / "surveys" / "lsst_schemas"


def self_contained(folder: Path, version: str) -> dict[str, Any]:
    """The alert schema of one version with every other named type inline at its first use."""
    prefix = "lsst.v" + version.replace(".", "_")
    files = sorted((folder / version.replace(".", "/")).glob(f"{prefix}.*.avsc"))
    types = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
    alert: dict[str, Any] = _resolved(f"{prefix}.alert", types, set())
    return alert


def _resolved(part: Any, types: dict[str, Any], written: set[str]) -> Any:
    if isinstance(part, list):
        return [_resolved(branch, types, written) for branch in part]
    if isinstance(part, str):
        if part not in types or part in written:
            return part
        written.add(part)
        return _record(types[part], types, written)
    return {key: _resolved(value, types, written) if key == "items" else value for key, value in sorted(part.items())}


def _record(record: dict[str, Any], types: dict[str, Any], written: set[str]) -> dict[str, Any]:
    fields = []
    for field in record["fields"]:
        kept = {"name": field["name"], "type": _resolved(field["type"], types, written)}
        if "default" in field:
            kept["default"] = field["default"]
        fields.append(kept)
    return {"type": "record", "name": record["name"], "namespace": record["namespace"], "fields": fields}


def as_text(schema: dict[str, Any]) -> str:
    """JSON of a schema, one field a line, so that a new version reads as a difference."""
    return json.dumps(schema, separators=(",", ":")).replace('{"name":', '\n{"name":') + "\n"


def main() -> None:
    """Write one file per version."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the official schemas, MAJOR/MINOR/*.avsc")
    parser.add_argument("--to", type=Path, default=CARRIED, help="where the self-contained schemas go")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        name = f"v{version.replace('.', '_')}.json"
        (arguments.to / name).write_text(as_text(self_contained(arguments.folder, version)), encoding="utf-8")


if __name__ == "__main__":
    main()
