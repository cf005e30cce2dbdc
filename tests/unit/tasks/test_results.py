"""What tasks found out is told when their block has ended, also where one of them failed."""

import pytest

from kled.errors import KledError, StoreUnavailable
from kled.operations.step import Step
from tasks.running.results import Results, afterwards, published


def count(things: int) -> int:
    return things


def weigh(things: int) -> int:
    return things


def counted(things: int) -> Step[int]:
    return Step("count", lambda _: "counted", result=lambda: things)


def test_each_task_has_its_result_and_one_that_was_not_called_has_none() -> None:
    results = Results()
    results.note(count, counted(3))

    assert (results.of(count), results.of(weigh)) == (3, None)
    results.note(count, counted(4))
    assert results.of(count) == 4


def test_what_was_found_out_is_published_whether_the_block_failed_or_not() -> None:
    told: list[int | None] = []
    publish = afterwards(count, told.append)

    with published(publish) as results:
        results.note(count, counted(1))
    with pytest.raises(StoreUnavailable), published(publish) as results:
        results.note(count, counted(2))
        raise StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable), published(publish):
        raise StoreUnavailable("it never began")

    assert told == [1, 2, None]


def test_nothing_is_published_of_a_block_that_somebody_stopped() -> None:
    told: list[KledError | None] = []

    with pytest.raises(KeyboardInterrupt), published(lambda _, error: told.append(error)):
        raise KeyboardInterrupt

    assert told == []
