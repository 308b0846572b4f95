"""The Galactic reddening that simulated LSST alerts (ELAsTiCC v0.9) carry, for places all over the southern sky."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

Floats = npt.NDArray[np.float64]


def of(folder: Path) -> tuple[Floats, Floats, Floats]:
    """Right ascension, declination (degrees, ICRS) and `mwebv` (mag) of each object once."""
    objects = {each["diaObjectId"]: (each["ra"], each["decl"], each["mwebv"]) for each in _objects(folder / "elasticc")}
    ra, dec, reddening = np.array([each for each in objects.values() if each[2]]).T
    return ra, dec, reddening


def _objects(folder: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(folder / "alerce-elasticc-v0_9-alerts.tar.gz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None and member.name.endswith(".avro"):
                records: Iterator[Any] = iter(fastavro.reader(io.BytesIO(file.read())))
                yield from (record["diaObject"] for record in records)
    for path in sorted((folder / "fink-elasticc-parquet").glob("*.parquet")):
        yield from pq.read_table(path, columns=["diaObject"]).column("diaObject").to_pylist()
