"""The light curve that a ZTF packet brings: its own detection, earlier ones, limits, forced photometry.

Identity of a point: candid for a detection, pid (exposure and quadrant) for a limit or a forced flux. Where pid is
missing or negative, as in packets of the commissioning time, the exposure's time, filter and channel stand for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linnet.core import magnitudes
from linnet.core.as_sent import integers
from linnet.core.lightcurve import IN_PACKET, NO_ID, OWN, Flat, concat, exposure_key, packet_history
from linnet.core.lists import row_of
from linnet.core.times import jd_to_mjd, utc_to_tai
from linnet.core.vocabulary import DETECTION, FORCED, LIMIT
from linnet.surveys.ztf.packet import (
    Bools,
    Floats,
    Ints,
    band_codes,
    exposure_days,
    said,
    signs,
)

PUBLIC_PROGRAM = 1
"""The one programid whose data may be published."""

MEASURED = ("0", "56")
"""procstatus of forced photometry that holds a flux: no warning, and bad pixels nearby. Others (55, 61) hold -99999."""

_MEASURED = pa.array(MEASURED)
_KEY_BANDS = 127


def middle(jd: Floats, exptime: Floats) -> Floats:
    """Middle of the exposure in MJD TAI of its start in JD UTC and its length in seconds (NaN: 30 s)."""
    return utc_to_tai(jd_to_mjd(jd) + exposure_days(exptime) / 2)


def public(programid: pa.Array) -> Bools:
    """Whether each row is of the public programme; null is not."""
    values, _ = integers(programid)
    shown: Bools = values == PUBLIC_PROGRAM
    return shown


def light_curve(sent: Mapping[str, pa.Array], own: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """The `lc_*`, `lc_n_future` and `withdrawn_*` columns.

    Args:
        sent: the columns of `fields.wanted`.
        own: the alerts' own `alert_id`, `mjd`, `ra`, `dec`, `flux`, `flux_err`, `is_public` columns.
    """
    previous = _items(sent, "prv_candidates")
    parts = [_own(sent, own), *_previous(previous), _forced(_items(sent, "fp_hists"))]
    _, no_candid = integers(previous["candid"])
    rest = np.full(sum(map(len, parts[2:])), np.nan)
    ra, dec = (np.concatenate([said(own[n]), said(previous[n])[~no_candid], rest]) for n in ("ra", "dec"))
    return packet_history(concat(parts), said(own["mjd"]), (ra, dec))


@dataclass(frozen=True)
class _Items:
    """Items of one list of all packets: their alert's row, and one flat array per field."""

    row: Ints
    fields: pa.RecordBatch

    def __getitem__(self, name: str) -> pa.Array:
        return self.fields.column(name)

    def where(self, mask: Bools) -> _Items:
        # All fields at once: at small batches each call costs more than its values.
        return self if mask.all() else _Items(self.row[mask], self.fields.filter(pa.array(mask)))


def _items(sent: Mapping[str, pa.Array], path: str) -> _Items:
    prefix = f"{path}."
    lists = {n.removeprefix(prefix): column for n, column in sent.items() if n.startswith(prefix)}
    row = row_of(lists["jd"])
    return _Items(row, pa.RecordBatch.from_arrays([each.flatten() for each in lists.values()], names=list(lists)))


def _own(sent: Mapping[str, pa.Array], own: Mapping[str, pa.Array]) -> Flat:
    candid, missing = integers(own["alert_id"])
    code, bands = band_codes(sent["candidate.fid"])
    rows = np.arange(len(candid))
    return Flat(
        row=rows,
        mjd=said(own["mjd"]),
        band=code,
        flux=said(own["flux"]),
        flux_err=said(own["flux_err"]),
        kind=np.full(len(rows), DETECTION, dtype=np.int64),
        source_id=np.where(missing, NO_ID, candid),
        key=candid,
        public=own["is_public"].to_numpy(zero_copy_only=False).astype(bool),
        withdrawn=np.zeros(len(rows), dtype=bool),
        rank=np.full(len(rows), OWN),
        bands=bands,
    )


def _previous(items: _Items) -> list[Flat]:
    """Detections, limits, and (schema 3.5) forced fluxes of `prv_candidates`."""
    _, no_candid = integers(items["candid"])
    forced = no_candid & items["forcediffimflux"].is_valid().to_numpy(zero_copy_only=False)
    limit = no_candid & ~forced
    return [_detections(items.where(~no_candid)), _limits(items.where(limit)), _forced(items.where(forced))]


def _detections(items: _Items) -> Flat:
    candid, _ = integers(items["candid"])
    size = magnitudes.flux(said(items["magpsf"]))
    error = magnitudes.flux_error(size, positive(said(items["sigmapsf"])))
    return _points(items, DETECTION, (size * signs(items["isdiffpos"]), error), candid, candid)


def _limits(items: _Items) -> Flat:
    error = magnitudes.flux(said(items["diffmaglim"])) / 5.0
    return _points(items, LIMIT, (np.full(len(error), np.nan), error), np.full(len(error), NO_ID), _exposure(items))


def _forced(items: _Items) -> Flat:
    count = magnitudes.flux(said(items["magzpsci"]))
    status = pc.is_in(items["procstatus"], value_set=_MEASURED).to_numpy(zero_copy_only=False)
    count = np.where(status, count, np.nan)
    flux, error = (said(items[n]) for n in ("forcediffimflux", "forcediffimfluxunc"))
    key = _exposure(items)
    return _points(items, FORCED, (flux * count, positive(error) * count), np.full(len(key), NO_ID), key)


def _points(items: _Items, kind: int, values: tuple[Floats, Floats], source_id: Ints, key: Ints) -> Flat:
    code, bands = band_codes(items["fid"])
    flux, flux_err = values
    return Flat(
        row=items.row,
        mjd=_when(items),
        band=code,
        flux=flux,
        flux_err=flux_err,
        kind=np.full(len(code), kind, dtype=np.int64),
        source_id=source_id,
        key=key,
        public=public(items["programid"]),
        withdrawn=np.zeros(len(code), dtype=bool),
        rank=np.full(len(code), IN_PACKET),
        bands=bands,
    )


def _when(items: _Items) -> Floats:
    return middle(said(items["jd"]), said(items["exptime"]))


def _exposure(items: _Items) -> Ints:
    pid, _ = integers(items["pid"])
    fid, no_fid = integers(items["fid"])
    rcid, _ = integers(items["rcid"])
    band = np.where(no_fid, _KEY_BANDS, fid)
    return np.where(pid > 0, pid, exposure_key(_when(items), band, rcid))


def positive(values: npt.NDArray[np.float64]) -> Floats:
    """Errors that are errors: NaN where a value is not above zero."""
    return np.where(values > 0, values, np.nan)
