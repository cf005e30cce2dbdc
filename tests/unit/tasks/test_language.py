"""What parameters of flows were called before goes on to work, with a word. Fault 16."""

import logging
from typing import Any

import pytest

from deployments import catalog
from deployments.loading import load_flow
from kled.errors import InvalidInput
from tasks.running.language import SpokenFlow, modernise, respell_parameters

ENTRIES = {entry.flow: entry for entry in catalog.load(catalog.path())}
C = "c.example.com"
SCHEDULED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("update-cluster", {"cluster": C, "patience": 30}, {"name": C, "wait": "30m"}),
    ("validate-cluster", {"name": C, "patience": 45}, {"name": C, "wait": "45m"}),
    ("export-cluster", {"name": C, "hours": 1}, {"name": C, "admin": "1h"}),
    ("delete-cluster", {"cluster": C, "confirm": C}, {"name": C, "confirm": C}),
    ("back-up-state", {"clusters": [C]}, {"name": (C,)}),
    (
        "roll-cluster",
        {"cluster": C, "instance_groups": ["nodes"], "pause": 10, "group_deadline": 90},
        {"name": C, "instance_group": ("nodes",), "pause": "10m", "group_deadline": "90m"},
    ),
    (
        "scale-instance-group",
        {"cluster": C, "instance_group": "nodes", "minimum": 1, "maximum": 2},
        {"name": C, "instance_group": "nodes", "min": 1, "max": 2},
    ),
    (
        "restore-state",
        {"cluster": C, "snapshot": "latest"},
        {"name": C, "snapshot": "latest"},
    ),
    ("prune-snapshots", {"keep": {"daily": 7, "last": 3}}, {"daily": 7, "last": 3}),
    ("prune-snapshots", {"keep": {}}, {}),
    (
        "create-cluster",
        {"spec": {"name": C, "zones": ["us-east-1a"]}, "patience": 5},
        {"wait": "5m"},
    ),
]


def spoken(flow: str) -> SpokenFlow[Any, Any]:
    found = load_flow(ENTRIES[flow])
    assert isinstance(found, SpokenFlow)
    return found


@pytest.mark.parametrize(("flow", "earlier", "now"), SCHEDULED)
def test_a_run_with_earlier_spellings_gets_what_they_mean(
    flow: str, earlier: dict[str, Any], now: dict[str, Any]
) -> None:
    found = spoken(flow).validate_parameters(earlier)

    assert {name: found[name] for name in now} == now


@pytest.mark.parametrize(("flow", "earlier", "now"), SCHEDULED)
def test_today_s_spelling_is_left_as_it_is(
    flow: str, earlier: dict[str, Any], now: dict[str, Any]
) -> None:
    assert respell_parameters(now, spoken(flow).earlier) == (now, ())


@pytest.mark.parametrize("flow", ENTRIES)
def test_every_flow_speaks_and_no_earlier_name_is_one_of_today(flow: str) -> None:
    found = spoken(flow)
    today = found.parameters.properties

    assert not {name for name, one in found.earlier.items() if name in today and one.now != name}
    assert {one.now for one in found.earlier.values() if one.now} <= set(today)
    assert {key for one in found.earlier.values() for key in one.keys} <= set(today)


def test_the_log_of_the_run_says_what_to_write_now(caplog: pytest.LogCaptureFixture) -> None:
    def speak(name: str) -> str:
        return name

    flow = SpokenFlow(
        speak,
        name="speak",
        flow_run_name="speak",
        unnamed="speak",
        earlier=spoken("delete-cluster").earlier,
    )
    with caplog.at_level(logging.WARNING, logger="kled.flows"):
        assert flow.fn(cluster=C) == C  # type: ignore[call-arg]
        assert flow.fn(C) == C

    assert [record.getMessage() for record in caplog.records] == [
        f"cluster={C} is an earlier spelling: write name={C}"
    ]


def test_both_spellings_with_two_values_are_refused() -> None:
    earlier = spoken("update-cluster").earlier

    with pytest.raises(InvalidInput, match="name: is given twice: cluster is an earlier name"):
        respell_parameters({"name": C, "cluster": "d.example.com"}, earlier)
    assert respell_parameters({"name": C, "cluster": C}, earlier)[0] == {"name": C}


@pytest.mark.parametrize("keep", [{"foo": 3}, {"foo": None}, "daily=7", 7, [7]])
def test_a_retention_that_is_none_is_named(keep: Any) -> None:
    # fault 53: "this is a bug in kled"
    with pytest.raises(InvalidInput, match=r"^keep(\.foo)?: there is no such") as refused:
        spoken("prune-snapshots").validate_parameters({"keep": keep})

    assert refused.value.hint == "known: last, hourly, daily, weekly, monthly, yearly"


@pytest.mark.parametrize("number", [-1, "many", 10**9])
def test_a_number_that_nobody_keeps_is_refused(number: Any) -> None:
    for parameters in ({"daily": number}, {"keep": {"daily": number}}):
        with pytest.raises(InvalidInput):
            spoken("prune-snapshots").validate_parameters(parameters)


@pytest.mark.parametrize(
    ("flow", "typed", "now"),
    [
        ("update-cluster", "cluster=c.example.com", ("name=c.example.com",)),
        ("update-cluster", "patience=30", ("wait=30m",)),
        ("update-cluster", "patience=30m", ("wait=30m",)),
        ("update-cluster", "wait=30", ("wait=30",)),
        ("roll-cluster", "pause=10", ("pause=10m",)),
        ("roll-cluster", "pause=10m", ("pause=10m",)),
        ("roll-cluster", "group-deadline=90", ("group_deadline=90m",)),
        ("roll-cluster", "instance-groups=a,b", ("instance_group=a,b",)),
        ("scale-instance-group", "minimum=1", ("min=1",)),
        ("prune-snapshots", "keep=daily=7,last=3", ("daily=7", "last=3")),
        ("prune-snapshots", "keep.daily=7", ("daily=7",)),
        ("prune-snapshots", "daily=7", ("daily=7",)),
        ("prune-snapshots", "nonsense", ("nonsense",)),
    ],
)
def test_what_was_typed_before_is_still_taken(flow: str, typed: str, now: tuple[str, ...]) -> None:
    assert modernise(typed, spoken(flow).earlier) == now


def test_a_typed_retention_that_is_none_is_named() -> None:
    for typed in ("keep=foo=3", "keep.foo=3", "keep=3"):
        with pytest.raises(InvalidInput, match="there is no such parameter"):
            modernise(typed, spoken("prune-snapshots").earlier)
