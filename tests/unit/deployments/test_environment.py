"""Environments are read from YAML; nothing secret may stand in them."""

from pathlib import Path

import pytest

from deployments import environment
from deployments.catalog import CatalogEntry
from kled import carried_rules, carried_times
from kled.errors import InvalidInput, SettingsError
from kled.rules import Approval, Notifications, Rules

ENTRY = CatalogEntry("default", "flows.x.x", "", ("kled",), {}, "kled", {"A": "1", "B": "1"})


def test_an_environment_names_places_and_tags_its_deployments(tmp_path: Path) -> None:
    (tmp_path / "production.yaml").write_text(
        "work-pool: prod\nruns-at-once: 5\ntags: [production]\nvariables: {B: 2, C: eu}\n"
    )

    found = environment.find("production", (tmp_path,))
    placed = found.place(ENTRY)

    assert found.runs_at_once == 5
    assert (placed.name, placed.work_pool, placed.tags) == (
        "production",
        "prod",
        ("kled", "production"),
    )
    assert placed.variables == {
        "A": "1",
        "B": "2",
        "C": "eu",
        "KLED_APPROVAL": carried_rules.encode(Approval()),
        "KLED_RULES": carried_times.encode(Rules()),
    }


def test_an_environment_says_whom_its_runs_ask(tmp_path: Path) -> None:  # fault 44
    (tmp_path / "x.yaml").write_text("approval: {needed: [iam], automatic: ['dev-*']}\n")

    carried = environment.find("x", (tmp_path,)).place(ENTRY).variables["KLED_APPROVAL"]

    assert carried_rules.decode(carried) == Approval(("iam",), ("dev-*",), configured=True)


def test_an_environment_says_when_its_runs_may_change_clusters_and_whom_they_tell(
    tmp_path: Path,
) -> None:  # a member of fault 44: both lay beside each worker
    (tmp_path / "x.yaml").write_text(
        "maintenance-windows:\n- {days: [sat], from: '02:00', to: '05:00', timezone: UTC}\n"
        "notifications:\n  urls: ['block:pager']\n  on: [failure]\n"
    )
    fallback = Rules(notifications=Notifications(("env:URL",)), approval=Approval(("iam",)))
    found = environment.find("x", (tmp_path,)).completed(fallback)

    carried = carried_times.decode(found.place(ENTRY).variables["KLED_RULES"])

    assert [(one.days, one.timezone) for one in carried.windows] == [(("sat",), "UTC")]
    assert carried.notifications == Notifications(("block:pager",), ("failure",))
    assert found.rules.approval == Approval(("iam",))


def test_the_users_own_come_before_the_packaged_ones(tmp_path: Path) -> None:
    (tmp_path / "default.yaml").write_text("work-pool: mine\n")

    found = environment.find("default", (tmp_path, environment.PACKAGED))

    assert found.work_pool == "mine"


def test_a_file_may_be_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "eu.yaml").write_text("")

    assert environment.find(str(tmp_path / "eu.yaml"), ()).name == "eu"


def test_an_unknown_environment_names_the_nearest_and_where_to_add_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no environment defualt") as caught:
        environment.find("defualt", (tmp_path, environment.PACKAGED))

    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean default? ")
    assert str(tmp_path / "defualt.yaml") in caught.value.hint


def test_a_secret_is_refused_because_prefect_keeps_it_in_plain_text(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("variables: {AWS_SECRET_ACCESS_KEY: abc}\n")

    with pytest.raises(
        InvalidInput, match=r"variables.AWS_SECRET_ACCESS_KEY: is a secret"
    ) as caught:
        environment.find("x", (tmp_path,))
    assert "abc" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("work_pool: x", "work_pool: unknown key"),
        ("runs-at-once: many", "runs-at-once: 'many' is not a number"),
        ("runs-at-once: -1", "runs-at-once: -1 is not a number"),
        ("runs-at-once: true", "runs-at-once: True is not a number"),
        ("variables: [A]", "variables: must be a mapping"),
        ("variables: {KLED_APPROVAL: x}", "variables.KLED_APPROVAL: is written by kled deploy"),
        ("variables: {KLED_RULES: x}", "variables.KLED_RULES: is written by kled deploy"),
        ("notifications: {urls: ['https://x']}", "must name where the URL stands"),
        ("notifications: {urls: ['env:https://x']}", "is the URL itself here"),
        ("approval: {needed: [all]}", "approval.needed: 'all' is none of"),
        ("approval: yes", "approval: must be a table"),
        ("[]", "is not a mapping"),
        ("a: [", "is not valid YAML"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.yaml").write_text(text)

    with pytest.raises(SettingsError, match=words):
        environment.find("x", (tmp_path,))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        environment.find(str(tmp_path / "none.yaml"), ())


def test_no_limit_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("runs-at-once: 0\n")

    assert environment.find("x", (tmp_path,)).runs_at_once is None


@pytest.mark.parametrize("body", ["[" * 100_000, "a: 1\na: 2", "- a", "\t- a", "&a [*a]"])
def test_an_environment_is_read_within_bounds(tmp_path: Path, body: str) -> None:
    # fault 92: nesting ended in a RecursionError
    file = tmp_path / "odd.yaml"
    file.write_text(body)

    with pytest.raises(SettingsError):
        environment.find(str(file), (tmp_path,))
