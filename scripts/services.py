"""Fetch the real services that tests start, once; afterwards nothing needs a network.

    python scripts/services.py            # all of them
    python scripts/services.py kafka      # one

Each folder of `tests/services/` with a `pom.xml` is a service made of Java archives. They go into `LINNET_SERVICES`, or
into `~/.cache/linnet/services`, in a folder named after the pom: another pom, another folder. Java and Maven are
installed where apt can do it and they are missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SERVICES = Path(__file__).parent.parent / "tests" / "services"

PACKAGES = {"java": "openjdk-17-jre-headless", "mvn": "maven"}
"""Command -> the Debian package that brings it."""

TRIES = 3


def names() -> list[str]:
    """The services there are."""
    return sorted(path.parent.name for path in SERVICES.glob("*/pom.xml"))


def jars(service: str) -> Path:
    """The folder with the archives of a service, whether they were fetched already or not."""
    root = Path(os.environ.get("LINNET_SERVICES") or Path.home() / ".cache" / "linnet" / "services")
    pom = (SERVICES / service / "pom.xml").read_bytes()
    return root / f"{service}-{hashlib.sha256(pom).hexdigest()[:12]}"


def missing(service: str) -> str | None:
    """Why a service cannot be started here, as one line, or None."""
    if shutil.which("java") is None:
        return f"{service} cannot be started: there is no Java; `make services` installs it"
    if not jars(service).is_dir():
        return f"{service} cannot be started: it was not fetched yet; `make services` does"
    return None


def fetch(service: str) -> Path:
    """The folder with the archives of a service, fetched if need be: as a whole or not at all."""
    folder = jars(service)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{service}-") as part:
        command = ["mvn", "-q", "-B", "-f", str(SERVICES / service / "pom.xml"), "dependency:copy-dependencies"]
        for turn in range(TRIES):
            done = subprocess.run([*command, f"-DoutputDirectory={part}/jars"], check=False)
            if done.returncode == 0:
                break
            _say(f"{service}: try {turn + 1} of {TRIES} failed")
        else:
            sys.exit(f"{service}: Maven could not fetch it")
        (Path(part) / "jars").rename(folder)
    return folder


def install_missing() -> None:
    """Install Java and Maven where they are missing and apt can."""
    wanted = [package for command, package in PACKAGES.items() if shutil.which(command) is None]
    if not wanted:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        sys.exit(f"install {' and '.join(wanted)} (Java 17 or later, and Maven), then run this again")
    for command in (["update"], ["install", "-y", "--no-install-recommends", *wanted]):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-q", *command], check=True, env=quiet, stdout=subprocess.DEVNULL)


def main() -> None:
    """Fetch the services named on the command line, or all."""
    wanted = sys.argv[1:] or names()
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        sys.exit(f"no service {', '.join(unknown)}; there are {', '.join(names())}")
    if any(not jars(service).is_dir() for service in wanted) or shutil.which("java") is None:
        install_missing()
    for service in wanted:
        _say(f"{service}: {fetch(service)}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
