"""Threads that nobody waits for who is told to end (fault 100)."""

from __future__ import annotations

import platform
import subprocess
import sys
import threading
import time

import pytest

from kled.pool import Pool
from kled.snapshot.parallel import in_parallel


def test_calls_are_made_at_once_and_their_results_are_in_order() -> None:
    together = threading.Barrier(4)

    def call(number: int) -> int:
        together.wait(30)
        return number * number

    with Pool(4) as pool:
        assert list(pool.map(call, range(8))) == [n * n for n in range(8)]
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(call, 1)


def test_no_call_is_left_to_a_thread_that_has_one() -> None:
    """A thread that had taken a call, and not said so yet, passed for one that waits for some."""
    for _ in range(50):
        with Pool(8) as pool:
            for number in (3, 5, 8):
                together = threading.Barrier(number)
                calls = [pool.submit(together.wait, 10) for _ in range(number)]
                assert sorted(call.result() for call in calls) == list(range(number))


def test_more_calls_than_threads_are_all_made_and_leave_every_thread_to_the_next() -> None:
    together = threading.Barrier(3)
    with Pool(3) as pool:
        for _ in range(3):
            calls = [pool.submit(str, number) for number in range(50)]
            assert [call.result(30) for call in calls] == [str(number) for number in range(50)]
            assert sorted(pool.map(lambda _: together.wait(20), range(3))) == [0, 1, 2]


def test_no_more_threads_are_begun_than_are_needed_or_allowed() -> None:
    begun: set[str] = set()

    def call(_: int) -> None:
        begun.add(threading.current_thread().name)
        time.sleep(0.001)

    with Pool(3, "some") as pool:
        for number in range(30):
            pool.submit(call, number)
    assert begun <= {"some-0", "some-1", "some-2"}
    with Pool(30, "one") as pool:
        for number in range(5):
            pool.submit(call, number).result()
            time.sleep(0.02)  # it is idle again
    assert len([one for one in begun if one.startswith("one-")]) <= 2


def test_an_error_of_a_call_is_its_caller_s() -> None:
    with Pool(1) as pool:
        failed = pool.submit(lambda: 1 / 0)
        assert pool.submit(lambda: 1).result(30) == 1
    with pytest.raises(ZeroDivisionError):
        failed.result()


def test_an_error_drops_what_waits_and_waits_for_what_is_under_way() -> None:
    began, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        began.set()
        assert go_on.wait(30)
        done.set()

    with pytest.raises(ValueError, match="the body's"), Pool(1) as pool:
        pool.submit(call)
        dropped = pool.submit(call)
        assert began.wait(30)
        threading.Timer(0.05, go_on.set).start()
        raise ValueError("the body's")

    assert done.is_set()
    assert dropped.cancelled()


class Interrupted(BaseException):
    """As a signal raises it."""


def test_an_interruption_waits_for_nothing() -> None:  # fault 100
    hanging, began = threading.Event(), threading.Event()

    def call() -> None:
        began.set()
        hanging.wait(60)

    def tasks() -> object:
        for _ in range(10):
            yield 0, call
        assert began.wait(30)
        raise Interrupted

    start = time.monotonic()
    with pytest.raises(Interrupted):
        list(in_parallel(tasks(), threads=20))  # type: ignore[arg-type]

    assert time.monotonic() - start < 20
    assert all(one.daemon for one in threading.enumerate() if one.name.startswith("kled-store"))
    hanging.set()


HOLDING = """
import threading
from kled.pool import Pool

held = threading.Barrier(48)


def hold(number: int) -> int:
    pieces = [bytearray(3_000 + number) for _ in range(100)]  # 0.3 MB
    held.wait(60)
    return len(pieces)


with Pool(48) as pool:
    for _ in range(3):
        assert set(pool.map(hold, range(48))) == {100}
mapped = [line.split() for line in open("/proc/self/maps")]
starts = [int(words[0].split("-")[0], 16) for words in mapped if len(words) == 5]
print(sum(start % (64 << 20) == 0 for start in starts))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others have no such places")
def test_many_threads_take_memory_from_few_places() -> None:
    """Sixteen of them on two processors held a quarter more of a first snapshot of 200 clusters."""
    done = subprocess.run(
        [sys.executable, "-c", HOLDING], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) <= 3
