"""Whole runs into brokers with a thousand filters and objects in store: rates, CPU, memory, bytes (P1, P2, P2b)."""

from __future__ import annotations

from bench.figures import Figure
from bench.nights import nights
from bench.preloaded import preloaded
from bench.scale import Scale
from bench.trials import YARDSTICK, Taken, Trial, run
from linnet.core.avro_codec import ZSTD_LEVEL

CASES = {"ztf": ("P1", 3333), "lsst-long": ("P2", 1000), "lsst": ("P2b", 2500)}
CPU_SHARE = 0.45
"""Of what fastavro alone needs for the same packets."""

RAW_SHARE = 0.66
MOST_MB = 2000


def figures(scale: Scale) -> list[Figure]:
    """Rates, CPU, memory and bytes of whole runs."""
    return [figure for kind, alerts in scale.alerts.items() for figure in _of_run(_run(kind, alerts, scale), scale)]


def _run(kind: str, alerts: int, scale: Scale) -> Taken:
    """Half of the alerts are of objects that a night before showed."""
    store = preloaded(kind, scale.preloaded) if scale.preloaded else None
    return run(Trial(kind, nights(alerts, max(1, alerts // 2), 2), store), scale)


def _of_run(taken: Taken, scale: Scale) -> list[Figure]:
    name, goal = CASES[taken.kind]
    result, kind, is_ztf = taken.result, taken.kind, taken.kind == "ztf"
    beside = (taken.cpu_us, YARDSTICK, taken.fastavro_us)
    note = f"{taken.alerts} alerts of {taken.packet / 1000:.0f} kB, {scale.preloaded} objects stored before"
    tags = result["tags"] / taken.alerts
    passing = f"{tags:.2f} tags an alert: {tags / scale.filters:.2%} of the pairs of alert and filter match"
    rate = Figure(
        name, f"whole corridor, {kind}", taken.alerts / result["seconds"], "alerts/s", f">= {goal}", note=note
    )
    limit = f"<= {CPU_SHARE}" if is_ztf else None
    cpu = Figure(f"{name}_cpu", f"its CPU over fastavro's, {kind}", taken.share, "x fastavro", limit, note=passing)
    parts = [rate.beside(*beside), cpu.beside(*beside), _of_store(name, taken)]
    return [*parts, *_compression(name, taken), memory(name, taken), *_bytes(name, taken)]


def _of_store(name: str, taken: Taken) -> Figure:
    share = taken.store_us / taken.cpu_us
    note = f"{taken.store_us:.0f} us/alert in commits and look-ups, without copying of the log to the file"
    return Figure(f"{name}_store", f"the store's share of its CPU, {taken.kind}", 100 * share, "%", note=note)


def _compression(name: str, taken: Taken) -> list[Figure]:
    """The codec's share; nothing where datums are kept as they are."""
    spent = float(taken.result["codec_us"])
    if taken.kind == "ztf":
        return []
    what = f"archive compression's share of its CPU, {taken.kind}"
    note = f"zstandard, level {ZSTD_LEVEL}: {spent:.0f} us/alert, the same datums compressed once more and alone"
    return [Figure(f"{name}_compression", what, 100 * spent / taken.cpu_us, "%", note=note)]


def memory(name: str, taken: Taken) -> Figure:
    """Most anonymous memory of a run."""
    note = f"end over beginning {taken.result['growth']:.2f}"
    peak = float(taken.result["peak_mb"])
    return Figure(f"{name}_memory", f"anonymous memory, {taken.kind}", peak, "MB", f"<= {MOST_MB}", note=note)


def _bytes(name: str, taken: Taken) -> list[Figure]:
    """What a run adds on disk, per alert."""
    size = {part: each / taken.alerts for part, each in taken.result["bytes"].items()}
    limit = f"<= {RAW_SHARE}" if taken.kind == "ztf" else None
    what = f"raw archive over packets as sent, {taken.kind}"
    share = Figure(f"{name}_raw_share", what, size["raw"] / taken.packet, "", limit)
    stated = [Figure(f"{name}_bytes_{n}", f"{n} on disk, {taken.kind}", s, "bytes/alert") for n, s in size.items()]
    return [share, *stated]
