"""Fault 102, with a cluster and a kops that answers: odd values end in words there, too."""

import os
import random
import shutil
from pathlib import Path
from typing import Final

import click
import pytest

from tests.boxes import Box
from tests.unit.cli.odd_words import ODD
from tests.unit.cli.test_any_words import end_of, given, says_why
from tests.unit.cli.test_every_option import COMMANDS

NAME: Final = "--name=c.example.com"
GROUP: Final = "--instance-group=nodes-us-east-1a"
LEFT_OUT: Final = {"state", "config", "snapshot_store", "lease_wait", "no_lease", "name"}
VERBS: Final = sorted(
    path.removeprefix("kled kops ")
    for path in COMMANDS
    if path.startswith("kled kops ") and path != "kled kops install"
)
FIELDS: Final = (
    *(
        "spec.minSize",
        "spec.image",
        "spec.taints",
        "spec.nodeLabels.a",
        "spec.subnets[0]",
        "spec.x",
    ),
    *("spec.subnets[²]", "spec.subnets.0", "spec.subnets.x", "spec.cloudLabels.a/b", "spec.role"),
    *(
        "metadata.labels.x",
        "spec",
        "metadata",
        "kind",
        "spec.machineType",
        "spec.subnets[-1]",
        "spec.*",
    ),
    *(
        "spec.rootVolume.size",
        "spec.subnets[99999999999999999999]",
        "spec.subnets[*]",
        "spec.a.b.c",
    ),
)


def line(chance: random.Random) -> list[str]:
    if chance.random() < 0.2:
        path = chance.choice(FIELDS)
        change = chance.choice((f"--set={path}={chance.choice(ODD)}", f"--unset={path}"))
        return ["kops", "edit-instance-group", NAME, GROUP, change]
    verb = chance.choice(VERBS)
    words = ["kops", verb, NAME]
    for option in COMMANDS[f"kled kops {verb}"].params:
        if option.name in LEFT_OUT:
            continue
        if isinstance(option, click.Argument):
            words.append(chance.choice(ODD))
        elif option.name in {"group", "instance_group"} and chance.random() < 0.7:
            words.append(f"{option.opts[0]}=nodes")
        elif chance.random() < (0.8 if option.required else 0.2):
            words += given(chance, option, option.opts[0])
    return words


@pytest.mark.slow
def test_lines_about_a_cluster_end_in_words(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert box.kled("kops", "create-cluster", NAME, "--zones=us-east-1a", "--yes").returncode == 0
    state = box.directory / "state"
    kept = shutil.copytree(state, tmp_path / "kept")
    for name in list(os.environ):
        if not name.startswith(("PYTEST_", "COVERAGE_", "PYTHON", "KLED_TEST_")):
            monkeypatch.delenv(name)
    for name, value in (box.env | {"EDITOR": "true"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    seed = int(os.environ.get("KLED_TEST_SEED", "102"))
    chance = random.Random(seed)  # noqa: S311 - to be drawn again

    for number in range(int(os.environ.get("KLED_TEST_LINES", "60"))):
        words = line(chance)
        code, _, err = end_of(words, capsys, within=60)
        assert not code or says_why(err), (words, err)
        if number % 20 == 19:  # something may have been deleted
            shutil.rmtree(state)
            shutil.copytree(kept, state)
