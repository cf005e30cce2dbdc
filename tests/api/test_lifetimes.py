"""A program that dies in the middle of a change leaves the cluster free, and goes on next time."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.worlds import C, kled_of, lease_of, stored_cluster
from tests.processes import eventually

UPDATE = (
    "import os\nfrom kled.api import Kled\n"
    f"Kled.from_environment(os.environ).clusters.update({C!r})\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("sent", ["KILL", "INT"])
def test_a_killed_program_leaves_no_lease(tmp_path: Path, sent: str) -> None:
    box = stored_cluster(
        tmp_path, after_call=f'case "$*" in "update cluster"*--yes*) kill -{sent} $PPID;; esac'
    )

    done = subprocess.run([sys.executable, "-c", UPDATE], env=box.env, check=False, cwd=tmp_path)

    assert done.returncode == -getattr(signal, f"SIG{sent}")
    eventually(lambda: lease_of(box).state == "released")
    box.env["KLED_KOPS"] = str(box.directory / "bin" / "kops")
    kled_of(box).clusters.update(C)
    assert kled_of(box).clusters.plan_update(C).is_empty
