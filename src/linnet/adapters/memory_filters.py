"""Filters, their activations and notices in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import RLock

from linnet.core.filter_port import PLAIN, Activation, Details, FilterText, Notice, NoticeKind, Visibility
from linnet.errors import NotFoundError


@dataclass
class _Told:
    """A notice, and whether it is still open."""

    notice: Notice
    is_open: bool = True


class MemoryFilters:
    """A `linnet.core.filter_port.Filters` that lives in this process. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._generation = 1
        self._filters: dict[tuple[str, int], FilterText] = {}
        self._activations: list[Activation] = []
        self._notices: list[_Told] = []

    def add_filter(
        self, name: str, text: str, *, topic_line: str, owner: str = "local", details: Details = PLAIN
    ) -> int:
        """Add a filter or a new version of it; gives the version. The same again gives the existing version."""
        with self._lock:
            versions = [f for f in self._filters.values() if f.name == name]
            for same in (f for f in reversed(versions) if (f.text, f.details.kept) == (text, details.kept)):
                return same.version
            version = 1 + max((f.version for f in versions), default=0)
            if versions:
                details = replace(details, visibility=versions[0].details.visibility)
            self._filters[name, version] = FilterText(name, version, text, topic_line, owner, False, _now(), details)
            self._generation += 1
            return version

    def set_active(self, name: str, version: int | None) -> None:
        """Activate one version of a filter, or none.

        Raises:
            NotFoundError: no such filter or version.
        """
        with self._lock:
            self._require(name, version)
            for told in self._notices if version is not None else ():
                told.is_open = told.is_open and told.notice.filter != name
            if self._active(name) == version:
                return
            self._end(name, "")
            if version is not None:
                self._activations.append(Activation(name, version, _now()))
                self._filters[name, version] = replace(self._filters[name, version], active=True, ended="")
            self._generation += 1

    def switch_off(self, name: str, version: int, kind: NoticeKind, reason: str, *, until: int | None = None) -> bool:
        """End the activation of this version for a reason that its owner is told; gives whether it was active."""
        with self._lock:
            if self._active(name) != version:
                return False
            place = self._end(name, reason)
            if until is not None:
                each = self._activations[place]
                judged = each.since is not None and each.since <= until
                self._activations[place] = each._replace(**({"until": until} if judged else {"since": None}))
            self.notify(name, version, kind, reason)
            self._generation += 1
            return True

    def set_visibility(self, name: str, visibility: Visibility) -> None:
        """Who may see a filter and its matches.

        Raises:
            NotFoundError: no such filter.
        """
        with self._lock:
            self._require(name, None)
            for key, each in self._filters.items():
                if each.name == name:
                    self._filters[key] = replace(each, details=replace(each.details, visibility=visibility))
            self._generation += 1

    def filters(self, *, active: bool = False) -> list[FilterText]:
        """All versions of all filters by name and version, or only the active ones."""
        with self._lock:
            return [self._filters[key] for key in sorted(self._filters) if self._filters[key].active or not active]

    def generation(self) -> int:
        """A number that grows with every change of filters, activations and routes."""
        return self._generation

    def record_activation(self, name: str, version: int, seq: int) -> None:
        """Record from which tag-log number the newest activation of a version holds; the first call for it stays.

        Raises:
            NotFoundError: no such filter or version.
        """
        with self._lock:
            self._require(name, version)
            places = [i for i, each in enumerate(self._activations) if each[:2] == (name, version)]
            if places and self._activations[places[-1]].since is None:
                self._activations[places[-1]] = self._activations[places[-1]]._replace(since=seq)

    def take_up(self, seq: int) -> list[FilterText]:
        """The active versions by name, in one step with the record that they judge from tag-log number `seq` on."""
        with self._lock:
            for place, each in enumerate(self._activations):
                if each.ended is None and each.since is None:
                    self._activations[place] = each._replace(since=seq)
                elif each.ended is not None and each.until is None and each.since is not None:
                    self._activations[place] = each._replace(until=seq - 1)
            return self.filters(active=True)

    def activations(self) -> list[tuple[str, int, int | None]]:
        """All activations in order of their making: (filter, version, tag-log number from which it holds or None)."""
        with self._lock:
            return [(each.filter, each.version, each.since) for each in self._activations]

    def activation_log(self, name: str) -> list[Activation]:
        """All activations of one filter in order of their making."""
        with self._lock:
            return [each for each in self._activations if each.filter == name]

    def notify(self, name: str, version: int, kind: NoticeKind, text: str) -> bool:
        """Tell the owner of a filter something; gives whether that is new: an open notice is not repeated."""
        with self._lock:
            self._require(name, version)
            owner = self._filters[name, version].owner
            if any(t.is_open and t.notice[:4] == (name, version, kind, text) for t in self._notices):
                return False
            self._notices.append(_Told(Notice(name, version, kind, text, owner, _now())))
            return True

    def notices(self, name: str | None = None) -> list[Notice]:
        """Open notices of one filter or of all, in order of their making."""
        with self._lock:
            return [t.notice for t in self._notices if t.is_open and name in {None, t.notice.filter}]

    def close_notices(self, name: str, kind: NoticeKind) -> None:
        """Close the open notices of one kind."""
        with self._lock:
            for told in self._notices:
                told.is_open = told.is_open and (told.notice.filter, told.notice.kind) != (name, kind)

    def _active(self, name: str) -> int | None:
        return next((f.version for f in self._filters.values() if f.name == name and f.active), None)

    def _end(self, name: str, reason: str) -> int:
        """End the activation of a filter, where there is one; gives its place, or -1."""
        version = self._active(name)
        if version is None:
            return -1
        self._filters[name, version] = replace(self._filters[name, version], active=False, ended=reason)
        place = max(i for i, each in enumerate(self._activations) if each.filter == name)
        self._activations[place] = self._activations[place]._replace(ended=_now(), reason=reason)
        return place

    def _require(self, name: str, version: int | None) -> None:
        if not any(n == name and version in (None, v) for n, v in self._filters):
            what = f"filter {name}" if version is None else f"filter {name} version {version}"
            raise NotFoundError(f"there is no {what}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
