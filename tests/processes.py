"""The real command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LINNET = Path(sys.executable).parent / "linnet"


def linnet(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `linnet ...` to its end; stdout and stderr as text."""
    return subprocess.run(
        [str(LINNET), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "COLUMNS": "200", **environment},
    )
