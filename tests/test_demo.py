"""The demo: its account, and what it leaves alone."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pyarrow.parquet as pq
import pytest

from linnet.app.console import BUSY, OK, USAGE
from processes import call, linnet, one_line

README = Path(__file__).parent.parent / "README.md"


@dataclass(frozen=True)
class Demo:
    """A home that `linnet demo` made of all samples, and what it printed. Nobody writes to it."""

    home: Path
    said: str

    @property
    def summary(self) -> dict[str, Any]:
        """Its `summary.json`."""
        found: dict[str, Any] = json.loads((self.home / "summary.json").read_text())
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    home = tmp_path_factory.mktemp("demo") / "home"
    done = linnet("demo", "--home", home)
    assert (done.returncode, done.stderr) == (OK, "")
    return Demo(home, done.stdout)


@pytest.fixture
def small(samples: Path, tmp_path: Path) -> Path:
    """A demo home of the two broken samples, to spoil."""
    home = tmp_path / "home"
    assert call("demo", "--home", home, "--samples", samples / "broken").returncode == OK
    return home


def numbers(said: str) -> dict[str, int]:
    """The lines `name   number` of an account."""
    return {m[1]: int(m[2]) for m in re.finditer(r"^ *([A-Za-z_ ()]+?) {2,}(\d+)$", said, re.MULTILINE)}


def offered(path: Path) -> int:
    """How many alerts a file holds by fastavro; 1 for a message that is no container, or a damaged one."""
    try:
        return sum(1 for _ in fastavro.reader(io.BytesIO(path.read_bytes())))
    except (ValueError, EOFError, KeyError, IndexError):
        return 1


def test_the_demo_prints_its_account_and_writes_the_same_to_its_summary(demo: Demo) -> None:
    said, summary = numbers(demo.said), demo.summary
    for name in ("received", "decoded", "duplicates", "archived", "objects"):
        assert said[name] == summary[name]
    assert summary["dead"] == {"BAD_CONTAINER": 1, "NOT_A_PACKET": 1}
    assert {reason: said[reason] for reason in summary["dead"]} == summary["dead"]
    assert {name: said[name] for name in summary["matched"]} == summary["matched"]
    assert said["matched"] == sum(summary["matched"].values()) > 0
    assert said["delivered"] == sum(summary["delivered"].values())
    assert "audit: OK" in demo.said.splitlines()
    assert summary["ok"] is True


def test_the_demo_scores_its_filters_on_a_simulated_night(demo: Demo) -> None:
    night = demo.home / "simulated"
    done = linnet("score", "--truth", night / "truth.parquet", "--home", night / "home", "--json")
    found = json.loads(done.stdout)
    truth = pq.read_table(night / "truth.parquet")
    assert found["alerts"] == truth.num_rows > 1000
    assert f"{found['alerts']} alerts of {found['sources']} sources of known truth, 0 without" in demo.said
    assert linnet("audit", "--home", night / "home").returncode == OK
    said = {line.split()[0] for line in demo.said.splitlines() if "\u2502" in line and line.strip()}
    assert {each["name"] for each in found["filters"]} <= said


def test_the_demo_receives_what_fastavro_counts_in_the_samples(demo: Demo, samples: Path) -> None:
    files = [p for p in samples.rglob("*") if p.is_file() and p.parent != samples]
    summary = demo.summary
    assert summary["received"] == sum(map(offered, files))
    assert summary["received"] == summary["archived"] + summary["duplicates"] + sum(summary["dead"].values())


def test_the_readme_shows_the_account_of_the_demo(demo: Demo) -> None:
    account = demo.said[: demo.said.index("audit: OK")].splitlines()
    shown = [line.removeprefix("    ") for line in README.read_text().splitlines()]
    first = shown.index(account[0])
    assert shown[first : first + len(account)] == account


def test_a_second_demo_gives_the_same_account(small: Path, samples: Path) -> None:
    before = json.loads((small / "summary.json").read_text())
    assert call("demo", "--home", small, "--samples", samples / "broken").returncode == OK
    assert json.loads((small / "summary.json").read_text()) == before


def test_a_demo_that_was_killed_is_made_anew(small: Path, samples: Path) -> None:
    (small / "summary.json").write_text("{}\n")
    assert call("demo", "--home", small, "--samples", samples / "broken").returncode == OK
    assert json.loads((small / "summary.json").read_text())["received"] == 2


def test_the_demo_leaves_every_other_folder_alone(tmp_path: Path, small: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("1")
    (small / "summary.json").unlink()
    for place in (tmp_path / "thesis", small):
        done = call("demo", "--home", place)
        assert done.returncode == BUSY
        assert "not a home that the demo made" in one_line(done)
    assert (tmp_path / "thesis" / "chapter").read_text() == "1"
    assert call("audit", "--home", small).returncode == OK


def test_the_demo_does_not_remove_a_filter_that_was_added_to_its_home(small: Path) -> None:
    call("filter", "add", "mine", "mag < 12", "--home", small)
    done = call("demo", "--home", small)
    assert done.returncode == BUSY
    assert "holds more than the demo put there" in one_line(done)
    assert "mine" in call("filter", "list", "--json", "--home", small).stdout


def test_the_demo_does_not_remove_packets_that_were_added_to_its_home(small: Path, samples: Path) -> None:
    call("ingest", samples / "ztf" / "first-night", "--home", small)
    done = call("demo", "--home", small)
    assert done.returncode == BUSY
    assert "holds more than the demo put there" in one_line(done)
    assert json.loads(call("audit", "--json", "--home", small).stdout)["archived"] > 0


def test_the_demo_without_samples_keeps_the_home_that_is_there(small: Path, tmp_path: Path) -> None:
    done = call("demo", "--home", small, "--samples", tmp_path / "nowhere")
    assert done.returncode == USAGE
    assert str(tmp_path / "nowhere") in one_line(done)
    assert call("audit", "--home", small).returncode == OK


def test_a_demo_whose_summary_is_damaged_is_left_alone(small: Path) -> None:
    (small / "summary.json").write_text("{garbage")
    assert call("demo", "--home", small).returncode == BUSY
    assert call("audit", "--home", small).returncode == OK
