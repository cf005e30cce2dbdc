"""The report of a run as data: the same document wherever the run was.

Prefect keeps no results of kled's flows, so a run on a worker leaves its report as an artifact,
from which `kled run --deployment` reads it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from prefect.artifacts import Artifact

from kled.commands import advised
from kled.errors import KledError
from kled.models.agreement import Agreement
from kled.operations.runner import Report
from tasks.running import resources

KIND: Final = "kled-report"
"""The artifact's type; Prefect's pages show it as JSON."""


def document(
    report: Report,
    agreement: Agreement | None = None,
    *,
    then: Sequence[str] = (),
    error: KledError | None = None,
    plan: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what a run did as plain data; `plan` is what a run that changed nothing has shown.

    Commands in its sentences name the stores of the run: whoever reads it sits at a shell that
    nobody here knows.
    """
    told = error and {
        "class": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }
    done = {
        **report.as_json(),
        "approval": agreement.as_json() if agreement else None,
        "next": list(then),
        "plan": plan,
        "error": told,
    }
    whole: dict[str, Any] = advised(done, resources.stores_named())
    return whole


def publish(report: Mapping[str, Any]) -> None:
    """Leave the document with the run, without the secrets that the settings name."""
    redactor = resources.redactor(resources.settings())
    Artifact(type=KIND, data=redactor.data(report)).create()


def read(data: object) -> dict[str, Any] | None:
    """Return the document that Prefect keeps as a JSON text; None where it is none."""
    try:
        report = json.loads(data) if isinstance(data, str) else data
    except ValueError:
        return None
    return report if isinstance(report, dict) else None
