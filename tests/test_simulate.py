"""`linnet simulate`: what it writes, that it writes the same again, and its faults."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linnet.adapters.recording import Recording
from linnet.app.console import OK, USAGE
from linnet.app.simulate import SOURCES, TRUTH, Wish, packets_of, read_counts, read_places, record_nights
from linnet.errors import InputError
from linnet.simulation import measuring
from linnet.simulation.avro_rows import record_of, rows
from linnet.simulation.campaign import Campaign
from linnet.simulation.classes import checked, injection
from linnet.simulation.night import simulate
from linnet.simulation.telescopes import ZTF
from linnet.simulation.truth import ALERTS
from linnet.simulation.truth import SOURCES as SOURCE_COLUMNS
from processes import call, one_line
from simulated_nights import COUNTS, FIRST_DAY, campaign, night_of

WISH = Wish("ztf", date(2025, 10, 27), 2, 4, {"sn_ia": 30, "asteroid": 20, "bogus_edge": 10})


def messages(path: Path) -> list[tuple[int, bytes]]:
    """Offsets and values of a recording."""
    reader = Recording(path).open()
    found = []
    while (batch := reader.next_batch(100)) is not None:
        found += list(zip(batch.column("offset").to_pylist(), batch.column("value").to_pylist(), strict=True))
    reader.close()
    return found


def test_nights_are_recordings_with_their_truth_beside_them(tmp_path: Path) -> None:
    made = record_nights(WISH, tmp_path)
    assert {p.name for p in made.recordings} <= {"ztf-20251027.arrow", "ztf-20251028.arrow"}
    sent = [m for path in made.recordings for m in messages(path)]
    assert [offset for offset, _ in sent] == list(range(made.alerts))
    truth, sources = pq.read_table(tmp_path / TRUTH), pq.read_table(tmp_path / SOURCES)
    assert truth.schema.equals(ALERTS)
    assert sources.schema.equals(SOURCE_COLUMNS)
    assert truth.num_rows == made.alerts
    assert sources.num_rows == made.sources == 60
    assert sum(sources.column("alerts").to_pylist()) == made.alerts
    assert {name: of for name, (of, _, _) in made.classes.items()} == WISH.counts


def test_the_truth_says_when_a_source_was_detectable(tmp_path: Path) -> None:
    record_nights(WISH, tmp_path)
    for row in pq.read_table(tmp_path / TRUTH).to_pylist():
        assert row["detectable"] == (row["true_snr"] >= 5.0)
        if row["detectable"]:
            assert row["first_detectable_mjd"] <= row["mjd"] + 1e-9
        assert row["is_real"] == (row["class"] != "bogus_edge")
        assert (row["z"] is not None) == (row["class"] == "sn_ia")
        assert isinstance(json.loads(row["parameters"]), dict)
    ids = pq.read_table(tmp_path / TRUTH).column("alert_id").to_pylist()
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_the_same_seed_gives_the_same_bytes_whatever_is_done_at_once(
    survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, _, sent = night_of(survey)
    monkeypatch.setattr(measuring, "CHUNK", 5)
    again = simulate(campaign(survey), COUNTS)
    packets = packets_of(again)
    assert np.array_equal(again.alerts, done.alerts)
    rows_ = again.alerts[:90]
    assert [m for part in np.array_split(rows_, 7) for m in packets.packets(part)] == list(sent[:90])


def test_another_seed_gives_other_alerts() -> None:
    ids = []
    for seed in (4, 5):
        done = simulate(campaign("ztf", seed=seed), {"sn_ia": 40})
        ids.append(set(packets_of(done).alert_ids(done.alerts).tolist()))
    assert ids[0]
    assert ids[1]
    assert not ids[0] & ids[1]


def test_sources_of_a_class_do_not_depend_on_those_of_others() -> None:
    alone, among = (simulate(campaign("ztf"), counts) for counts in ({"tde": 20}, {"sn_ia": 30, "tde": 20}))
    assert np.array_equal(alone.scene.truth["z"], among.scene.truth["z"][30:])
    assert np.array_equal(alone.points.true, among.points.true[among.points.source >= 30])


def test_packets_without_stamps_are_otherwise_the_same() -> None:
    done, packets, sent = night_of("ztf")
    bare = packets_of(done, with_stamps=False).packets(done.alerts[:5])
    assert all(len(b) < 0.6 * len(s) for b, s in zip(bare, sent, strict=False))
    assert packets.alert_ids(done.alerts[:5]).tolist() == packets_of(done).alert_ids(done.alerts[:5]).tolist()


def test_every_class_has_alerts_by_default() -> None:
    done = simulate(Campaign(ZTF, FIRST_DAY, 2, 4), injection())
    names = done.scene.name[done.points.source[done.alerts]]
    counts = {name: int((names == name).sum()) for name in injection()}
    assert min(counts.values()) >= 15, counts


def test_counts_are_read_from_options_and_file(tmp_path: Path) -> None:
    (tmp_path / "rates.toml").write_text("sn_ia = 5\ntde = 2\n")
    assert read_counts(["sn_ia=7"], tmp_path / "rates.toml") == {"sn_ia": 7, "tde": 2}
    assert read_counts([], None) is None
    for given, file in ((["sn_ia"], ""), (["sn_ia=-3"], ""), ([], "sn_ia = 'x'"), ([], "sn_ia = true"), ([], "[")):
        (tmp_path / "bad.toml").write_text(file)
        with pytest.raises(InputError):
            read_counts(given, tmp_path / "bad.toml")
    with pytest.raises(InputError, match="there are sn_ia"):
        checked({"quasar": 3})
    with pytest.raises(InputError, match="1 to 999999"):
        checked({"sn_ia": 0})


def test_sources_can_be_put_where_a_catalogue_has_them(tmp_path: Path) -> None:
    file = tmp_path / "variables.csv"
    grid = [(ra, dec) for ra in np.arange(0.0, 360.0, 2.0).tolist() for dec in np.arange(-60.0, 80.0, 2.0).tolist()]
    file.write_text("RA,Dec\n" + "".join(f"{ra},{dec}\n" for ra, dec in grid))
    assert read_places([f"dwarf_nova={file}"]) == {"dwarf_nova": file}
    wish = replace(WISH, counts={"dwarf_nova": 25}, places={"dwarf_nova": file})
    scene = simulate(wish.campaign, {"dwarf_nova": 25}).scene
    found = list(zip(scene.ra.tolist(), scene.dec.tolist(), strict=True))
    assert set(found) <= set(grid)
    assert len(set(found)) == 25
    with pytest.raises(InputError, match="lie in the fields of these nights"):
        simulate(wish.campaign, {"dwarf_nova": 5000})
    file.write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match="no columns ra and dec"):
        _ = wish.campaign
    for wrong in ("dwarf_nova", "quasar=x.csv"):
        with pytest.raises(InputError, match="give CLASS=FILE"):
            read_places([wrong])


def test_an_unknown_survey_and_a_lost_night_are_one_line() -> None:
    with pytest.raises(InputError, match="there are ztf, lsst, lsst-observed"):
        _ = replace(WISH, survey="atlas").campaign
    lost = replace(campaign("ztf"), nights=0)
    with pytest.raises(InputError, match="lost to weather"):
        simulate(lost, {"sn_ia": 1})


def test_the_command_writes_and_tells_what_it_wrote(tmp_path: Path) -> None:
    done = call(
        "simulate", tmp_path / "out", "--survey", "lsst", "-n", "3", "--class", "sn_ia=20", "--packets", "nostamps"
    )
    assert (done.returncode, done.stderr) == (OK, "")
    assert "sn_ia" in done.stdout
    assert (tmp_path / "out" / TRUTH).is_file()
    wrong = call("simulate", tmp_path / "other", "--class", "sn_ai=20")
    assert wrong.returncode == USAGE
    assert "no class 'sn_ai'" in one_line(wrong)
    assert not (tmp_path / "other").exists()


def test_rows_of_columns_refuse_a_column_that_is_no_field() -> None:
    record = {"type": "record", "name": "r", "fields": [{"name": "a", "type": ["null", "int"]}]}
    assert (
        bytes(rows(record, {"a": np.ma.array([1, -70, 3], mask=[False, False, True])}, 3).data)
        == b"\x02\x02\x02\x8b\x01\x00"
    )
    with pytest.raises(KeyError, match="no fields of r"):
        rows(record, {"b": 1}, 3)
    with pytest.raises(KeyError, match="no record"):
        record_of("int")


def test_an_empty_table_has_the_columns_all_the_same() -> None:
    assert ALERTS.field("alert_id").type == pa.int64()
    record = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]}
    assert rows(record, {}, 0).ends.tolist() == [0]
