"""When kept messages are sent again."""

from __future__ import annotations

import math

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from linnet.core.envelope import Message, envelopes
from linnet.core.pacing import schedule


def _table(*rows: tuple[int, int | None]) -> pa.Table:
    """Messages of (partition, time in s), offsets in order."""
    messages = [
        Message(b"", "t", partition, n, timestamp_us=None if seconds is None else seconds * 1_000_000)
        for n, (partition, seconds) in enumerate(rows)
    ]
    return pa.Table.from_batches([envelopes(messages)])


def test_partitions_that_were_read_one_after_the_other_are_sent_together() -> None:
    order, seconds = schedule(_table((0, 100), (0, 102), (1, 101), (1, 103)), 2.0)
    assert order.tolist() == [0, 2, 1, 3]
    assert seconds.tolist() == [0.0, 0.5, 1.0, 1.5]


def test_as_fast_as_possible_is_in_the_same_order_at_once() -> None:
    order, seconds = schedule(_table((0, 100), (0, 102), (1, 101)), math.inf)
    assert (order.tolist(), seconds.tolist()) == ([0, 2, 1], [0.0, 0.0, 0.0])


def test_messages_without_a_time_go_with_the_one_before_them() -> None:
    order, seconds = schedule(_table((0, None), (0, 7), (0, None), (1, 5), (1, None)), 1.0)
    assert order.tolist() == [0, 3, 4, 1, 2]
    assert seconds.tolist() == [0.0, 0.0, 0.0, 2.0, 2.0]
    assert schedule(_table((0, None)), 1.0)[1].tolist() == [0.0]
    assert schedule(_table(), 1.0)[0].tolist() == []


@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(0, 50))), max_size=30))
def test_no_message_overtakes_another_of_its_partition(rows: list[tuple[int, int | None]]) -> None:
    order, seconds = schedule(_table(*rows), 1.0)
    assert sorted(order.tolist()) == list(range(len(rows)))
    assert (seconds[1:] >= seconds[:-1]).all()
    for partition in range(4):
        mine = [row for row in order.tolist() if rows[row][0] == partition]
        assert mine == sorted(mine)
