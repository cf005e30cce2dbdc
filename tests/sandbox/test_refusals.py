"""What kops refuses, and what it takes although it looks wrong, as recorded (faults 30, 64, 78).

The lines of N-re-* and R-* stand in test_comparison.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.desk import Desk
from tests.sandbox.recorded import CAPTURES

R, GROUP = "r.example.com", "nodes-us-east-1a"
ROWS = json.loads((CAPTURES / "set-fields.json").read_text())
CHECKED_BY_VALUE = ("Error: error populating", "Error: validation failed")
UNLIKE = "spec.authentication.oidc.clientID=x"
"""kops leaves an empty `authentication.oidc` behind, the sandbox does not."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "box")
    desk.must("create", "cluster", f"--name={R}", "--zones=us-east-1a", "--cloud=aws", "--dns=none",
              "--node-count=1", "--kubernetes-version=1.36.0")  # fmt: skip
    return desk


@pytest.mark.parametrize("words", [("--node-count=-1",), ("--node-count=3",)])
def test_a_count_below_zero_is_no_fault(desk: Desk, words: tuple[str, ...]) -> None:
    done = desk.run(
        "create", "cluster", "--name=q.example.com", "--zones=us-east-1a", "--cloud=aws", *words
    )

    assert done.returncode == 0, done.stderr


def stored(desk: Desk, key: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((desk.state / R / key).read_text())["spec"]
    return found


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["set"] != UNLIKE and not row["error"].startswith(CHECKED_BY_VALUE)],
    ids=lambda row: row["set"],
)
def test_every_recorded_path_is_set_or_refused(desk: Desk, row: dict[str, Any]) -> None:
    of_cluster = row["kind"] == "Cluster"
    key = "config" if of_cluster else f"instancegroup/{GROUP}"
    before = stored(desk, key)
    words = ("cluster",) if of_cluster else ("ig", GROUP)

    done = desk.run("edit", *words, f"--name={R}", f"--set={row['set']}")

    assert done.returncode == row["rc"], done.stderr
    assert not row["error"] or done.stderr.strip().splitlines()[-1] == row["error"]
    after = stored(desk, key)
    changed = {
        field: after.get(field)
        for field in before.keys() | after.keys()
        if before.get(field) != after.get(field)
    }
    wanted = row.get("stored", {})
    assert changed.keys() == wanted.keys()
    for field in ("rootVolumeSize", "associatePublicIp", "maxSize", "kubelet", "masterKubelet"):
        assert changed.get(field) == wanted.get(field)


def test_another_name_writes_over_the_object_of_that_name(desk: Desk) -> None:  # fault 64
    desk.create("x.example.com")

    desk.must("edit", "cluster", f"--name={R}", "--set=metadata.name=x.example.com")

    assert f"configBase: {desk.state}/{R}" in (desk.state / "x.example.com/config").read_text()
