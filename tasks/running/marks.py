"""What a run is about, on the run itself: tags to find it by, and the versions that it ran with.

A run of the UI or a schedule begins with the tags of its deployment alone, so kled adds its own as
soon as it knows them: `cluster:NAME`, `cloud:aws`, `environment:NAME`, `kled:VERSION` and
`kops:VERSION`. What others have put there stays.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from prefect import get_client
from prefect.runtime import deployment, flow_run

from kled import __version__
from kled.errors import KledError
from kled.kops.state_store.layout import is_cluster_name
from kled.models.question import STARTED_BY
from kled.operations.cluster.cloud_of import cloud_of
from kled.operations.session import Session
from kled.operations.step import UseCase
from kled.visible import visible

logger = logging.getLogger("kled.flows")

_SCHEDULED: Final = "auto-scheduled"
"""Prefect's own tag."""
_kops: Final[dict[str, str]] = {}
"""The kops that each run of this process has driven; kept, since summaries are made afterwards,
also of blocks that never opened. A run writes its own entry once, and reads no other's."""


def mark_run(use_case: UseCase, session: Session) -> None:
    """Mark the run; raises nothing: a run is no worse without marks."""
    if flow_run.id is None:
        return
    run = str(flow_run.id)
    try:
        if session.drives_kops and run not in _kops:
            _kops[run] = str(session.kops_version)
        _send(UUID(run), tuple(_tags(use_case, session)))
    except Exception as problem:  # noqa: BLE001 - whatever kops, the store or the server does
        logger.warning("the run could not be marked: %s", type(problem).__name__)


def versions() -> str:
    """Return which kled this run has, and which kops it drives, as far as that is known."""
    kops = _kops.get(str(flow_run.id))
    return f"kled {__version__}" + (f" with kops {kops}" if kops else "")


def starter(here: str) -> str:
    """Return who started this run: whoever sits `here`, else as its tags say; empty: unknown."""
    return starter_of([str(tag) for tag in flow_run.tags or ()], here)


def starter_of(tags: Sequence[str], here: str) -> str:
    """Return who started a run with these tags, as `starter` does. Pure."""
    if here:
        return here
    claimed = next((tag for tag in tags if tag.startswith(STARTED_BY)), "")
    if claimed:
        return f"{visible(claimed.removeprefix(STARTED_BY))} (claimed)"
    return "a schedule" if _SCHEDULED in tags else ""


def environment() -> str:
    """Return the environment that the run's deployment is of; empty for a run of none."""
    return str(deployment.name or "") if deployment.id is not None else ""


def _tags(use_case: UseCase, session: Session) -> Iterator[str]:
    if is_cluster_name(use_case.cluster):
        yield f"cluster:{visible(use_case.cluster)}"
        if session.settings.state_store and (cloud := _cloud(use_case, session)):
            yield f"cloud:{cloud}"
    if here := environment():
        yield f"environment:{visible(here)}"
    yield f"kled:{__version__}"
    if kops := _kops.get(str(flow_run.id)):
        yield f"kops:{kops}"


def _cloud(use_case: UseCase, session: Session) -> str:
    try:
        return cloud_of(use_case, session)
    except KledError:  # said by the step that needs the store
        return ""


def _send(run: UUID, tags: tuple[str, ...]) -> None:
    with get_client(sync_client=True) as client:
        present = client.read_flow_run(run).tags
        if new := [tag for tag in tags if tag not in present]:
            client.update_flow_run(run, flow_version=__version__, tags=[*present, *new])
