"""Sources looked at: every visit to every source, measured with its noise, and what a survey detects of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from linnet.simulation.campaign import Campaign
from linnet.simulation.classes import CLASSES
from linnet.simulation.draws import Bools, Draws, Floats, Ints
from linnet.simulation.fields import separation
from linnet.simulation.noise import flux_error
from linnet.simulation.radiation import flux_of
from linnet.simulation.sources import GALAXY, STAR, Epochs, Request, Sources, Surroundings, template_flux

THRESHOLD = 5.0
"""Signal to noise of a detection."""

CHUNK = 2000
"""Sources drawn at once. No result depends on it."""

OBJECTS = 1024
"""Objects of a source at most: detections of a moving one in a campaign."""

EMPTY_DAYS = 30.0
"""Days for which the places of moving bodies are looked at before."""

_FLOOR = {"ztf": 0.05, "lsst": 0.010}


@dataclass(frozen=True)
class Points:
    """Measurements, ordered by object and time.

    Attributes:
        source: numbers of the sources in the campaign. object: what a survey takes for one: the source, but every
        detection of a moving one by itself (`OBJECTS` x source
            + number of the detection).
        visit: rows of its visits.
        true: difference flux without noise, nJy.
        flux, error: as measured, nJy.
        template: flux of the template under the point-spread function, nJy.
        ra, dec: as measured, degrees.
        scatter: standard deviation of the position in each coordinate, arcsec.
        detected: above the threshold and not saturated.
    """

    source: Ints
    object: Ints
    visit: Ints
    true: Floats
    flux: Floats
    error: Floats
    template: Floats
    ra: Floats
    dec: Floats
    scatter: Floats
    detected: Bools

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, rows: npt.NDArray[np.generic]) -> Points:
        return Points(*(getattr(self, each.name)[rows] for each in fields(self)))

    @property
    def snr(self) -> Floats:
        """Of the measured flux, never negative."""
        found: Floats = np.abs(self.flux) / self.error
        return found


@dataclass(frozen=True)
class Chunk:
    """Some sources of a class with their numbers in the campaign, and what was measured of them."""

    name: str
    number: Ints
    sources: Sources
    points: Points


def measured(campaign: Campaign, counts: Mapping[str, int]) -> Iterator[Chunk]:
    """All sources of a campaign, in order of their numbers, in chunks.

    Args:
        campaign: which.
        counts: class -> number of sources, in the order of `CLASSES`.
    """
    before = 0
    for name, count in counts.items():
        for start in range(0, count, CHUNK):
            own = np.arange(start, min(start + CHUNK, count), dtype=np.int64)
            draws = Draws(campaign.seed, f"{campaign.telescope.name}/{name}")
            sources = CLASSES[name].draw(Request(campaign, draws, own, name))
            yield Chunk(name, own + before, sources, _measure(campaign, sources, draws, own, before))
        before += count


def _measure(campaign: Campaign, sources: Sources, draws: Draws, own: Ints, before: int) -> Points:
    source, visit = _pairs(campaign, sources)
    at = _epochs(campaign, source, visit)
    if not sources.path:
        light = sources.light(at)
        if sources.only is not None:
            light = np.where(visit == sources.only[source], light, 0.0)
        place = Place(at.of(sources.ra), at.of(sources.dec), own[source] + before, (own[source] + before) * OBJECTS)
        return _noisy(campaign, sources, draws, at, place, light)
    ra, dec = sources.path(at)
    field = campaign.visits.field[visit]
    east, north = separation(ra, dec, campaign.fields.ra[field], campaign.fields.dec[field])
    rows = np.flatnonzero(np.hypot(east, north) < campaign.telescope.radius)
    at = _epochs(campaign, source[rows], visit[rows])
    each = np.arange(len(rows)) - np.searchsorted(at.source, at.source)  # 0, 1, 2 ... of every source
    number = own[at.source] + before
    place = Place(ra[rows], dec[rows], number, number * OBJECTS + 1 + each)
    seen = _noisy(campaign, sources, draws, at, place, sources.light(at))
    return _with_emptiness(campaign, sources, draws, seen[seen.detected])


@dataclass(frozen=True)
class Place:
    """Where n epochs look: degrees, and the numbers of source and object."""

    ra: Floats
    dec: Floats
    source: Ints
    object: Ints


def _epochs(campaign: Campaign, source: Ints, visit: Ints) -> Epochs:
    visits = campaign.visits
    mid = visits.mjd[visit] + campaign.telescope.exposure / 2.0 / 86400.0
    return Epochs(source, mid, visits.band[visit], visits.five[visit], visit)


def _noisy(campaign: Campaign, sources: Sources, draws: Draws, at: Epochs, place: Place, true: Floats) -> Points:
    """Light as it is measured."""
    visits, telescope = campaign.visits, campaign.telescope
    seeing = visits.seeing[at.visit]
    template = _under(sources.around, at, seeing)
    total = template + true
    error = flux_error(visits.m5[at.visit], total, telescope.gamma[at.band], telescope.template)
    # The noise of a measurement belongs to the object and the moment.
    each = place.object * 2**28 + np.round((at.mjd - 50_000.0) * 1e4).astype(np.int64)
    error = np.hypot(error, telescope.subtraction * np.abs(true) * np.exp(draws.normal("match", each, 0.0, 0.6)))
    flux = true + error * draws.normal("noise", each)
    snr = np.abs(flux) / error
    scatter = _FLOOR[telescope.name] + 0.6 * seeing / np.maximum(snr, 3.0)
    east, north = (draws.normal(name, each) * scatter / 3600.0 for name in ("east", "north"))
    ra = (place.ra + east / np.cos(np.radians(place.dec))) % 360.0
    dec = np.clip(place.dec + north, -90.0, 90.0)
    detected = (snr >= THRESHOLD) & (total < flux_of(telescope.bright))
    return Points(place.source, place.object, at.visit, true, flux, error, template, ra, dec, scatter, detected)


def _with_emptiness(campaign: Campaign, sources: Sources, draws: Draws, seen: Points) -> Points:
    """Detections of moving bodies, each with the earlier visits to its place, which show nothing."""
    order, starts = campaign.by_field
    visits = campaign.visits
    first = starts[visits.field[seen.visit]]
    place_in_order = np.empty(len(order), dtype=np.int64)
    place_in_order[order] = np.arange(len(order))
    stop = place_in_order[seen.visit]
    rows, visit = _ranges(first, stop, order)
    recent = visits.mjd[seen.visit[rows]] - visits.mjd[visit] < EMPTY_DAYS
    rows, visit = rows[recent], visit[recent]
    number = seen.source[rows]
    at = _epochs(campaign, np.zeros(len(rows), dtype=np.int64), visit)
    place = Place(seen.ra[rows], seen.dec[rows], number, seen.object[rows])
    empty = _noisy(campaign, sources, draws, at, place, np.zeros(len(rows)))
    empty = empty[~empty.detected]
    both = Points(*(np.concatenate([getattr(p, f.name) for p in (empty, seen)]) for f in fields(Points)))
    return both[np.lexsort((visits.mjd[both.visit], both.object))]


def _pairs(campaign: Campaign, sources: Sources) -> tuple[Ints, Ints]:
    """Rows of sources and of the visits to their fields, ordered by source and time."""
    order, starts = campaign.by_field
    first, stop = starts[sources.field], starts[sources.field + 1]
    if sources.path:  # what moves is in the field for these nights only
        nights = np.bincount(campaign.visits.field[campaign.visits.night >= 0], minlength=len(starts) - 1)
        first = stop - nights[sources.field]
    return _ranges(first, stop, order)


def _ranges(first: Ints, stop: Ints, order: Ints) -> tuple[Ints, Ints]:
    """Numbers of ranges, repeated, and what `order` holds from `first` to before `stop` of each."""
    counts = stop - first
    ends = np.cumsum(counts)
    within = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts), order[np.repeat(first, counts) + within]


def _under(around: Surroundings, at: Epochs, seeing: Floats) -> Floats:
    """Flux of the template under the point-spread function at the source: of galaxies what falls into it there."""
    whole = template_flux(around, at)
    kind, size, away = (at.of(values) for values in (around.kind, around.size, around.away))
    width = (seeing / 2.355) ** 2 + (0.7 * size) ** 2
    share = (seeing / 2.355) ** 2 / width * np.exp(-0.5 * away**2 / width)
    found: Floats = np.where(kind == GALAXY, whole * share, np.where(kind == STAR, whole, 0.0))
    return found
