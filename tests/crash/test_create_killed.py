"""A create that is killed anywhere, and run again, ends as an undisturbed one."""

import json
import re
from pathlib import Path

import pytest

from tests.boxes import Box, make_box

CREATE = (
    "kops",
    "create-cluster",
    "--name=killed.example.com",
    "--zones=us-east-1a,us-east-1b",
    "--node-count=3",
    "--kubeconfig=kubeconfig",
    "--yes",
)
_VOLATILE = re.compile(rb'creationTimestamp: .*|"creationTimestamp": .*')


def outcome(box: Box) -> dict[str, object]:
    """Return what an operator would compare: definition, keys of the store, cloud, kubeconfig."""
    state = box.state()
    definition = {
        key: _VOLATILE.sub(b"", body)
        for key, body in state.items()
        if key.endswith("/config") or "/instancegroup/" in key
    }
    dump = json.loads(box.kops("toolbox", "dump", "--name=killed.example.com", "-o", "json").stdout)
    return {
        "keys": [re.sub(r"[0-9a-f]{32}", "MD5", key) for key in state],
        "definition": {
            key: body.replace(str(box.directory).encode(), b"BOX")
            for key, body in definition.items()
        },
        "resources": sorted(resource["type"] for resource in dump["resources"]),
        "kubeconfig mode": oct((box.directory / "kubeconfig").stat().st_mode & 0o777),
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], int]:
    box = make_box(tmp_path_factory.mktemp("undisturbed") / "box")
    done = box.kled(*CREATE)
    assert done.returncode == 0, done.stderr
    return outcome(box), len(box.calls())


def killed_after(directory: Path, call: int) -> Box:
    """Run a create whose kled is killed after its `call`-th kops call."""
    box = make_box(directory / "box", after_call=f'[ "$n" = {call} ] && kill -9 $PPID')
    done = box.kled(*CREATE)
    assert done.returncode == -9, f"call {call}: {done.stderr}"
    return box


def check_rerun(box: Box, expected: dict[str, object]) -> None:
    again = box.kled(*CREATE)
    assert again.returncode == 0, again.stderr
    assert outcome(box) == expected


@pytest.mark.parametrize("from_the_end", [0, 2])
def test_a_create_killed_late_ends_like_an_undisturbed_one(
    tmp_path: Path, undisturbed: tuple[dict[str, object], int], from_the_end: int
) -> None:
    expected, calls = undisturbed

    check_rerun(killed_after(tmp_path, calls - from_the_end), expected)


@pytest.mark.slow
def test_a_create_killed_after_any_kops_call_ends_like_an_undisturbed_one(
    tmp_path: Path, undisturbed: tuple[dict[str, object], int]
) -> None:
    expected, calls = undisturbed

    for call in range(1, calls + 1):
        check_rerun(killed_after(tmp_path / str(call), call), expected)


@pytest.mark.parametrize("writes", [0, 1, 2, 4])
def test_a_kops_that_dies_while_storing_is_completed_by_the_next_run(
    tmp_path: Path, undisturbed: tuple[dict[str, object], int], writes: int
) -> None:
    box = make_box(tmp_path / "box")
    box.kled("sandbox", "break", f"--dir={box.directory}", "die-after", f"writes={writes}")
    first = box.kled(*CREATE)
    assert first.returncode != 0
    box.kled("sandbox", "break", f"--dir={box.directory}", "--clear")

    check_rerun(box, undisturbed[0])
