"""What a look at all clusters tells, and whom: fault 60."""

import json
from collections.abc import Mapping

import pytest

from kled.operations.fleet.all_clusters import Answer
from kled.operations.health.validate_clusters import ALL
from tasks.running.health_table import (
    HealthRows,
    KnownUnhealthy,
    events_of,
    make_plain,
    messages_of,
    read_known,
    table,
)

A, B, C = (f"{name}.example.com" for name in "abc")
NOBODY: KnownUnhealthy = frozenset()


def looked(states: Mapping[str, str], known: KnownUnhealthy = NOBODY) -> HealthRows:
    answers = [Answer(name, state, f"{name} is {state}", "look") for name, state in states.items()]
    return table(answers, known)


def events(rows: HealthRows, known: KnownUnhealthy | None) -> set[tuple[str, str]]:
    return {
        (event.removeprefix("kled.cluster."), name) for event, name, _ in events_of(rows, known)
    }


def test_what_is_not_healthy_is_an_event_of_every_run_and_told_once() -> None:
    rows = looked({A: "waiting", B: "ok"})

    assert events(rows, NOBODY) == {("unhealthy", A)}
    (message,) = messages_of(rows, NOBODY)
    assert (message.title, message.cured) == ("1 cluster not healthy", False)
    assert message.lines == (f"{A}: {A} is waiting; look",)
    again = read_known(json.dumps(rows))
    assert again == frozenset({A})
    assert events(rows, again) == {("unhealthy", A)}
    assert messages_of(rows, again) == []


def test_it_is_told_once_that_one_is_healthy_again() -> None:
    rows = looked({A: "ok", B: "ok"}, frozenset({A}))

    assert events(rows, frozenset({A})) == {("healthy", A)}
    (message,) = messages_of(rows, frozenset({A}))
    assert (message.title, message.lines, message.cured) == ("1 cluster healthy again", (A,), True)
    assert read_known(rows) == NOBODY


def test_another_one_is_told_of_while_the_first_goes_on() -> None:
    rows = looked({A: "waiting", C: "unreadable"})

    (message,) = messages_of(rows, frozenset({A}))
    assert message.lines == (f"{C}: {C} is unreadable; look",)


def test_one_that_is_being_changed_is_neither_and_is_not_forgotten() -> None:
    before = frozenset({A})
    rows = looked({A: "changing", B: "changing", C: "not applied"}, before)

    assert events(rows, before) == set()
    assert messages_of(rows, before) == []
    after = read_known(rows)
    assert after == frozenset({A}), "that it is healthy again is told when it is"
    assert events(looked({A: "ok", B: "ok"}), after) == {("healthy", A)}


def test_where_nobody_knows_how_it_was_all_are_told_anew() -> None:
    rows = looked({A: "waiting", B: "ok"})

    assert events(rows, None) == {("unhealthy", A), ("healthy", B)}


@pytest.mark.parametrize("data", ["{", "[1]", "null", [{"cluster": "a"}], 7, {"a": 1}])
def test_a_table_that_is_none_says_nothing(data: object) -> None:
    assert read_known(data) is None


def test_a_run_that_looked_at_none_is_told_of_and_so_is_the_next_that_does() -> None:
    """No state store, an empty one, credentials that are gone: silence would be green."""
    why = "SettingsError: no state store is named (hint: pass --state)"
    rows = table((), NOBODY, why)

    assert events(rows, NOBODY) == {("unhealthy", ALL)}
    (message,) = messages_of(rows, NOBODY)
    assert message.lines == (f"{ALL}: {why}",)
    after = read_known(rows)
    assert after == frozenset({ALL})
    assert events(looked({A: "ok"}), after) == {("healthy", ALL)}


def test_a_run_that_looked_at_none_forgets_nobody() -> None:
    before = frozenset({A, ALL})
    rows = table((), before, "the state store does not answer")

    assert events(rows, before) == {("unhealthy", ALL)}
    assert messages_of(rows, before) == []
    after = read_known(rows)
    assert after == before
    assert events(looked({A: "ok"}), after) == {("healthy", A), ("healthy", ALL)}


def test_of_an_outage_there_is_one_message() -> None:
    rows = looked({f"c{number}.example.com": "waiting" for number in range(200)})

    (message,) = messages_of(rows, NOBODY)
    assert message.title == "200 clusters not healthy"
    assert (len(message.lines), message.lines[-1]) == (11, "and 190 more")


def test_a_table_holds_nothing_that_a_page_obeys_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fault 89
    monkeypatch.setenv("A_TOKEN", "s3cr3t-t0k3n")
    evil = "c\x1b[2J\n| forged s3cr3t-t0k3n"

    shown, description = make_plain(looked({evil: "waiting"}), f"1 waiting ({evil})")

    for text in (*shown[0].values(), description):
        assert not any(each in text for each in ("\x1b", "\n", "s3cr3t"))
    assert r"\| forged" in description
