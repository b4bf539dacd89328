import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinn.cli.support.input_stream import InputStream


@given(
    items=st.lists(st.integers(1, 9), max_size=40),
    room=st.integers(1, 20),
    most=st.integers(1, 7),
)
def test_all_items_come_in_order(items: list[int], room: int, most: int) -> None:
    taken: list[int] = []
    with InputStream(items, size=lambda item: item, room=room) as stream:
        while some := stream.take(most):
            assert len(some) <= most
            taken += some
        assert stream.take(most) == []
    assert taken == items


def test_an_item_is_not_held_back_until_others_follow() -> None:
    requested = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(3):
            assert requested.acquire(timeout=60)
            yield number

    with InputStream(items(), size=lambda item: 1, room=100) as stream:
        for number in range(3):
            requested.release()
            assert stream.take(64) == [number]
        assert stream.take(64) == []


def test_the_room_limits_the_items_that_are_read() -> None:
    made: list[int] = []
    full = threading.Event()

    def size(item: int) -> int:
        if item == 4:  # the first item without room
            full.set()
        return 2

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    with InputStream(items(), size=size, room=8) as stream:
        assert full.wait(timeout=60)
        assert made == [0, 1, 2, 3, 4]
        assert stream.take(64) == [0, 1, 2, 3]
    assert len(made) <= 9  # leaving ended the thread


def test_an_item_larger_than_the_room_waits_alone() -> None:
    with InputStream([50, 60], size=lambda item: item, room=8) as stream:
        assert stream.take(64) == [50]
        assert stream.take(64) == [60]


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no second one")

    with InputStream(items(), size=lambda item: 1, room=8) as stream:
        assert stream.take(1) == [1]
        for _ in range(2):
            with pytest.raises(ValueError, match="no second one"):
                stream.take(1)
