"""What the findings of a check of health mean together. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from kled.errors import KledError, NotReadyInTime
from kled.models.health_finding import HealthFinding
from kled.operations.fleet import all_clusters
from kled.operations.fleet.all_clusters import Answer
from kled.sentences import enumerated, number

Findings = tuple[HealthFinding, ...]
_SHOWN: Final = 5


def require_healthy(findings: Findings) -> None:
    """Raise where a cluster is not healthy, or something could not be looked at.

    Raises `KledError` (exit status 1) where something could not be looked at, else
    `NotReadyInTime` (3) where something has failed. Warnings alone raise nothing.
    """
    failed = [finding for finding in findings if finding.state == "failed"]
    unknown = [finding for finding in findings if finding.is_unknown]
    told = f"not healthy: {_named(failed)}" if failed else ""
    if unknown:
        hint = "the line of each says why, and what to type next"
        error = KledError(f"could not be looked at: {_named(unknown)}", hint=hint)
        if told:
            error.advise(told)
        raise error
    if failed:
        raise NotReadyInTime(told, hint="the line of each says what to type next")


def in_words(findings: Sequence[HealthFinding]) -> str:
    """Return how many findings are of which state: `12 ok, 1 warning`."""
    counts = dict.fromkeys(("unknown", "failed", "warning", "ok"), 0)
    for finding in findings:
        counts[finding.state] += 1
    told = [
        number(count, state) if state == "warning" else f"{count} {state}"
        for state, count in counts.items()
        if count
    ]
    return ", ".join(told) or "nothing to look at"


def _named(findings: Sequence[HealthFinding]) -> str:
    looks: dict[str, list[str]] = {}
    for finding in findings:
        looks.setdefault(finding.cluster, []).append(finding.look)
    return enumerated(
        [f"{name} ({', '.join(dict.fromkeys(each))})" for name, each in looks.items()], _SHOWN
    )


def answers_of(findings: Findings) -> tuple[Answer, ...]:
    """Return an answer for each cluster, and one for what they share, the worst first."""
    names = dict.fromkeys(finding.cluster for finding in findings)
    answers = (answer_of(name, findings) for name in names)
    return tuple(sorted(answers, key=all_clusters.worst_first))


def answer_of(cluster: str, findings: Iterable[HealthFinding]) -> Answer:
    """Return one cluster's findings as the answer of a fleet's table: the worst of them."""
    mine = [finding for finding in findings if finding.cluster == cluster]
    unknown = [finding for finding in mine if finding.is_unknown]
    bad = unknown or [finding for finding in mine if finding.state == "failed"]
    if not bad:
        return Answer(cluster, all_clusters.OK, in_words(mine))
    state = all_clusters.UNREADABLE if unknown else all_clusters.WAITING
    message = enumerated([said(finding) for finding in bad], _SHOWN)
    return Answer(cluster, state, message, bad[0].mend)


def said(finding: HealthFinding) -> str:
    """Return a finding in one line, without its cluster."""
    about = f"{finding.look} of {finding.about}" if finding.about else finding.look
    return f"{about}: {finding.message}"
