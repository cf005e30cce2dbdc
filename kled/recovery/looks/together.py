"""Looks that are made at once, each with a time limit, none of which fails another."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TimedOut
from datetime import timedelta
from typing import Any, Final

from kled.errors import KledError
from kled.pool import Pool
from kled.recovery.known import Unknown
from kled.sentences import number

LIMIT: Final = timedelta(seconds=30)
"""How long one look is waited for: somebody waits for all of them at 3 a.m."""


def ask_together(
    questions: Mapping[str, Callable[[], Any]], limit: timedelta = LIMIT
) -> dict[str, Any]:
    """Return the answers by name; what raised, or did not end in time, is `Unknown`.

    All begin at once, so all of them together take no longer than `limit`. A look that hangs is
    left to its thread, which ends with the process.
    """
    pool = Pool(max(1, len(questions)), "kled-look")
    begun = time.monotonic()
    asked = {name: pool.submit(question) for name, question in questions.items()}
    pool.shutdown(wait=False)
    return {name: _answer(future, begun, limit) for name, future in asked.items()}


def _answer(future: "Future[Any]", begun: float, limit: timedelta) -> Any:  # noqa: ANN401
    left = begun + limit.total_seconds() - time.monotonic()
    try:
        return future.result(max(0.0, left))
    except TimedOut:
        seconds = number(round(limit.total_seconds()), "second")
        return Unknown(f"there was no answer within {seconds}", "type the command again")
    except KledError as error:
        return Unknown(error.message, error.hint or "")
