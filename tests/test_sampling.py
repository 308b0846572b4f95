"""The module `sampling`: its hash against published values, its lots against a loop, its uniformity on real ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import real_alerts
from linnet.core.lots import hash64
from linnet.core.module import declaration
from linnet.core.vocabulary import IDENTITY
from linnet.science.sampling import sampling

MODULE = declaration(sampling)
MASK = (1 << 64) - 1


def fnv(name: str) -> int:
    """FNV-1a of 64 bits, in the words of its definition."""
    found = 14695981039346656037
    for octet in name.encode():
        found = ((found ^ octet) * 1099511628211) & MASK
    return found


def splitmix(seed: int) -> int:
    """The first output of SplitMix64 on whole numbers."""
    z = (seed + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


def lots(survey: list[str | None], ids: list[int | None]) -> list[int | None]:
    columns = [pa.array(survey, pa.string()).dictionary_encode(), pa.array(ids, pa.int64())]
    found: list[int | None] = MODULE.run(columns, len(ids))["sampling_lot"].to_pylist()
    return found


def test_the_hash_of_names_gives_the_published_values() -> None:
    """Test vectors of the reference implementation of FNV (Noll, test_fnv.c)."""
    assert (fnv(""), fnv("a"), fnv("foobar")) == (0xCBF29CE484222325, 0xAF63DC4C8601EC8C, 0x85944171F73967E8)


def test_the_mixing_gives_the_published_sequence() -> None:
    """Seed 1234567 gives these five numbers (rosettacode.org, Pseudo-random numbers/Splitmix64)."""
    wanted = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    seeds = np.array([1234567 + i * 0x9E3779B97F4A7C15 & MASK for i in range(5)], np.uint64)
    assert hash64(seeds, np.zeros(5, np.int64)).tolist() == wanted
    assert [splitmix(int(seed)) for seed in seeds] == wanted


def test_lots_are_the_hash_of_survey_and_id_modulo_1000() -> None:
    ids = [0, 1, -1, 2**63 - 1, -(2**63), 1184159740215015011, 169298433340342284]
    assert lots(["ztf"] * 7, list(ids)) == [splitmix(fnv("ztf") + i & MASK) % 1000 for i in ids]
    assert lots(["lsst"] * 7, list(ids)) == [splitmix(fnv("lsst") + i & MASK) % 1000 for i in ids]


@pytest.mark.parametrize("read", [real_alerts.ztf, real_alerts.lsst], ids=["ztf", "lsst"])
def test_real_alerts_have_the_lots_of_a_loop(read: real_alerts.Reader, samples: Path) -> None:
    alerts = read(samples)[1]
    names, ids = alerts.column("survey").to_pylist(), alerts.column("alert_id").to_pylist()
    assert lots(names, ids) == [splitmix(fnv(name) + i & MASK) % 1000 for name, i in zip(names, ids, strict=True)]


def test_without_a_survey_or_an_id_there_is_no_lot() -> None:
    assert lots([None, "ztf"], [5, None]) == [None, None]
    assert MODULE.run([IDENTITY["survey"].empty(1), pa.array([5])], 1)["sampling_lot"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("survey", "first", "step"),
    [
        ("ztf", 1184159740215015011, 1),
        ("ztf", 1184159740215010000, 5000),
        ("lsst", 170055002004914000, 113),
        ("lsst", 170055002004914000, 1 << 20),
    ],
)
def test_lots_are_uniform_over_ids_that_are_not(survey: str, first: int, step: int) -> None:
    """Chi square over 1000 lots of 200,000 ids in a row: 999 +- 45, so beyond 6 sigma nothing is fair."""
    ids = first + step * np.arange(200_000, dtype=np.int64)
    found = hash64(np.full(len(ids), fnv(survey), np.uint64), ids) % np.uint64(1000)
    counts = np.bincount(found.astype(np.int64), minlength=1000)
    assert len(counts) == 1000
    assert abs(((counts - 200.0) ** 2 / 200.0).sum() - 999) < 6 * np.sqrt(2 * 999)
    assert abs((found < 10).mean() - 0.01) < 6 * np.sqrt(0.01 * 0.99 / len(ids))


def test_the_hashes_of_a_survey_never_meet() -> None:
    ids = np.arange(1 << 18, dtype=np.int64) * 997
    assert len(np.unique(hash64(np.full(len(ids), fnv("lsst"), np.uint64), ids))) == len(ids)
