"""One match, as it comes: a dictionary of the broker's columns, and the usual ones as attributes with a type."""

from __future__ import annotations

from typing import Any


class Alert(dict[str, Any]):
    """One alert that a filter matched.

    All columns are there as items, under their names in the broker's schema (`/api` of the broker lists them with their
    units); None means that there is nothing to say. 64-bit ids are strings.
    """

    @property
    def dedup_id(self) -> str:
        """Identity of this message: survey, alert, filter and its version. Equal ids are repetitions."""
        return str(self["dedup_id"])

    @property
    def filter(self) -> str:
        """Name of the filter."""
        return str(self["filter"])

    @property
    def version(self) -> int:
        """Version of the filter."""
        return int(self["version"])

    @property
    def survey(self) -> str:
        """Which survey sent it: `ztf`, `lsst`."""
        return str(self["survey"])

    @property
    def alert_id(self) -> str:
        """The survey's id of the alert, in digits: ZTF candid, LSST diaSourceId."""
        return str(self["alert_id"])

    @property
    def object_id(self) -> str | None:
        """The survey's id of the object; None where there is none."""
        return self._text("object_id")

    @property
    def mjd(self) -> float:
        """Middle of the exposure, MJD TAI."""
        return float(self["mjd"])

    @property
    def ra(self) -> float:
        """Right ascension, degrees ICRS."""
        return float(self["ra"])

    @property
    def dec(self) -> float:
        """Declination, degrees ICRS."""
        return float(self["dec"])

    @property
    def band(self) -> str | None:
        """Band of the exposure."""
        return self._text("band")

    @property
    def mag(self) -> float | None:
        """AB magnitude of the difference; None where the difference is negative."""
        return self._number("mag")

    @property
    def mag_err(self) -> float | None:
        """Its uncertainty."""
        return self._number("mag_err")

    @property
    def flux(self) -> float | None:
        """Flux of the difference in nJy, signed."""
        return self._number("flux")

    @property
    def headers(self) -> dict[str, str]:
        """The same facts as the headers of a Kafka message, as text."""
        return {name: str(self[column]) for name, column in HEADERS.items() if self.get(column) is not None}

    def _text(self, name: str) -> str | None:
        value = self.get(name)
        return None if value is None else str(value)

    def _number(self, name: str) -> float | None:
        value = self.get(name)
        return None if value is None else float(value)


HEADERS = {
    "dedup-id": "dedup_id",
    "survey": "survey",
    "object-id": "object_id",
    "alert-id": "alert_id",
    "ra": "ra",
    "dec": "dec",
    "filter": "filter",
    "filter-version": "version",
}
"""Name of a header -> the column that says the same."""
