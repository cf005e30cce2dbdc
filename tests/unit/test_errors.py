import inspect
import re

import pytest

from kled import errors
from kled.errors import InvalidInput, KledError, KopsError

ALL = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, KledError)
]


@pytest.mark.parametrize("error", ALL)
def test_every_error_is_drawn_in_the_tree(error: type[KledError]) -> None:
    assert re.search(rf"\b{error.__name__}\b", errors.__doc__ or "")


@pytest.mark.parametrize("error", ALL)
def test_every_exit_code_has_a_meaning(error: type[KledError]) -> None:
    assert error.exit_code in {1, 2, 3, 4, 5, 6}


def test_what_is_retried_is_what_may_pass_by_itself() -> None:
    assert {error.__name__ for error in ALL if error.retryable} == {
        "ApiUnreachable",
        "BeingCollected",
        "CloudUnavailable",
        "ClusterNotReady",
        "DownloadFailed",
        "StillThere",
        "StoreUnavailable",
        "Throttled",
    }


def test_an_error_carries_its_words_apart_from_its_advice() -> None:
    error = KopsError(
        "it broke", hint="mend it", command="update cluster", stderr="Error: it broke"
    )

    assert (error.message, error.hint, error.command) == ("it broke", "mend it", "update cluster")


def test_bad_input_names_its_field() -> None:
    error = InvalidInput("--zones", "is empty", hint="name one")

    assert (str(error), error.field) == ("--zones: is empty", "--zones")
