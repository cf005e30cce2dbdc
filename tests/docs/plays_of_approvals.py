"""The play of the document about approvals: runs that wait are started, and answered as it says."""

import json
import time
from typing import Final

from tests.docs.play import Play
from tests.docs.shell import LIMIT
from tests.docs.stage import Stage

_PROD: Final = "prod.example.com"
_RULES: Final = '[approval]\nneeded = ["machines", "networking", "iam", "control-plane"]\n'


def _pending(stage: Stage) -> None:
    rules = stage.directory / "rules.toml"
    rules.write_text(_RULES)
    stage.in_the_sandbox(PREFECT_API_URL=stage.api(), KLED_CONFIG=str(rules))
    stage.create(_PROD)
    _edit(stage, "t3.large")


def _edit(stage: Stage, kind: str) -> None:
    edit = f"kled kops edit-instance-group --name={_PROD} --instance-group=nodes"
    stage.do(f"{edit} --set=spec.machineType={kind}")


def _waits(stage: Stage) -> None:
    """Start a run that asks, and remember what it is called and what it asks about."""
    stage.do(f"kled run update-cluster name={_PROD} --yes >run.log 2>&1 &")
    ends = time.monotonic() + LIMIT
    while not (waiting := json.loads(stage.do("kled approve --output=json").out)):
        assert time.monotonic() < ends, (stage.work / "run.log").read_text()
        time.sleep(0.5)
    stage.values |= {"run": waiting[0]["run"], "digest": waiting[0]["digest"][:12]}


def _waits_again(stage: Stage) -> None:
    stage.do("wait")  # until the run that was approved has ended
    _edit(stage, "t3.small")
    _waits(stage)


def _has_ended(stage: Stage) -> None:
    stage.do("wait")


PLAYS: Final = {
    "docs/approvals.md": Play(
        _pending,
        before={
            "kled approve\n": _waits,
            "kled approve 3f0c1c1e --reject": _waits_again,
            "kled run plan-update": _has_ended,
        },
        exits={"kled approve 3f0c1c1e\n": (2, "where nobody can be asked")},
    ),
}
