"""A run that is started by hand shows its plan; names may be cut short. Faults 16, 17 and 58."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from flows.delete_cluster import delete_cluster
from flows.roll_cluster import roll_cluster
from flows.scale_instance_group import scale_instance_group
from flows.update_cluster import update_cluster
from kled.cli import app
from kled.cli.flows import reports
from kled.cli.frame.command import Call
from kled.errors import InstanceGroupNotFound
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import artifacts, document, ended, flow_run

pytestmark = pytest.mark.prefect
C = "flow.example.com"
NODES = "nodes-us-east-1a"


@pytest.fixture
def kept(changed: Box) -> dict[str, str]:
    """Return the settings with a snapshot store that has a snapshot of the cluster."""
    return {"KLED_SNAPSHOT_STORE": (changed.directory / "snapshots").as_uri()}


def typed(box: Box, monkeypatch: pytest.MonkeyPatch, more: dict[str, str], *words: str) -> int:
    """Type a command in this process, with the sandbox's variables."""
    for name, value in {**box.env, **more}.items():
        if name.startswith(("KLED_", "KOPS_", "AWS_")):
            monkeypatch.setenv(name, value)
    server = PREFECT_API_URL.value()
    assert server
    monkeypatch.setenv("PREFECT_API_URL", server)  # a sandbox speaks to no other
    return app.run(words)


def acted(box: Box) -> list[str]:
    """Return the calls of kops that would change something."""
    return [one for one in box.calls() if "--yes" in one.split() or one.startswith("replace")]


def test_a_run_by_hand_shows_the_plan_and_changes_nothing(
    changed: Box,
    kept: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert typed(changed, monkeypatch, kept, "snapshot", "create", f"--name={C}") == 0
    before = [path.read_bytes() for path in files(changed)]
    runs = {
        "delete-cluster": (f"name={C}",),
        "update-cluster": (f"name={C}",),
        "roll-cluster": (f"name={C}",),
        "scale-instance-group": (f"name={C}", "instance-group=nodes", "size=5"),
        "restore-state": (f"name={C}", "snapshot=latest"),
        "prune-snapshots": (),
    }
    # what is pending would be changed with the size, so the scaling would be refused: fault 17
    refused = {"scale-instance-group": 6}
    capsys.readouterr()
    for flow, words in runs.items():
        status = typed(changed, monkeypatch, kept, "run", flow, *words)
        out, err = capsys.readouterr()
        assert status == refused.get(flow, 0), flow
        if flow not in refused:
            assert "Digest: `" in out, flow
            told = re.search("Digest: `([0-9a-f]{12})", out)
            assert told
            just_that = () if flow == "prune-snapshots" else (f"digest={told[1]}",)
            again = " ".join(("kled run", flow, *words, *just_that, "--yes"))
            assert f"preview only; do it with: {again}\n" in err

    assert acted(changed) == []
    assert [path.read_bytes() for path in files(changed)] == before


def test_a_preview_names_no_digest_where_the_rules_ask_people(
    changed: Box,
    kept: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever gives the digest is not asked, and the run would ask somebody else."""
    config = changed.directory / "config.toml"
    config.write_text('[approval]\nneeded = ["machines"]\n')
    more = {**kept, "KLED_CONFIG": str(config)}

    assert typed(changed, monkeypatch, more, "run", "roll-cluster", f"name={C}") == 0

    assert f"do it with: kled run roll-cluster name={C} --yes\n" in capsys.readouterr().err


def files(box: Box) -> list[Any]:
    state = box.directory / "state"
    assert state.is_dir(), list(box.directory.iterdir())
    return sorted(path for path in state.rglob("*") if path.is_file() and ".kled" not in path.parts)


@pytest.mark.parametrize(
    ("flow", "parameters"),
    [
        (roll_cluster, {"canary": "nodes-us-east-1z"}),
        (roll_cluster, {"instance_group": ["nodse"]}),
        (scale_instance_group, {"instance_group": "nodse", "size": 1}),
    ],
    ids=["canary", "group", "scaling"],
)
def test_a_group_that_is_none_is_refused_as_the_command_does(
    changed: Box, memory: Memory, flow: Flow[..., Any], parameters: dict[str, Any]
) -> None:
    # fault 16: a canary with a typo rolled everything
    with call_with(changed.settings(), memory):
        state = ended(flow, C, **parameters)

    assert isinstance(state.result(raise_on_failure=False), InstanceGroupNotFound)
    assert acted(changed) == []


def test_a_group_may_be_cut_short(changed: Box, memory: Memory) -> None:
    with call_with(changed.settings(), memory):
        rolled = roll_cluster(C, ["nodes"], "nodes", force=True, yes=False, return_state=True)
    named = f"--name={C}"
    changed.must("edit", "instancegroup", NODES, named, "--set=spec.machineType=t3.medium")
    with call_with(changed.settings(), memory):  # nothing else is pending
        scaled = scale_instance_group(C, "nodes", size=5, yes=False, return_state=True)

    assert [one["name"] for one in document(rolled)["plan"]["changes"]] == [NODES]
    assert [one["name"] for one in document(scaled)["plan"]["changes"]] == [NODES]


def test_a_run_s_document_is_the_same_here_and_from_a_worker(
    changed: Box,
    memory: Memory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # fault 58: of a run on a worker only what it left with the server is known here
    settings = changed.settings()
    call = Call(replace(settings, output="json"), verbose=False)
    with call_with(settings, memory):
        states = [
            update_cluster(C, yes=False, return_state=True),
            update_cluster(C, return_state=True),
            delete_cluster("absent.example.com", return_state=True),
        ]
    for state in states:
        capsys.readouterr()
        reports.show(call, state)
        here = json.loads(capsys.readouterr().out)
        with get_client(sync_client=True) as client:
            reports.show_ended(call, client, flow_run(state))
        there = json.loads(capsys.readouterr().out)

        assert here == there
        assert set(here) == {
            *("operation", "cluster", "steps", "approval", "next", "plan", "error"),
        }
    assert (document(states[0])["plan"] is not None, here["error"]["class"]) == (
        True,
        "ClusterNotFound",
    )


def test_the_plan_of_a_run_by_hand_is_what_the_command_shows(
    changed: Box, memory: Memory, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    with call_with(changed.settings(), memory):
        state = update_cluster(C, yes=False, return_state=True)
    capsys.readouterr()

    assert typed(changed, monkeypatch, {}, "kops", "update-cluster", f"--name={C}", "-ojson") == 0
    assert json.loads(capsys.readouterr().out) == document(state)["plan"]
    assert any(one.key == "plan-flow-example-com" for one in artifacts(state))
