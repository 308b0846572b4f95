"""Copy the project's sample packets out of a larger collection, and write down where each came from.

    python scripts/samples.py COLLECTION samples

COLLECTION holds folders of alert packets and a MANIFEST.csv (path, bytes, sha256, source_repository, source_path).
Only packets from repositories with a permissive licence are taken.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import sys
from pathlib import Path

LICENCES = {
    "alercebroker/lc_correction": "MIT",
    "AmpelProject/Ampel-core": "BSD-3-Clause",
    "AmpelProject/Ampel-ZTF": "BSD-3-Clause",
    "AmpelAstro/Ampel-LSST": "BSD-3-Clause",
    "AmpelAstro/Ampel-ZTF-archive": "BSD-3-Clause",
    "astrolabsoftware/fink-broker": "Apache-2.0",
    "astrolabsoftware/fink-client": "Apache-2.0",
    "astrolabsoftware/fink-usecases": "Apache-2.0",
    "boom-astro/boom": "MIT",
    "mwvgroup/pittgoogle-client": "BSD-3-Clause",
    "skyportal/kowalski": "MIT",
}

CHOSEN: tuple[tuple[str, str, int], ...] = (
    # (what paths in the collection begin with, folder here, how many: every n-th file so that many are left)
    ("ztf/sequence-ZTF19aazzpje", "ztf/transient", 14),
    ("ztf/sequence-ZTF18aazxcwf", "ztf/variable", 12),
    ("ztf/fink-microlensing-candidates", "ztf/microlensing", 12),
    ("ztf/boom", "ztf/forced-photometry", 7),
    ("ztf/kowalski-20231012", "ztf/solar-system", 8),
    ("ztf/alerce-lc_correction-20200330", "ztf/one-field", 12),
    ("ztf/ampel-v1.8-20180601", "ztf/first-night", 5),
    ("ztf/fink-client-tests", "ztf/rewritten", 4),
    ("ztf/fink-transfer-2026", "ztf/one-container", 1),
    ("ztf/fink-broker-202310/part-00070-dea622d9", "ztf/no-known-body", 1),
    ("ztf/fink-broker-202310/part-00091-dea622d9", "ztf/no-known-body", 1),
    ("ztf/fink-broker-202310/part-00095-dea622d9", "ztf/no-known-body", 1),
    ("lsst/fink-v10_0-20260306", "lsst/deep-field", 1),
    ("lsst/fink-v9_0-lsstcam-20250906/", "lsst/commissioning", 10),
    ("lsst/fink-v7_4-20250411", "lsst/test-stream", 5),
    ("lsst/kafka-wire-format/", "lsst/wire", 3),
    ("lsst/ampel/11290844", "elasticc/sent", 1),
    ("malformed/avro-sync-mismatch", "broken", 1),
    ("malformed/html-saved-as-avro", "broken", 1),
)

HEAD = """# Sample packets

Real alert packets of ZTF and Rubin/LSST, and three simulated ones, byte for byte as found in public repositories under
a permissive licence, and two broken ones. The licence is that of the repository; the data belong to the surveys and are
public.
ZTF: Zwicky Transient Facility, Bellm et al. 2019, PASP 131, 018002.
LSST: Vera C. Rubin Observatory, Ivezic et al. 2019, ApJ 873, 111.
ELAsTiCC: simulated alerts of the LSST Dark Energy Science Collaboration, schema v0.9.

| file | bytes | sha256 (first 12) | from | licence |
|---|---|---|---|---|
"""


def main(collection: Path, target: Path) -> None:
    """Copy, and write README.md."""
    with (collection / "MANIFEST.csv").open(newline="") as text:
        manifest = {row["path"]: row for row in csv.DictReader(text)}
    lines = []
    for source, here, many in CHOSEN:
        rows = [r for p, r in sorted(manifest.items()) if p.startswith(source) and _is_packet(r)]
        step = max(1, len(rows) // many)
        lines.extend(_copy(collection, target, here, row) for row in rows[::step][:many])
    (target / "README.md").write_text(HEAD + "\n".join(lines) + "\n")


def _is_packet(row: dict[str, str]) -> bool:
    return row["source_repository"] in LICENCES and not row["path"].endswith(".json")


def _copy(collection: Path, target: Path, here: str, row: dict[str, str]) -> str:
    data = (collection / row["path"]).read_bytes()
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise SystemExit(f"{row['path']} is not the file that its manifest names")
    place = target / here / Path(row["path"]).name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(collection / row["path"], place)
    repository = row["source_repository"]
    return (
        f"| `{here}/{place.name}` | {row['bytes']} | `{row['sha256'][:12]}` "
        f"| {repository}: `{row['source_path']}` | {LICENCES[repository]} |"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
