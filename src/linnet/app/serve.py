"""Serving a home: the web side over a store that is open for reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import uvicorn

from linnet import __version__
from linnet.app.config import settings
from linnet.app.console import out
from linnet.app.filter_commands import check_text
from linnet.app.home import existing
from linnet.app.wiring import Parts, reader
from linnet.core.survey import Stamp
from linnet.errors import NotFoundError
from linnet.operations.audit import audit
from linnet.web.application import create_app
from linnet.web.broker import Broker


def serve(home: Path, host: str | None, port: int | None) -> None:
    """Serve until stopped.

    Raises:
        HomeError: there is no home at this path.
    """
    chosen = settings(home)
    with reader(existing(home), chosen) as parts:
        address, number = host or chosen.host, chosen.port if port is None else port
        out.print(
            f"Linnet serves {home} at http://{address}:{number}  (stop with Ctrl-C)", highlight=False, soft_wrap=True
        )
        uvicorn.run(create_app(broker(parts)), host=address, port=number, log_level="warning")


def broker(parts: Parts) -> Broker:
    """What the web side is given."""
    return Broker(
        store=parts.store,
        control=parts.control,
        columns=parts.plan.columns,
        stamps=_stamps(parts),
        audit=lambda: audit(parts.store, parts.control, parts.raw).as_dict(),
        public_only=not parts.settings.publish_private,
        version=__version__,
        check_filter=check_text,
    )


def _stamps(parts: Parts) -> Callable[[str, int], dict[str, Stamp]]:
    surveys = {s.name: s for s in parts.surveys}

    def stamps(survey: str, alert_id: int) -> dict[str, Stamp]:
        """The images of one archived packet, cut out when someone looks."""
        rows = parts.store.alerts(survey, pa.array([alert_id], pa.int64()))
        if rows.num_rows == 0 or survey not in surveys:
            raise NotFoundError(f"no alert {alert_id} of {survey} here")
        datum = parts.raw.read(rows.select(["segment", "block", "place", "length"]))[0].as_py()
        return surveys[survey].stamps(datum, parts.raw.schema(rows.column("segment")[0].as_py()))

    return stamps
