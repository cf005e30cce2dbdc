"""`kled plan` says what is pending and ends with 0 or 3; the documented jobs use what there is."""

import json
import re
from pathlib import Path

import pytest
import yaml

from kled.cli.app import run
from tests.boxes import Box, make_box

C = "planned.example.com"
NAME = f"--name={C}"
DOCS = Path(__file__).parents[2] / "docs" / "ci.md"
JOBS = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    found = make_box(tmp_path_factory.mktemp("plan") / "box")
    words = ("--zones=us-east-1a", "--cloud=aws", "--node-count=2", "--yes")
    done = found.kops("create", "cluster", NAME, *words)
    assert done.returncode == 0, done.stderr
    return found


def test_nothing_pending_is_0_and_something_is_3_with_what_approves_it(box: Box) -> None:
    calm = box.kled("plan", NAME)
    assert calm.returncode == 0, calm.stderr
    kind = "--set=spec.machineType=t3.large"
    assert box.kops("edit", "ig", "nodes-us-east-1a", NAME, kind).returncode == 0

    pending = box.kled("plan", NAME, "--output=json")
    shown = box.kled("plan", NAME)

    assert (pending.returncode, shown.returncode) == (3, 3)
    found = json.loads(pending.stdout)
    assert (found["pending"], found["cluster"]) == (True, C)
    assert found["radius"]["rolls"][0]["machines"] == 2
    assert f"--digest={found['digest'][:12]}" in shown.stderr
    assert "        InstanceType: t3.medium -> t3.large\n" in shown.stdout  # fault 31
    assert not [call for call in box.calls() if "--yes=true" in call]
    done = box.kled("kops", "update-cluster", NAME, "--yes", f"--digest={found['digest']}")
    assert done.returncode == 0, done.stderr

    rolls = box.kled("plan", NAME)

    assert rolls.returncode == 3
    assert "machines need a roll" in rolls.stderr
    assert "NeedsUpdate" in rolls.stdout
    assert "2 of nodes-us-east-1a (node)" in rolls.stdout
    preview = box.kled("kops", "rolling-update", NAME, "--output=json")
    assert json.loads(preview.stdout)["radius"]["rolls"][0]["machines"] == 2


@pytest.mark.parametrize("job", JOBS, ids=["github", "gitlab"])
def test_the_documented_jobs_are_yaml_and_call_commands_that_there_are(job: str) -> None:
    assert isinstance(yaml.safe_load(job), dict)
    calls = re.findall(r"\bkled ((?:kops )?[a-z][a-z-]+)((?: --?[a-z-]+)*)", job)
    assert {words for words, _ in calls} >= {"plan", "kops install"}
    for words, _ in calls:
        assert run([*words.split(), "--help"]) == 0
