"""What a run's record says of who agreed to its plan: "approved" only where somebody did."""

from pathlib import Path

import pytest

from kled import config
from kled.carried_rules import encode
from kled.errors import NotApproved
from kled.models.agreement import Agreement
from kled.models.plan import Change, Plan
from kled.operations.runner import Report, Row
from kled.rules import Approval
from tasks.running import approvals, resources, unasked
from tasks.running.resources import Unwatched, call_with
from tasks.running.summary import markdown

C = "prod.example.com"
PLAN = Plan(C, (Change("modify", "IAMRolePolicy", f"masters.{C}", {"PolicyDocument": "a -> b"}),))
REPORT = Report("update cluster", C, (Row("check approval", "done", 1.0, 1, "it is still"),))


def settings(tmp_path: Path, rules: str) -> config.Settings:
    file = tmp_path / "config.toml"
    file.write_text(rules)
    return config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(file)})


@pytest.mark.parametrize(
    ("rules", "digest", "words"),
    [
        ("", None, "nobody was asked: there are no approval rules"),
        (
            '[approval]\nautomatic = ["prod.*"]\n',
            None,
            "nobody was asked: the rules make changes of this cluster automatic",
        ),
        (
            '[approval]\nneeded = ["deletions"]\n',
            None,
            "nobody was asked: the plan touches nothing that the rules ask about",
        ),
        (
            '[approval]\nneeded = ["iam"]\n',
            "0b5a6a4f9c1e",
            "digest 0b5a6a4f9c1e given by the starter; nobody was asked",
        ),
    ],
)
def test_a_plan_that_nobody_was_asked_about_is_never_called_approved(
    tmp_path: Path, rules: str, digest: str | None, words: str
) -> None:  # fault 44
    with call_with(settings(tmp_path, rules), Unwatched()):
        agreement = approvals.obtain(PLAN, None, approved=digest)

    assert agreement.words == words
    assert agreement.digest == (digest or PLAN.digest)
    assert f"\nApproval: {words}\n" in markdown(REPORT, agreement)
    assert agreement.as_json()["words"] == words


def test_an_approval_names_who_and_how_and_says_where_the_name_is_unknown() -> None:
    ada = Agreement("given", PLAN.digest, "iam: one role", "ada@desk (claimed)", "by kled approve")
    form = Agreement("given", PLAN.digest, "iam: one role", how="in Prefect's form")

    assert (
        ada.words
        == "approved by ada@desk (claimed), by kled approve; asked because of iam: one role"
    )
    assert form.words.startswith(
        "approved by somebody whose name Prefect does not know, in Prefect's"
    )


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ("", "there are no approval rules"),
        (
            '[approval]\nautomatic = ["prod.*"]\n',
            "the rules make changes of this cluster automatic",
        ),
        ("[approval]\n", "the cluster is new, and its run's parameters say what is wanted"),
    ],
)
def test_the_making_of_a_cluster_says_why_nobody_was_asked(
    tmp_path: Path, rules: str, why: str
) -> None:  # a member of fault 44: the record of a creation said nothing
    with call_with(settings(tmp_path, rules), Unwatched()):
        assert unasked.agree_on_new(C).words == f"nobody was asked: {why}"


@pytest.fixture
def on_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The run of a deployment, on a worker without a settings file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "11111111-2222-3333-4444-555555555555")
    return monkeypatch


def test_a_worker_to_which_no_rules_came_refuses_to_apply_unasked(
    on_a_worker: pytest.MonkeyPatch,
) -> None:  # fault 44
    with pytest.raises(NotApproved, match="neither this deployment nor its worker has approval"):
        approvals.obtain(PLAN, None, approved=None)

    on_a_worker.setenv("KLED_APPROVAL", encode(Approval()))
    assert approvals.obtain(PLAN, None, approved=None).kind == "unasked"


def test_a_worker_without_a_settings_file_asks_by_the_rules_of_the_deployment(
    on_a_worker: pytest.MonkeyPatch,
) -> None:  # fault 44: without a server there is nobody to ask, and nothing is applied
    on_a_worker.setenv("KLED_APPROVAL", encode(Approval(("iam",), configured=True)))

    with pytest.raises(NotApproved, match="the plan needs an approval"):
        approvals.obtain(PLAN, None, approved=None)


def test_what_reaches_a_change_unasked_is_held_against_the_rules_of_the_deployment(
    on_a_worker: pytest.MonkeyPatch,
) -> None:  # a member of fault 44: consent was by the worker's own rules
    on_a_worker.setenv("KLED_APPROVAL", encode(Approval(("iam",), configured=True)))

    with pytest.raises(NotApproved, match="nobody was asked"):
        resources.require_agreement(PLAN)
