"""The summary of a run as an artifact of the flow run: steps, durations, what to type next."""

import re
from collections.abc import Callable, Sequence

from prefect.artifacts import create_markdown_artifact

from kled.errors import KledError
from kled.models.agreement import Agreement
from kled.operations.runner import Report, Row
from kled.visible import visible
from tasks.running import marks, resources
from tasks.running.markdown import inline

_DEFAULT = "default"
"""The environment of what is deployed without naming one."""


def publish(
    report: Report,
    agreement: Agreement | None = None,
    *,
    then: Sequence[str] = (),
    error: KledError | None = None,
) -> None:
    """Store the summary; each run adds a version under the key of the operation and cluster."""
    text = markdown(report, agreement, then=then, error=error, complete=resources.complete)
    create_markdown_artifact(
        key=key(report),
        markdown=resources.redactor(resources.settings()).text(text),
        description=inline(f"{report.operation}: {report.cluster}"),
    )


def key(report: Report) -> str:
    """Return the artifact's key."""
    return artifact_key(f"{report.operation} {report.cluster}")


def artifact_key(text: str) -> str:
    """Return a key of this run's environment: two of them may have clusters of one name.

    Runs of the environment `default`, and of no deployment, have the words alone.
    """
    here = marks.environment()
    return slug(text if here == _DEFAULT else f"{text} {here}")


def slug(text: str) -> str:
    """Return `text` as Prefect takes them in keys: lower case letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def markdown(
    report: Report,
    agreement: Agreement | None = None,
    *,
    then: Sequence[str] = (),
    error: KledError | None = None,
    complete: Callable[[str], str] = str,
) -> str:
    """Return the summary: a line per step, who agreed, the error, ways back, next commands.

    `complete` gives the commands in sentences what whoever types them needs.
    """

    def said(text: str) -> str:
        return inline(complete(text))

    lines = [
        f"# {inline(report.operation)}: {inline(report.cluster)}",
        "",
        "| step | outcome | duration | attempts | what happened |",
        "| --- | --- | ---: | ---: | --- |",
        *(_line(row, said) for row in report.rows),
    ]
    lines += ["", f"Approval: {inline(agreement.words)}"] if agreement else []
    lines += ["", inline(f"Run by {marks.versions()}")]
    if error is not None:
        lines += ["", f"**{type(error).__name__}**: {inline(error.message)}"]
        lines += ["", f"Hint: {said(error.hint)}"] if error.hint else []
    ways = [f"- {inline(row.step)}: {said(row.way_back)}" for row in report.rows if row.way_back]
    lines += ["", "Way back:", "", *ways] if ways else []
    if then:
        lines += [
            "",
            "Next:",
            "",
            "```sh",
            *(visible(complete(command)) for command in then),
            "```",
        ]
    return "\n".join(lines) + "\n"


def _line(row: Row, said: Callable[[str], str]) -> str:
    cells = (row.step, row.outcome, duration(row.seconds), str(row.attempts), row.words)
    return "| " + " | ".join(said(cell) for cell in cells) + " |"


def duration(seconds: float) -> str:
    """Return `seconds` as a person writes them: 4.2 s, 3 min 20 s, 1 h 05 min."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
