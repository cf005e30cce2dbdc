import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import StoreUnavailable
from kled.snapshot.parallel import in_parallel


class Meter:
    """Knows how much is under way, and how much ever was."""

    def __init__(self) -> None:
        self.calls = self.size = self.most_calls = self.most_size = self.begun = 0
        self._lock = threading.Lock()

    def task(self, size: int) -> tuple[int, Callable[[], int]]:
        def call() -> int:
            with self._lock:
                self.begun += 1
                self.calls += 1
                self.size += size
                self.most_calls = max(self.most_calls, self.calls)
                if self.calls > 1:
                    self.most_size = max(self.most_size, self.size)
            with self._lock:
                self.calls -= 1
                self.size -= size
            return size

        return size, call


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 5), st.integers(1, 40))
def test_all_calls_are_made_and_never_too_many_or_too_large_at_once(
    sizes: list[int], threads: int, in_flight: int
) -> None:
    meter = Meter()

    found = list(in_parallel(map(meter.task, sizes), threads=threads, in_flight=in_flight))

    assert sorted(found) == sorted(sizes)
    assert meter.most_calls <= threads
    assert meter.most_size <= in_flight


def test_the_first_error_ends_it_and_nothing_runs_on_afterwards() -> None:
    meter = Meter()

    def fail() -> int:
        raise StoreUnavailable("gone")

    def tasks() -> Iterator[tuple[int, Callable[[], int]]]:
        yield 0, fail
        for _ in range(1000):
            yield meter.task(1)

    with pytest.raises(StoreUnavailable):
        list(in_parallel(tasks(), threads=2))

    assert meter.begun < 1000
    assert meter.calls == 0


def test_an_error_while_tasks_are_made_is_raised_when_calls_under_way_are_over() -> None:
    meter = Meter()

    def tasks() -> Iterator[tuple[int, Callable[[], int]]]:
        yield meter.task(1)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(in_parallel(tasks()))

    assert meter.calls == 0
