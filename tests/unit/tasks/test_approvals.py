"""Fault 32: somebody tired is told what waits, and a wrong answer is not the end of the run."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from prefect.utilities.schema_tools.validation import validate

from kled import config
from kled.errors import NotApproved
from kled.models.agreement import Agreement
from kled.models.plan import Change, Plan
from kled.models.question import Question
from tasks.running import approval_form, approval_wording, approvals, marks
from tasks.running.resources import Unwatched, call_with
from tests.unit.models.test_question import PLAN, QUESTION, C
from tests.unit.tasks.test_markdown import EVIL
from tests.unit.test_visible import is_obeyed

RUN = "3f0c1c1e-0000-4000-8000-000000000001"
URL = f"http://prefect.example.com/runs/flow-run/{RUN}"
HOW = "run it again with digest=..."
FORM = approval_form.form_for(QUESTION, "the plan")


def answer(**words: Any) -> approval_form.PlanApproval:
    return FORM(**{"cluster": C, "digest": PLAN.digest[:12], "approver": "ada", **words})


class Person:
    """Answers one after the other what it was given, and remembers what it was asked."""

    def __init__(self, *given: Callable[[], approval_form.PlanApproval | None]) -> None:
        self._given = list(given)
        self.asked: list[Question] = []
        self.now = 0.0

    def __call__(self, question: Question, _left: float) -> approval_form.PlanApproval | None:
        self.asked.append(question)
        self.now += 60
        return self._given.pop(0)()

    def settled(self, patience: float = 3600) -> Agreement:
        return approvals.settle(QUESTION, patience, self, HOW, lambda: self.now)


def test_an_answer_for_this_plan_is_an_agreement_that_names_who_and_how() -> None:
    in_form = Person(lambda: answer(approver=" ada ")).settled()
    by_command = Person(lambda: answer(approver="ada@desk", how="kled approve")).settled()

    assert (in_form.by, in_form.how) == ("ada (claimed)", "in Prefect's form")
    assert (by_command.by, by_command.how) == ("ada@desk (claimed)", "by kled approve")
    assert in_form.digest == PLAN.digest
    assert "asked because of networking: modify Subnet/a" in in_form.words


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: answer(digest="0" * 12), "the answer is for the plan '000000000000', not "),
        (lambda: answer(approver="  "), "the answer has no name"),
        (lambda: answer(cluster="prod-example.com"), "the answer is none to the form: cluster"),
        (lambda: answer(digest="yes"), "the answer is none to the form: digest"),
    ],
)
def test_a_wrong_answer_asks_again_and_says_what_was_wrong(
    wrong: Callable[[], approval_form.PlanApproval], words: str
) -> None:
    person = Person(wrong, answer)

    assert person.settled().kind == "given"
    assert person.asked[0].refused == ""
    assert person.asked[1].refused.startswith(words)


def test_the_name_of_another_cluster_is_refused_also_where_the_form_let_it_pass() -> None:
    passed = FORM.model_construct(cluster="other", digest=PLAN.digest, approver="ada")

    with pytest.raises(approval_form.Mistaken, match=r'names "other", not "prod\.example\.com"'):
        approval_form.agreement_of(QUESTION, passed)


def test_wrong_answers_are_bounded() -> None:
    person = Person(*[lambda: answer(digest="0" * 12)] * 9)

    with pytest.raises(NotApproved, match="5 answers were mistaken, the last: the answer is for"):
        person.settled()

    assert len(person.asked) == approvals.MISTAKES


def test_asking_again_gives_no_more_time() -> None:
    person = Person(*[lambda: answer(digest="0" * 12)] * 9)

    with pytest.raises(NotApproved, match="nobody approved the plan in 2 minutes") as refused:
        person.settled(patience=120)

    assert len(person.asked) == 2
    assert refused.value.hint == HOW


def test_nobody_in_time_and_a_rejection_end_it_at_once() -> None:
    silent = Person(lambda: None)
    no = Person(lambda: answer(reject=True, reason=" not on Friday "))

    with pytest.raises(NotApproved, match="nobody approved the plan in 1 hour"):
        silent.settled()
    with pytest.raises(NotApproved, match=r"ada \(claimed\) rejected the plan .*: not on Friday"):
        no.settled()


def test_what_nobody_says_fits_the_form_and_agrees_to_nothing() -> None:
    with pytest.raises(NotApproved):
        approval_form.agreement_of(QUESTION, FORM(**approval_form.answer_of_nobody(QUESTION)))


def test_the_form_says_what_to_type_and_which_fields_are_needed() -> None:
    schema = FORM.model_json_schema()

    assert schema["required"] == ["cluster", "digest", "approver"]  # the others: "(Optional)"
    fields = schema["properties"]
    assert fields["digest"]["default"] == PLAN.digest[:12]
    assert all(one["title"] and one["description"] for one in fields.values())
    assert f"Type {C}" in fields["cluster"]["description"]
    assert validate(answer().model_dump(), schema) == []
    (wrong,) = validate(answer().model_dump() | {"cluster": "prod-example.com"}, schema)
    assert wrong.message.startswith("'prod-example.com' does not match '^prod")  # on the page


def test_what_waits_is_told_with_values_reasons_deadline_link_and_the_command() -> None:
    question = replace(QUESTION, rolls=True, starter="ada@desk (claimed)")

    told = approval_wording.lines(question, RUN, URL, timedelta(minutes=60))

    assert told == (
        (
            "update-cluster roll=true of prod.example.com waits for an approval until"
            " 2026-11-30 03:14 UTC, 1 hour from now;"
            f" plan {PLAN.digest[:12]}: 1 to modify"
        ),
        "it would modify Subnet/a (CIDR 10/8 -> 10/9)",
        "it touches machines that roll: 2 of nodes (node)",
        "asked because [approval] of the rules needs one for networking: modify Subnet/a",
        "it was started by ada@desk (claimed)",
        f"look and answer: kled approve {URL}",  # at any shell: it names the server
        f"or in Prefect, by its button Resume: {URL}",
    )


ROLL = "kled kops rolling-update --name=prod.example.com --state=s3://of-the-run --yes"


@pytest.mark.parametrize(
    ("rolls", "words"),
    [
        (True, "2 of nodes (node); replaced by this run"),
        (
            False,
            f"2 of nodes (node); not by this run: {ROLL} replaces them",
        ),
        (None, "2 of nodes (node)"),
    ],
)
def test_whoever_answers_knows_whether_machines_are_replaced_now(
    rolls: bool | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question of an update was the same with `roll=true` and without."""
    monkeypatch.setenv("KOPS_STATE_STORE", "s3://of-the-run")
    asked = replace(QUESTION, rolls=rolls)

    assert dict(approvals.describe_touches(asked))["machines that roll"] == words
    assert asked.what == ("update-cluster roll=true" if rolls else "update-cluster")


@pytest.mark.parametrize(
    ("tags", "here", "starter"),
    [
        (["production", "started-by:ada@desk"], "", "ada@desk (claimed)"),
        (["started-by:eve\x1b[2J"], "", "eve\\x1b[2J (claimed)"),
        (["auto-scheduled"], "", "a schedule"),
        (["started-by:eve"], "ada@desk", "ada@desk"),
        ([], "", ""),
    ],
)
def test_who_started_a_run_is_said_as_far_as_it_is_known(
    tags: list[str], here: str, starter: str
) -> None:
    assert marks.starter_of(tags, here) == starter


def test_above_the_form_the_changes_come_first_and_what_is_untouched_is_left_out(
    tmp_path: Path,
) -> None:
    evil = Question(
        "update-cluster",
        Plan(C, tuple(Change("modify", "T", words, {words: words}) for words in EVIL)),
        "0" * 64,
        tuple((words, words) for words in EVIL),
        {words: (words,) for words in EVIL},
        QUESTION.until,
        EVIL[0],
    )

    with call_with(config.load({"HOME": str(tmp_path)}), Unwatched()):
        text = approval_wording.above_the_form(QUESTION)
        forged = approval_wording.above_the_form(evil)

    lines = [line for line in text.splitlines() if line]
    assert lines == [
        "**update-cluster of prod.example.com** would change (1 to modify):",
        "- modify Subnet/a",
        "  - CIDR: 10/8 -\\> 10/9",
        "It touches:",
        "- machines that roll: 2 of nodes (node)",
        f"Asked because of networking: modify Subnet/a. Started by {QUESTION.started_by}.",
        "It waits until 2026-11-30 03:14 UTC. Without an answer nothing is changed.",
    ]
    assert forged.startswith("**The last answer was not taken**: ")
    tokens = {one.type for one in MarkdownIt("gfm-like", {"linkify": False}).parse(forged)}
    assert {one.partition("_")[0] for one in tokens} == {"inline", "paragraph", "bullet", "list"}
    assert not [one for one in forged if is_obeyed(one) and one != "\n"]


RULES = '[approval]\nneeded = ["networking"]\n'


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The lines of approvals, each once: flows of this process may have given loggers handlers."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, handler = logging.getLogger("kled.approvals"), Kept()
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


@pytest.mark.parametrize(("rules", "told"), [(RULES, 5), ("", 0)])
def test_a_plan_that_nobody_waits_with_is_told_with_the_command_that_applies_it(
    tmp_path: Path, said: list[str], rules: str, told: int
) -> None:  # D22: long decisions are two deployments bound by the digest
    file = tmp_path / "config.toml"
    file.write_text(rules)
    settings = config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(file)})

    with call_with(settings, Unwatched()):
        first = approvals.announce(PLAN, None)
        again = approvals.announce(PLAN, None)
        nothing = approvals.announce(Plan(C, ()), None)

    assert first == again == (f"kled run update-cluster name={C} digest={PLAN.digest[:12]} --yes",)
    assert nothing == ()
    lines = [one for one in said if one]
    assert len(lines) == 2 * told  # each run of the flow tells it again
    if told:
        assert f"approve and apply it: {first[0]}" in lines
        assert "it would modify Subnet/a (CIDR 10/8 -> 10/9)" in lines
