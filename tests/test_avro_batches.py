"""Batches of messages: headers that differ, blocks of all codecs, columns that grow, messages that are taken back."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pytest

from linnet.core import avro_frames, avro_reading
from linnet.core.avro_arrow import Arena
from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.decoding import Decoded, Wanted
from linnet.core.envelope import ENVELOPE, Message, envelopes
from tiny_survey import TinySurvey

WANTED = Wanted({"id": pa.int64(), "name": pa.string()}, {"prv": {"x": pa.float64(), "s": pa.string()}})


def _schema(name: str = "alert", *more: dict[str, Any]) -> dict[str, Any]:
    item = {"type": "record", "name": "p", "fields": [{"name": "x", "type": "double"}, {"name": "s", "type": "string"}]}
    fields = [
        {"name": "id", "type": "long"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "prv", "type": {"type": "array", "items": item}},
        *more,
    ]
    return {"type": "record", "name": name, "fields": fields}


def _alert(number: int, items: int = 2) -> dict[str, Any]:
    prv = [{"x": float(n), "s": "long enough" if n % 2 else "g"} for n in range(items)]
    return {"id": number, "name": None if number % 3 else f"name {number}", "prv": prv}


def _container(schema: Any, alerts: list[dict[str, Any]], codec: str = "null", block: int = 16000) -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, schema, alerts, codec, sync_interval=block)
    return out.getvalue()


def _decode(messages: list[bytes], wanted: Wanted = WANTED, cache: SchemaCache | None = None) -> Decoded:
    batch = envelopes([Message(data, "t") for data in messages])
    return decode(batch, cache or SchemaCache([TinySurvey("tiny", "id")]), {"tiny": wanted})


def _check(decoded: Decoded, alerts: list[dict[str, Any]]) -> None:
    fields = decoded.alerts["tiny"].fields
    fields.validate(full=True)
    assert fields.column("id").to_pylist() == [alert["id"] for alert in alerts]
    assert fields.column("name").to_pylist() == [alert["name"] for alert in alerts]
    assert fields.column("prv.x").to_pylist() == [[item["x"] for item in alert["prv"]] for alert in alerts]
    assert fields.column("prv.s").to_pylist() == [[item["s"] for item in alert["prv"]] for alert in alerts]


def test_more_headers_than_are_kept_codecs_and_blocks_of_all_kinds_decode_in_order() -> None:
    alerts = [_alert(n) for n in range(3 * avro_frames.MOST)]
    messages = [
        _container(
            _schema(f"alert{n // 3 % 50}"),
            alerts[n : n + 3],
            ("null", "deflate", "snappy")[n // 3 % 3],
            (1, 16000)[n % 2],
        )
        for n in range(0, len(alerts), 3)
    ]
    for _ in range(2):  # the second time with headers that are known
        decoded = _decode(messages)
        assert decoded.rejects.num_rows == 0
        _check(decoded, alerts)
        found = decoded.alerts["tiny"]
        assert found.envelope.to_pylist() == [n // 3 for n in range(len(alerts))]
        assert found.index.to_pylist() == [0, 1, 2] * len(messages)
        assert len(set(found.fingerprint.to_pylist())) == len(messages)


def test_one_alert_with_a_history_far_longer_than_ever_makes_the_columns_grow() -> None:
    alerts = [_alert(n, 50_000 if n == 7 else n % 5) for n in range(40)]
    _check(_decode([_container(_schema(), [alert]) for alert in alerts]), alerts)


def test_more_alerts_in_a_message_than_columns_are_made_for_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avro_reading, "_FIRST_ROWS", 64)
    alerts = [_alert(n, n % 4) for n in range(1000)]
    _check(_decode([_container(_schema(), alerts[:700]), _container(_schema(), alerts[700:])]), alerts)


def test_a_message_that_is_refused_leaves_no_trace_in_the_rows_behind_it() -> None:
    good = _container(_schema(), [_alert(1, 0)])
    full = [{"id": -1, "name": "x" * 50, "prv": [{"x": 9.0, "s": "nine nine"}] * 9}] * 5
    bad = bytearray(_container(_schema(), full))
    bad[bad.rindex(b"nine nine") + 2] = 0xFF
    refused = bytes(bad)
    decoded = _decode([good, refused, good, refused, refused, good])
    assert decoded.rejects.column("envelope").to_pylist() == [1, 3, 4]
    assert set(decoded.rejects.column("reason").to_pylist()) == {"BAD_DATUM"}
    assert "not UTF-8" in decoded.rejects.column("detail")[0].as_py()
    _check(decoded, [_alert(1, 0)] * 3)
    assert decoded.alerts["tiny"].fields.column("name").null_count == 3


def test_a_damaged_second_block_refuses_the_whole_container_and_nothing_else() -> None:
    alerts = [_alert(n) for n in range(20)]
    whole = _container(_schema(), alerts, block=1)
    decoded = _decode([whole[:-1] + bytes([whole[-1] ^ 1]), whole, whole[:-40]])
    assert decoded.rejects.column("envelope").to_pylist() == [0, 2]
    assert decoded.rejects.column("reason").to_pylist() == ["BAD_CONTAINER"] * 2
    _check(decoded, alerts)


def test_columns_that_would_grow_beyond_the_limit_cost_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avro_reading, "MAX_ARENA", 1_000_000)
    alerts = [_alert(0), _alert(1, 200_000), _alert(2)]
    decoded = _decode([_container(_schema(), [alert]) for alert in alerts])
    assert decoded.rejects.to_pylist() == [
        {"envelope": 1, "reason": "TOO_LARGE", "detail": decoded.rejects.column("detail")[0].as_py()}
    ]
    assert "holds more than is taken at once" in decoded.rejects.column("detail")[0].as_py()
    _check(decoded, [alerts[0], alerts[2]])


def test_datums_beyond_the_limit_of_a_batch_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avro_reading, "MAX_DATUMS", 2000)
    alerts = [_alert(0), _alert(1, 1000), _alert(2)]
    decoded = _decode([_container(_schema(), [alert]) for alert in alerts])
    assert decoded.rejects.column("reason").to_pylist() == ["TOO_LARGE"]
    _check(decoded, [alerts[0], alerts[2]])


def test_null_and_empty_messages_and_slices_of_batches_keep_their_numbers() -> None:
    values = [None, _container(_schema(), [_alert(1)]), b"", b"\x00", _container(_schema(), [_alert(2)]), b"Obj\x01"]
    rows = [{**dict.fromkeys(ENVELOPE.names), "value": v, "topic": "t", "partition": 0, "offset": 0} for v in values]
    batch = pa.RecordBatch.from_pylist(rows, ENVELOPE)
    cache = SchemaCache([TinySurvey("tiny", "id")])
    whole = decode(batch, cache, {"tiny": WANTED})
    assert whole.alerts["tiny"].envelope.to_pylist() == [1, 4]
    assert whole.rejects.column("envelope").to_pylist() == [0, 2, 3, 5]
    part = decode(batch.slice(3, 2), cache, {"tiny": WANTED})
    assert part.alerts["tiny"].envelope.to_pylist() == [1]
    assert part.rejects.column("envelope").to_pylist() == [0]
    _check(part, [_alert(2)])


def test_one_giant_alert_does_not_make_the_next_batches_large() -> None:
    ours = avro_reading.reader()
    _check(_decode([_container(_schema(), [_alert(1, 200_000)])]), [_alert(1, 200_000)])
    layout = ours.layout(WANTED)
    assert layout.per_row[1] > 100_000
    small = Arena.of(layout, 1000, 100_000)
    assert small.size < 10_000_000
    for _ in range(60):
        _decode([_container(_schema(), [_alert(1)])])
    assert layout.per_row[1] < 10


def test_equal_wishes_share_a_layout_and_many_different_ones_are_forgotten() -> None:
    ours = avro_reading.Reader()
    first = ours.layout(WANTED)
    for _ in range(40):
        same = Wanted(dict(WANTED.scalars), {name: dict(items) for name, items in WANTED.lists.items()})
        assert ours.layout(same) is first
    others = [ours.layout(Wanted({f"a{n}": pa.int64()})) for n in range(15)]
    assert ours.layout(WANTED) is first
    assert ours.layout(Wanted({"a0": pa.int64()})) is others[0]
    first.targets.symbols.extend(bytes(5_000_000))
    assert ours.layout(WANTED) is not first
    assert len(ours.layout(WANTED).targets.symbols) == 0


def test_two_schemas_by_turns_keep_rows_and_undeclared_fields_in_order() -> None:
    more = _schema("other", {"name": "score", "type": "double"}, {"name": "label", "type": ["null", "string"]})
    alerts = [_alert(n) for n in range(10)]
    messages = [
        _container(more, [{**alert, "score": n / 4, "label": None}]) if n % 2 else _container(_schema(), [alert])
        for n, alert in enumerate(alerts)
    ]
    decoded = _decode(messages)
    _check(decoded, alerts)
    extra = [text and json.loads(text) for text in decoded.alerts["tiny"].fields.column("extra").to_pylist()]
    assert extra == [{"score": n / 4} if n % 2 else None for n in range(10)]


def test_threads_decode_at_the_same_time() -> None:
    alerts = [_alert(n, 30) for n in range(200)]
    messages = [_container(_schema(), [alert]) for alert in alerts]
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                _check(_decode(messages), alerts)
        except BaseException as error:  # noqa: BLE001  # what a thread raises is shown by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_datums_are_views_of_their_messages_until_an_array_is_asked_for() -> None:
    messages = [_container(_schema(), [_alert(n), _alert(n + 1)]) for n in range(3)]
    alerts = _decode(messages).alerts["tiny"]
    views = alerts.datums.views()
    assert [bytes(view) for view in views] == alerts.datum.to_pylist()
    assert all(bytes(view) in messages[n // 2] for n, view in enumerate(views))
    assert alerts.datum is alerts.datum
    some = alerts.datums.take(np.array([4, 0]))
    assert len(some) == 2
    assert some.array().to_pylist() == [bytes(views[4]), bytes(views[0])]
    assert alerts.datums.take(np.array([], np.int64)).array().to_pylist() == []
