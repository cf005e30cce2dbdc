"""Fault 32: a plan that waits is looked at and answered from a terminal, as from Prefect's form."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from kled import config
from kled.cli.flows import approve, waiting_runs
from kled.cli.flows.waiting_runs import WaitingRun
from kled.cli.frame.command import Call
from kled.cli.frame.typed_line import Typed
from kled.errors import InvalidInput, KledError, NotApproved
from kled.retry import Clock
from tasks.running import approval_form
from tests.unit.models.test_question import PLAN, QUESTION, C

ONE, TWO, OTHER = (UUID(f"3f0c1c1e-0000-4000-8000-00000000000{n}") for n in (1, 2, 3))
DIGEST = PLAN.digest[:12]


@dataclass
class Fake:
    """Runs that wait, and what they were answered; refuses as a Prefect server does."""

    runs: list[WaitingRun] = field(
        default_factory=lambda: [WaitingRun(ONE, "update prod", QUESTION)]
    )
    ended: dict[UUID, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    given: list[tuple[UUID, dict[str, Any]]] = field(default_factory=list)

    def waiting(self) -> Sequence[WaitingRun]:
        return self.runs

    def named(self, run: UUID) -> WaitingRun | str | None:
        return next((one for one in self.runs if one.run == run), self.ended.get(run))

    def resume(self, run: UUID, words: dict[str, Any]) -> str | None:
        if self.refusals:
            return self.refusals.pop(0)
        self.given.append((run, words))
        self.runs = [one for one in self.runs if one.run != run]
        return None


@pytest.fixture
def fake() -> Fake:
    return Fake()


def call(output: str = "table") -> Call:
    made = Call(replace(config.load({"HOME": "/nowhere"}), output=output), verbose=False)
    made.clock = Clock(iter(range(100)).__next__, lambda _: None)
    return made


def settle(fake: Fake, **options: Any) -> None:
    given = {"confirm": None, "digest": None, "reason": None, "reject": False, **options}
    output = given.pop("output", "table")
    approve.settle(call(output), fake, fake.runs[0], **given)


@contextmanager
def typed(*lines: str) -> Iterator[Callable[[], str]]:
    """Sit at a terminal and type `lines`; yields what it shows."""
    master, slave = os.openpty()
    os.write(master, "".join(f"{line}\n" for line in lines).encode())
    kept = sys.stdin, sys.stderr
    with os.fdopen(slave, "r", closefd=False) as keys, os.fdopen(slave, "w") as screen:
        sys.stdin, sys.stderr = keys, screen
        try:
            yield lambda: _all(master)
        finally:
            sys.stdin, sys.stderr = kept
    os.close(master)


def _all(screen: int) -> str:
    """Return what has been written to a terminal so far: one read may return a part of it."""
    os.set_blocking(screen, False)
    shown = b""
    with suppress(BlockingIOError):
        while more := os.read(screen, 65_536):
            shown += more
    return shown.decode()


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sit at no terminal, wherever the tests run."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def test_on_a_terminal_the_clusters_name_approves_the_plan_that_is_shown(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    with typed("prod-example.com", C) as screen:
        settle(fake)
        shown = screen()

    assert "        CIDR: 10/8 -> 10/9\n" in capsys.readouterr().out
    assert 'that is "prod-example.com", not the cluster of this plan' in shown
    assert "asked because of networking: modify Subnet/a" in shown
    ((run, words),) = fake.given
    assert run == ONE
    form = approval_form.form_for(QUESTION, "")
    agreement = approval_form.agreement_of(QUESTION, form(**words))
    assert agreement.how == "by kled approve"
    assert agreement.by == f"{call().person} (claimed)"


@pytest.mark.parametrize("lines", [("",), ("a", "b", "c")])
def test_no_name_and_three_wrong_ones_approve_nothing(fake: Fake, lines: tuple[str, ...]) -> None:
    with typed(*lines), pytest.raises(NotApproved, match="was not confirmed") as refused:
        settle(fake)

    assert fake.given == []
    assert refused.value.hint == f"nothing was sent; the run still waits: kled approve {ONE}"


def test_off_a_terminal_name_and_digest_are_needed_and_suffice(fake: Fake) -> None:
    for options, missing in (({}, "--confirm"), ({"confirm": C}, "--digest")):
        with pytest.raises(InvalidInput, match=f"{missing}: is needed") as needed:
            settle(fake, **options)
        assert needed.value.hint == f"kled approve {ONE} --confirm={C} --digest={DIGEST}"

    settle(fake, confirm=C, digest=DIGEST)

    assert [run for run, _ in fake.given] == [ONE]


@pytest.mark.parametrize(
    ("typed_", "api"),
    [
        (f"http://h:4200/runs/flow-run/{ONE}?tab=Logs", "http://h:4200/api"),
        (f"https://h/prefect/runs/flow-run/{ONE}", "https://h/prefect/api"),
        (f"http://127.0.0.1:4217/flow-runs/flow-run/{ONE}", "http://127.0.0.1:4217/api"),
        (
            f"https://app.prefect.cloud/account/a-1/workspace/w-2/runs/flow-run/{ONE}",
            "https://api.prefect.cloud/api/accounts/a-1/workspaces/w-2",
        ),
        (str(ONE), None),
        ("update prod", None),
        (f"file:///runs/flow-run/{ONE}", None),
    ],
)
def test_the_address_of_a_run_names_its_server(typed_: str, api: str | None) -> None:
    """Where no server was named it was refused: what a notification says could not be typed."""
    assert waiting_runs.api_of(typed_) == api


def test_hints_name_a_run_as_its_server_was_named(fake: Fake) -> None:
    line, address = call(), f"http://h:4200/runs/flow-run/{ONE}?tab=Logs&a=b"
    line.typed = Typed((address,))

    with pytest.raises(NotApproved) as refused:
        approve.settle(line, fake, fake.runs[0], "other", DIGEST, None, reject=False)

    assert str(refused.value.hint).endswith(f"kled approve '{address}'")


def test_what_is_missing_is_told_within_the_whole_command(fake: Fake) -> None:
    """It was a command without what had been typed: `--follow` was lost."""
    line = call()
    line.typed = Typed(("3f0c",), {"follow": True})

    with pytest.raises(InvalidInput) as needed:
        approve.settle(line, fake, fake.runs[0], None, None, None, reject=False)

    hint = f"kled approve {ONE} --follow --confirm={C} --digest={DIGEST}"
    assert needed.value.hint == hint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"confirm": "dev.example.com", "digest": DIGEST}, "which was not confirmed"),
        ({"confirm": C, "digest": "0" * 12}, f"waits with the plan {DIGEST}, not 000000000000"),
    ],
)
def test_another_cluster_or_plan_is_refused_before_anything_is_sent(
    fake: Fake, options: dict[str, str], words: str
) -> None:
    with pytest.raises(NotApproved, match=words):
        settle(fake, **options)

    assert fake.given == []


def test_the_command_to_look_again_repeats_neither_name_nor_digest(fake: Fake) -> None:
    name, digest = "dev.example.com", "0" * 12
    line = call()
    line.typed = Typed((str(ONE),), {"confirm": name, "digest": digest})

    with pytest.raises(NotApproved) as refused:
        approve.settle(line, fake, fake.runs[0], name, digest, None, reject=False)

    assert refused.value.hint == f"look at it: kled approve {ONE}"


def test_a_rejection_needs_a_reason_and_no_name(fake: Fake) -> None:
    with pytest.raises(InvalidInput, match="--reason: is needed with --reject"):
        settle(fake, reject=True)
    settle(fake, reject=True, reason="not on a Friday")

    ((_, words),) = fake.given
    with pytest.raises(NotApproved, match=r"rejected the plan .*: not on a Friday"):
        approval_form.agreement_of(QUESTION, approval_form.form_for(QUESTION, "")(**words))


def test_on_a_terminal_it_asks_for_the_reason(fake: Fake) -> None:
    with typed("not today"):
        settle(fake, reject=True)

    assert fake.given[0][1]["reason"] == "not today"


def test_an_answer_too_early_is_sent_again_and_one_too_late_says_so(fake: Fake) -> None:
    fake.refusals = ["Run input schema not found."] * 2
    settle(fake, confirm=C, digest=DIGEST)
    late = Fake(refusals=["Cannot resume a flow run that is not paused."])

    with pytest.raises(KledError, match="did not take the answer: Cannot resume") as refused:
        settle(late, confirm=C, digest=DIGEST)

    assert len(fake.given) == 1
    assert refused.value.exit_code == 1


def test_what_waits_is_listed_with_why_and_until_when(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.runs.append(WaitingRun(TWO, "update dev", QUESTION))

    approve.list_waiting(call(), fake)
    approve.list_waiting(call("json"), fake)
    approve.list_waiting(call(), Fake([]))

    told = capsys.readouterr()
    table, _, document = told.out.partition("[\n")
    assert table.splitlines()[1].split()[:2] == [str(ONE), C]  # no shorter prefix means it alone
    assert "networking" in table
    assert json.loads(f"[{document}")[1]["changes"][0]["fields"] == {"CIDR": "10/8 -> 10/9"}
    assert told.err.splitlines()[-1] == "no run waits for an approval"


def test_json_shows_the_whole_question(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    settle(fake, confirm=C, digest=DIGEST, output="json")

    shown = json.loads(capsys.readouterr().out)
    assert (shown["run"], shown["digest"]) == (str(ONE), PLAN.digest)


@pytest.mark.parametrize(
    "typed_",
    [str(ONE), str(ONE).upper(), "update prod", f"http://h/runs/flow-run/{ONE}?tab=Logs"],
)
def test_a_run_is_meant_by_id_name_and_address(fake: Fake, typed_: str) -> None:
    assert waiting_runs.find_meant(fake, typed_).run == ONE


def test_the_beginning_of_an_id_means_a_run_where_it_means_one_alone(fake: Fake) -> None:
    assert waiting_runs.find_meant(fake, "3f0c").run == ONE
    fake.runs.append(WaitingRun(TWO, "update prod", QUESTION))

    for several in ("3f0c", "update prod"):
        with pytest.raises(KledError, match=f"is more than one run: {ONE}, {TWO}"):
            waiting_runs.find_meant(fake, several)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (str(OTHER), "the Prefect server has no such run"),
        (str(TWO), "it is Completed"),
        ("nothing", 'no run "nothing" waits'),
    ],
)
def test_a_run_that_does_not_wait_is_named_with_what_it_is(
    fake: Fake, asked: str, words: str
) -> None:
    fake.ended[TWO] = "Completed"

    with pytest.raises(KledError, match=words) as none:
        waiting_runs.find_meant(fake, asked)

    assert none.value.hint == "kled approve without a run lists what waits"
