"""What documents call the parameters of a flow is what the flow calls them, all of them.

Fault 16 and its kind: `docs/snapshots.md` listed names of an earlier kled. Commands such as
`kled run FLOW key=value` are looked at by `test_commands_exist`.
"""

import json
import re
from collections.abc import Iterator

import pytest
import yaml

from deployments import catalog
from deployments.outline import parameters
from tests.docs import reading

TAKES = {
    entry.flow: {one.name for one in parameters(entry)} for entry in catalog.load(catalog.path())
}
_BLOCK = re.compile(r"^```(?:json|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")


def rows(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the flows of each table that lists their parameters, with those that it lists.

    What stands in parentheses is about a parameter.
    """
    flow_at = takes_at = None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else []
        if not cells:
            flow_at = takes_at = None
        elif {"flow", "parameters"} <= set(cells):
            flow_at, takes_at = cells.index("flow"), cells.index("parameters")
        elif flow_at is not None and takes_at is not None and not set(cells[0]) <= set("- "):
            takes = re.sub(r"\([^)]*\)", "", cells[takes_at])
            yield _CODE.findall(cells[flow_at])[0], set(_CODE.findall(takes))


def given(value: object) -> Iterator[tuple[str, set[str]]]:
    """Yield what a document in YAML or JSON gives to a flow that it names by its deployment."""
    if isinstance(value, dict):
        named = str(value.get("flow") or value.get("deployment") or "").partition("/")[0]
        if named in TAKES and isinstance(value.get("parameters"), dict):
            yield named, set(value["parameters"])
        for inner in value.values():
            yield from given(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from given(inner)


def in_blocks(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield what the YAML and JSON blocks of a document give to flows."""
    for block in _BLOCK.findall(text):
        yield from given(yaml.safe_load(block))


@pytest.mark.parametrize("document", reading.documents())
def test_tables_list_the_parameters_of_flows(document: str) -> None:
    listed = dict(rows(reading.read(document)))

    assert listed == {flow: TAKES.get(flow) for flow in listed}


@pytest.mark.parametrize("document", reading.documents())
def test_blocks_give_flows_what_they_take(document: str) -> None:
    wrong = [(flow, names - TAKES[flow]) for flow, names in in_blocks(reading.read(document))]

    assert not [one for one in wrong if one[1]]


def test_tables_and_blocks_are_read() -> None:
    text = "| flow | parameters |\n| --- | --- |\n| `prune-snapshots` | `keep` (`daily`), `to` |\n"
    block = json.dumps([{"deployment": "prune-snapshots/default", "parameters": {"keep": {}}}])

    assert dict(rows(text)) == {"prune-snapshots": {"keep", "to"}}
    assert dict(in_blocks(f"```json\n{block}\n```\n")) == {"prune-snapshots": {"keep"}}
    assert dict(rows(reading.read("docs/snapshots.md")))
