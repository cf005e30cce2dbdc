"""What a check of health tells: a table of findings, events with them, and people of what changed.

Each cluster is announced as by a look at all clusters (`health_table`), with what was found out of
it; that a control marker of etcd is missing is an event of its own, in every run.
"""

from collections.abc import Callable
from typing import Any, Final

from prefect.artifacts import create_table_artifact

from kled.errors import KledError
from kled.models.health_finding import HealthFinding
from kled.operations.health.check_health import CheckHealth
from kled.operations.health.verdict import Findings, answers_of, in_words, said
from tasks.running import events, health_table
from tasks.running.results import Afterwards
from tasks.running.summary import artifact_key

MARKERS_MISSING: Final = "kled.state-store.markers-missing"


def publish_afterwards(judge: Callable[..., Findings]) -> Afterwards:
    """Return what publishes the findings when the task that judges them has ended."""
    return lambda results, error: publish_findings(results.of(judge), error)


def publish_findings(findings: Findings | None, error: KledError | None) -> None:
    """Announce what was found out, then store the tables of the run, which may have failed."""
    for event in alarms(findings or ()):
        events.emit(*event)
    health_table.publish_health(
        answers_of(findings or ()),
        error,
        health_table.About(CheckHealth.name, details_of(findings or ())),
    )
    if findings:
        rows, description = health_table.make_plain(rows_of(findings), in_words(findings))
        create_table_artifact(rows, key=artifact_key("health findings"), description=description)


def alarms(findings: Findings) -> list[tuple[str, str, str]]:
    """Return an event for each etcd cluster that a restart could lose: name, cluster, words."""
    return [
        (MARKERS_MISSING, finding.cluster, f"{said(finding)}; {finding.mend}")
        for finding in findings
        if finding.danger
    ]


def details_of(findings: Findings) -> dict[str, list[dict[str, Any]]]:
    """Return what is not well with each cluster, as plain data for its event."""
    details: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        if finding.state != "ok":
            details.setdefault(finding.cluster, []).append(finding.as_json())
    return details


def rows_of(findings: Findings) -> health_table.HealthRows:
    """Return the rows of the table: one for each finding, the worst first."""
    return [_row(finding) for finding in findings]


def _row(finding: HealthFinding) -> dict[str, str]:
    rpo = finding.rpo
    return {
        "state": finding.state,
        "cluster": finding.cluster,
        "look": finding.look,
        "about": finding.about,
        "what": finding.message,
        "what to do": finding.mend,
        "recovery point": "" if rpo is None else f"{round(rpo.total_seconds())} seconds ago",
    }
