"""Faults of the sandbox, as `kled sandbox break` injects them."""

from pathlib import Path

from tests.boxes import make_box

NAME = "--name=late.example.com"


def test_nodes_that_had_joined_stay_when_new_ones_never_do(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    created = box.kled("kops", "create-cluster", NAME, "--zones=us-east-1a", "--yes")
    assert created.returncode == 0, created.stderr
    ready = box.kled("kops", "validate-cluster", NAME, "--wait=10m")
    assert ready.returncode == 0, ready.stderr

    box.kled("sandbox", "break", f"--dir={box.directory}", "never-joins")
    still = box.kled("kops", "validate-cluster", NAME)
    assert still.returncode == 0, still.stderr

    box.kled("kops", "scale-instance-group", NAME, "--instance-group=nodes", "--min=2", "--max=2")
    box.kled("kops", "update-cluster", NAME, "--yes")
    more = box.kled("kops", "validate-cluster", NAME)
    assert more.returncode == 3, more.stdout
    assert "has not yet joined cluster" in more.stdout + more.stderr
