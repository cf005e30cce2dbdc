"""The previews of `update`, `delete`, `upgrade` and `rolling-update` to plans.

Formats: captures 02b and 31 (update), 07 (delete), 25d (upgrade), 32 and cp-16 (rolling-update).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from kled.kops.parse import unreadable
from kled.models.plan import Action, Change, Plan
from kled.models.rolling import RollingPlan, RollingRow

NOTHING_TO_DO: Final = "No changes need to be applied"
_ACTIONS: Final[Mapping[str, Action]] = {
    "Will create resources:": "create",
    "Will modify resources:": "modify",
    "Will delete items:": "delete",
}
_TASK: Final = re.compile(r"  ([A-Za-z]+)/(\S.*)")
_ITEM: Final = re.compile(r"  (\S+)\s+(\S.*)")
_FIELD: Final = re.compile(r"  \t(\S*) *(?:\t(.*))?")
_TAB: Final = 8


def update_plan(cluster: str, text: str) -> Plan:
    """Read `update cluster`, or the preview at the end of `create cluster`."""
    changes = tuple(_changes(text))
    if not changes and NOTHING_TO_DO not in text:
        raise unreadable("update preview", text)
    return Plan(cluster, changes)


def delete_plan(cluster: str, text: str) -> Plan:
    """Read the table of `delete cluster`; the definition itself is the last change.

    An unregistration, and a cluster that has no cloud resources, print no table (38e).
    """
    if "Must specify --yes to" not in text:
        raise unreadable("delete preview", text)
    rows = table(text, "TYPE", "NAME", "ID")
    changes = [Change("delete", row["TYPE"], row["NAME"], {"id": row["ID"]}) for row in rows]
    return Plan(cluster, (*changes, Change("delete", "definition", cluster)))


def upgrade_plan(cluster: str, text: str) -> Plan:
    """Read the table of `upgrade cluster`; nothing to upgrade prints nothing on stdout (25c)."""
    rows = table(text, "ITEM", "PROPERTY", "OLD", "NEW")
    if not rows and text.strip():
        raise unreadable("upgrade preview", text)
    return Plan(
        cluster,
        tuple(
            Change(
                "modify",
                row["ITEM"].split("/")[0],
                row["ITEM"].partition("/")[2] or cluster,
                {row["PROPERTY"]: f"{row['OLD']} -> {row['NEW']}"},
            )
            for row in rows
        ),
    )


def rolling_plan(cluster: str, text: str) -> RollingPlan:
    """Read the table of `rolling-update cluster`, with or without `--cloudonly`."""
    columns = ("NAME", "STATUS", "NEEDUPDATE", "READY", "MIN", "TARGET", "MAX")
    rows = table(text, *columns)
    try:
        return RollingPlan(cluster, tuple(_rolling_row(row) for row in rows))
    except ValueError as error:
        raise unreadable("rolling-update preview", text) from error


def table(text: str, *columns: str) -> list[dict[str, str]]:
    """Read the first table whose header starts with `columns`; empty where there is none.

    Kops aligns columns with tabs at every eighth place; cells may be empty. The table ends at an
    empty line.
    """
    rows: list[dict[str, str]] = []
    starts: list[tuple[str, int]] = []
    for line in text.split("\n"):
        if starts and not line.strip():
            break
        wide = line.expandtabs(_TAB)
        if starts:
            rows.append(_cells(wide, starts))
        elif tuple(line.split()[: len(columns)]) == columns:
            starts = [(match[0], match.start()) for match in re.finditer(r"\S+", wide)]
    return rows


def _cells(line: str, starts: list[tuple[str, int]]) -> dict[str, str]:
    ends = [*(start for _, start in starts[1:]), len(line)]
    return {
        name: line[start : max(start, end)].strip()
        for (name, start), end in zip(starts, ends, strict=True)
    }


def _rolling_row(row: Mapping[str, str]) -> RollingRow:
    return RollingRow(
        instance_group=row["NAME"],
        status=row["STATUS"],
        need_update=int(row["NEEDUPDATE"]),
        ready=int(row["READY"]),
        min_size=int(row["MIN"]),
        target_size=int(row["TARGET"]),
        max_size=int(row["MAX"]),
        nodes=int(row["NODES"]) if "NODES" in row else None,
    )


def _changes(text: str) -> Iterator[Change]:
    """Yield the tasks and items below each `Will …:` headline."""
    action: Action | None = None
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line in _ACTIONS:
            action = _ACTIONS[line]
        elif action == "delete" and (item := _ITEM.fullmatch(line)):
            yield Change(action, item[1], item[2])
        elif action in {"create", "modify"} and (task := _TASK.fullmatch(line)):
            yield Change(action, task[1], task[2], _fields(lines[number + 1 :]))
        elif line and not line.startswith(" "):
            action = None


def _fields(lines: list[str]) -> dict[str, str]:
    """Read the fields of one task; a text difference keeps its lines."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            break
        name = match[1] or name
        fields.setdefault(name, [])
        if match[2] is not None:
            fields[name].append(match[2])
    return {name: "\n".join(values).strip() for name, values in fields.items()}
