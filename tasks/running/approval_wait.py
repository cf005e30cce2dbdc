"""Asks a person and waits for the answer, with the run's process alive."""

import json
import logging
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from prefect.client.orchestration import get_client
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput, create_flow_run_input
from prefect.runtime import flow_run

from kled.models.question import input_key

logger = logging.getLogger("kled.approvals")

A = TypeVar("A", bound=RunInput)
_POLL: Final = 2
_MARGIN: Final = 120
"""Seconds that Prefect waits longer than kled: a run that its server has failed keeps the server's
words, so kled ends the waiting first, while the run may still say its own."""


def ask(
    form: type[A], document: Mapping[str, object], *, nobody: Mapping[str, Any], patience: float
) -> A | None:
    """Pause the run until somebody answers `form`; None after `patience` seconds without one.

    `document` is the question as data, for `kled approve`. `nobody` is an answer that no person
    gives; it stands in Prefect where nobody answered. Raises `FlowPauseTimeout` where the server
    did not take it in time, `pydantic.ValidationError` for an answer that is none to `form`. Each
    question has a key of its own: Prefect keeps the answers of earlier attempts of a run that is
    tried again.
    """
    key = uuid4().hex
    create_flow_run_input(input_key(key), json.loads(json.dumps(document)))
    with _answered_for(nobody, patience):
        answer = pause_flow_run(
            form, timeout=math.ceil(patience) + _MARGIN, poll_interval=_POLL, key=key
        )
    given = answer.model_dump(include=set(nobody))
    return None if given == nobody else answer


@contextmanager
def _answered_for(nobody: Mapping[str, Any], patience: float) -> Iterator[None]:
    """Answer with `nobody` after `patience` seconds, unless the block ends before."""
    answered = threading.Event()
    run = UUID(str(flow_run.id))
    context = copy_context()  # Prefect's settings are in it
    waiting = threading.Thread(
        target=context.run, args=(_give_up, run, nobody, patience, answered), daemon=True
    )
    waiting.start()
    try:
        yield
    finally:
        answered.set()


def _give_up(
    run: UUID, nobody: Mapping[str, Any], patience: float, answered: threading.Event
) -> None:
    wait = patience
    while not answered.wait(wait):
        try:
            with get_client(sync_client=True) as client:
                client.resume_flow_run(run, run_input=dict(nobody))
        except Exception as error:  # noqa: BLE001 - asked again until the margin ends
            logger.warning("the run cannot be ended yet: %s", type(error).__name__)
        wait = _POLL
