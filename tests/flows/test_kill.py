"""A flow run that is killed leaves no kops behind, and the next run ends in the same cluster."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from prefect.settings import PREFECT_API_URL

from kled.sandbox import faults
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import create

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
RUN = (sys.executable, "-m", "kled", "run", "create-cluster", "name=flow.example.com")
ARGUMENTS = ("cloud=aws", "zones=us-east-1a", "node-count=2")


def start(box: Box) -> "subprocess.Popen[bytes]":
    url = PREFECT_API_URL.value()
    assert url
    env = os.environ | box.env | {"PREFECT_API_URL": url, "KLED_LEASE_TTL": "5"}
    target = f"kubeconfig={box.directory / 'kubeconfig'}"
    return subprocess.Popen([*RUN, *ARGUMENTS, target], env=env, stderr=subprocess.DEVNULL)


def running(box: Box) -> list[psutil.Process]:
    """Return the kops processes of this sandbox that are alive (a zombie is not).

    The sandbox's Kubernetes API outlives the kops that started it.
    """
    kops = []
    for one in psutil.process_iter():
        try:
            mine = one.environ().get("KLED_SANDBOX") == str(box.directory)
            words = " ".join(one.cmdline())
            simulated = "kled.sandbox" in words or str(box.directory / "bin" / "kops") in words
            serves = "kled.sandbox.kubernetes" in words
            if mine and simulated and not serves and one.status() != psutil.STATUS_ZOMBIE:
                kops.append(one)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return kops


def until(true: Callable[[], object], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_kops_dies_with_the_run_and_the_next_run_finishes_the_work(
    box: Box, memory: Memory, tmp_path: Path, number: signal.Signals
) -> None:
    faults.inject(box.directory, "hang", verb="update cluster")
    killed = start(box)
    until(lambda: box.calls("update") and running(box))

    killed.send_signal(number)
    killed.wait(30)

    until(lambda: not running(box), 15)
    faults.clear(box.directory)
    state = create(box, memory)
    assert state.is_completed(), state.message
    words = {row["step"]: row["words"] for row in state.result()["steps"]}
    assert words["store definition"] == "already stored; attached"
