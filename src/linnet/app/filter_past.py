"""What filters of a home did and would have done, for the web side."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

from linnet.adapters.backtest_folder import reports
from linnet.app.backtesting import named_filter, past_of, text_filter
from linnet.app.wiring import Parts
from linnet.operations.preview import preview
from linnet.operations.why import why


class HomePast:
    """See `linnet.web.broker.FilterPast`. Safe from several threads.

    Args:
        parts: of the home.
        reading: held while packets are read.
    """

    def __init__(self, parts: Parts, reading: Lock) -> None:
        self._parts = parts
        self._reading = reading
        self._counting = Lock()

    def why(self, name: str, version: int | None, survey: str, alert_id: int) -> Mapping[str, Any]:
        """A verdict explained.

        Raises:
            NotFoundError: no such filter, version or alert.
        """
        asked = named_filter(self._parts, name, version)
        with self._reading:
            return why(past_of(self._parts, asked), asked, survey, alert_id).as_dict()

    def reports(self, name: str) -> list[dict[str, Any]]:
        """The kept reports of back-tests of a filter, newest version first."""
        return reports(self._parts.home.backtests, name)

    def preview(self, text: str, public: bool) -> Mapping[str, Any]:
        """What a condition would have caught in the last night.

        Raises:
            FilterError: it is refused.
            InputError: only packets can say it.
        """
        asked = text_filter(self._parts, text)
        # One at a time: each may take seconds of a core, and there may be many writers of filters.
        with self._counting:
            nights = preview(past_of(self._parts, asked), asked, public=public)
        return {
            "nights": [night.as_dict() for night in nights],
            "passed": sum(night.passed for night in nights),
            "estimated": sum(night.estimated for night in nights),
            "complete": all(night.complete for night in nights),
        }
