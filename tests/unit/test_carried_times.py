"""Windows and notification rules travel with a deployment, too: members of fault 44."""

import json
from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.carried_times import VARIABLE, decode, encode, in_force, words
from kled.errors import NotApproved
from kled.rules import DAYS, EVENTS, Notifications, Rules, Window

NIGHT = Window(("prod-*", "x"), ("sat", "sun"), time(2), time(5), "Europe/Berlin", "wait")
PAGER = Notifications(("block:pager", "env:URL"), ("failure", "refusal"))
BOTH = Rules((NIGHT,), notifications=PAGER)
NONE = Rules()

times = st.times().map(lambda one: one.replace(second=0, microsecond=0, fold=0))
windows = st.builds(
    Window,
    st.lists(st.text(min_size=1), min_size=1, max_size=3).map(tuple),
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple),
    times,
    times,
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    st.sampled_from(["wait", "refuse"]),
).filter(lambda one: one.begin != one.end)
told = st.builds(
    Notifications,
    st.lists(st.sampled_from(["block:a", "env:B", "file:/c"]), min_size=1, unique=True).map(tuple),
    st.lists(st.sampled_from(EVENTS), min_size=1, unique=True).map(tuple),
)


@given(st.lists(windows, max_size=3).map(tuple), told)
def test_rules_arrive_as_they_were_sent(wanted: tuple[Window, ...], rule: Notifications) -> None:
    sent = encode(Rules(wanted, notifications=rule))

    assert encode(decode(sent)) == sent
    assert len(decode(sent).windows) == len(wanted)


def test_a_worker_without_rules_has_those_of_the_deployment() -> None:
    held = in_force(NONE, encode(BOTH))

    assert (held.rules.windows, held.remarks) == ((NIGHT,), ())
    assert set(held.rules.notifications.urls) == set(PAGER.urls)


@pytest.mark.parametrize("carried", [None, encode(NONE)])
def test_what_a_deployment_says_nothing_of_is_left_to_its_worker(carried: str | None) -> None:
    assert in_force(BOTH, carried).rules == BOTH


def test_that_the_rules_of_a_deployment_got_lost_is_said() -> None:
    """`kled deploy` always writes the variable; `prefect deploy` drops it."""
    assert in_force(BOTH, encode(NONE)).remarks == ()
    (words,) = in_force(BOTH, None).remarks
    assert "prefect deploy drops them" in words


def test_the_deployment_comes_before_its_worker_and_that_they_differ_is_said() -> None:
    others = Rules((replace(NIGHT, days=("mon",)),), notifications=Notifications(("env:OLD",)))

    held = in_force(others, encode(BOTH))

    assert held.rules.windows == (NIGHT,)
    assert "env:OLD" not in held.rules.notifications.urls
    assert [one.partition(" differ: ")[0] for one in held.remarks] == [
        "the maintenance windows",
        "the notification rules",
    ]
    assert "those of this deployment hold" in held.remarks[0]


def test_the_order_of_lists_is_no_difference() -> None:
    turned = Rules(
        (replace(NIGHT, clusters=("x", "prod-*"), days=("sun", "sat")),),
        notifications=Notifications(PAGER.urls[::-1], PAGER.on[::-1]),
    )

    assert in_force(turned, encode(BOTH)).remarks == ()


def test_what_was_changed_on_the_way_is_refused() -> None:
    changed = json.loads(encode(BOTH))
    changed["maintenance-windows"][0]["outside"] = "refuse"
    bad = [json.dumps(changed), "", "[]", "{}", '{"digest": "x"}', encode(BOTH)[:-9]]
    url = {"digest": "x", "notifications": {"urls": ["https://x"]}}
    for value in (*bad, json.dumps(url)):
        with pytest.raises(NotApproved, match=VARIABLE) as refused:
            in_force(BOTH, value)
        assert "kled deploy" in str(refused.value.hint)


def test_who_deploys_reads_what_travels_and_what_each_worker_needs() -> None:
    assert words(NONE) == ()
    assert words(BOTH) == (
        "1 maintenance window, on whatever worker",
        "notifications go to block:pager, env:URL, from whatever worker",
        "each worker needs env:URL itself; block:NAME stands on the server",
    )
