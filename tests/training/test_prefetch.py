"""Prefetched batches: the same items in order, and no thread at the end."""

import threading
from collections.abc import Iterator
from itertools import count

import pytest

from spinn.training.batches import Prefetch


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "prefetch"]


@pytest.mark.parametrize("number", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("depth", [1, 3])
def test_items_come_in_order_and_once(number: int, depth: int) -> None:
    with Prefetch(range(number), depth=depth) as items:
        assert list(items) == list(range(number))
        assert list(items) == []
    assert threads() == []


def test_the_depth_limits_the_items_that_are_made() -> None:
    made: list[int] = []
    third = threading.Event()

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 2:
                third.set()
            yield number

    with Prefetch(items(), depth=2) as prefetched:
        assert third.wait(10)
        assert next(iter(prefetched)) == 0
    assert len(made) <= 5  # one in use, two queued, one in the thread, one more at the exit


@pytest.mark.parametrize("taken", [0, 1, 7])
@pytest.mark.parametrize("depth", [1, 3])
def test_leaving_early_ends_the_thread(taken: int, depth: int) -> None:
    with pytest.raises(KeyboardInterrupt), Prefetch(count(), depth=depth) as items:  # noqa: PT012
        for _ in range(taken):
            next(items)
        raise KeyboardInterrupt
    assert threads() == []


def test_an_error_is_raised_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("sentence 3, transition 2 is REDUCE")

    with Prefetch(items()) as prefetched:
        assert next(prefetched) == 1
        for _ in range(2):
            with pytest.raises(ValueError, match="sentence 3, transition 2 is REDUCE"):
                next(prefetched)
    assert threads() == []
