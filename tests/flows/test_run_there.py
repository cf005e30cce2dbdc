"""`kled deploy`, a worker, and `kled run --deployment`, as somebody types them."""

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from kled.sandbox import faults
from tests.boxes import Box
from tests.flows.test_kill import running, until
from tests.flows.worker import at_work, environment

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
KLED = [sys.executable, "-m", "kled"]
CREATE = ["run", "create-cluster", "name=there.example.com", "zones=us-east-1a", "node-count=2"]
STEPS = (
    "check settings",
    "check that it is new",
    "check identity",
    "check IAM roles",
    "store definition",
    "update cluster",
    "validate cluster",
)


def kled(box: Box, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*KLED, *words],
        env=environment(box),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def worker(box: Box, tmp_path: Path) -> Iterator[Box]:
    """Yield a sandbox whose variables a worker has, after `kled deploy`."""
    deployed = kled(box, "deploy")
    assert deployed.returncode == 0, deployed.stderr
    with at_work(box, "kled", tmp_path):
        yield box


def test_a_run_on_a_worker_is_followed_to_its_summary(worker: Box) -> None:
    faults.inject(worker.directory, "throttled", verb="update cluster", calls=1)

    done = kled(worker, *CREATE, "--deployment=default")

    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    ended = [one.strip() for one in lines if ": done in " in one]
    assert [one.partition(":")[0] for one in ended] == [*STEPS, "export kubeconfig"]
    assert any("not yet: the cloud asks to slow down" in one for one in lines)
    assert lines[0].startswith('flow run "create there.example.com" of create-cluster/default: ')
    assert lines[-1] == "state: Completed"
    assert "| validate cluster | done |" in done.stdout
    kubeconfig = worker.settings().home / "kubeconfigs" / "there.example.com"
    assert f"kubectl --kubeconfig={kubeconfig} get nodes" in done.stdout
    assert kubeconfig.stat().st_mode & 0o777 == 0o600


def test_kops_is_heard_where_somebody_asks_for_it(worker: Box) -> None:
    quiet = kled(worker, *CREATE, "--deployment=default")
    loud = kled(worker, *CREATE, "--deployment=default", "--verbose")

    assert "kops: " not in quiet.stderr
    assert "  kops: " in loud.stderr


def test_a_failed_run_ends_as_it_would_end_here(worker: Box) -> None:
    assert kled(worker, *CREATE, "--deployment=default").returncode == 0
    other = [*CREATE[:-1], "node-count=5"]

    here = kled(worker, *other)
    there = kled(worker, *other, "--deployment=default")

    assert here.returncode == there.returncode == 1
    ended = [re.sub(r" --state=[^\s;]+", "", one) for one in there.stderr.splitlines()[-2:]]
    assert ended == here.stderr.splitlines()[-2:]  # a run names its stores, which others' may be
    assert "Traceback" not in there.stderr
    assert "**ClusterDiffers**" in there.stdout


def test_settings_that_the_worker_lacks_are_an_error_of_settings(worker: Box) -> None:
    hetzner = ["name=h.example.com", "cloud=hetzner", "zones=fsn1", "networking=calico"]

    done = kled(worker, "run", "create-cluster", *hetzner, "--deployment=default", "-o", "json")

    assert done.returncode == 2, done.stderr
    assert "HCLOUD_TOKEN" in done.stderr.splitlines()[-2]
    result = json.loads(done.stdout)
    assert (result["error"]["class"], result["error"]["exit_code"]) == ("SettingsError", 2)
    assert [(one["step"], one["outcome"]) for one in result["steps"]][-1:] == [
        ("check settings", "failed")
    ]


def test_who_stops_following_is_told_how_to_cancel(worker: Box) -> None:
    faults.inject(worker.directory, "hang", verb="update cluster")
    following = subprocess.Popen(
        [*KLED, *CREATE, "--deployment=default"],
        env=environment(worker),
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: worker.calls("update") and running(worker), 120)

    following.send_signal(signal.SIGINT)
    words = following.communicate(timeout=60)[1]

    assert following.returncode == 130
    assert running(worker)
    cancel = re.search(r"the flow run goes on; to cancel it: (.*)", words)
    assert cancel
    command = [sys.executable, "-m", *shlex.split(cancel[1])]
    subprocess.run(command, env=environment(worker), check=True, capture_output=True)
    until(lambda: not running(worker), 60)


def test_a_deployment_that_is_not_there_is_a_typing_error(box: Box) -> None:
    done = kled(box, *CREATE, "--deployment=nowhere")

    assert done.returncode == 2
    assert "create-cluster/nowhere is not on the server" in done.stderr
    assert "kled deploy --environment=nowhere" in done.stderr


def test_an_environment_that_tells_nobody_is_refused_before_a_schedule_wakes(box: Box) -> None:
    """Thirteen deployments were made, their schedules awake, and the command ended with 2."""
    unheard = box.directory / "unheard.yaml"
    unheard.write_text("notify: slack-webhook/nobody\n")

    done = kled(box, "deploy", f"--environment={unheard}")

    assert (done.returncode, "there is no block slack-webhook/nobody" in done.stderr) == (2, True)
    with get_client(sync_client=True) as client:
        names = {one.name for one in client.read_deployments()}
    assert "unheard" not in names
