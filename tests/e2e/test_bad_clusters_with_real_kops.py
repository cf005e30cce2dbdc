"""One bad thing stops one thing, as the real kops reads it (faults 9-11, 62, 72, 73, 80, 98).

The same ways to be bad as in the sandbox, in a directory that the real kops reads; its cloud is
asked for machines alone.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox import bad_clusters
from tests.sandbox.bad_clusters import IRREGULAR, WAYS
from tests.sandbox.desk import Desk
from tests.sandbox.test_bad_clusters import OF_GROUPS, TAKEN_WHOLE, UNLOADABLE, named

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kops
GOOD = ["good000.example.com", "good001.example.com"]
ELSEWHERE = "elsewhere.example.com"
"""A good one, in a cloud that nobody here may ask."""
COMMAND = re.compile(r"kled (snapshot restore --name=\S+ --snapshot=\S+ --yes)$", re.MULTILINE)


class Fleet:
    """A directory that the real kops takes for its state store."""

    def __init__(self, root: Path, kled_env: dict[str, str]) -> None:
        desk = Desk(root / "box")
        desk.create("seed.example.com")
        desk.apply("seed.example.com")
        self.state = desk.state
        for name in (*GOOD, ELSEWHERE, *map(named, WAYS)):
            bad_clusters.copy(self.state / "seed.example.com", name)
        shutil.rmtree(self.state / "seed.example.com")
        (root / "snapshots").mkdir()
        self.env = kled_env | {
            "KOPS_STATE_STORE": self.state.as_uri(),
            "KLED_SNAPSHOT_STORE": (root / "snapshots").as_uri(),
        }

    def damage(self) -> None:
        for way, spoil in WAYS.items():
            spoil(self.state / named(way))
        config = self.state / ELSEWHERE / "config"
        config.write_text(config.read_text().replace("cloudProvider: aws", "cloudProvider: gce"))
        (self.state / ".git").mkdir()
        (self.state / ".git" / "config").write_text("[core]\n")

    def kled(self, *words: str, status: int) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "kled", *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == status, (words, done.stdout[-2000:], done.stderr[-3000:])
        assert "Traceback" not in done.stderr
        return done

    def listed(self, command: str, key: str = "cluster") -> tuple[set[str], set[str]]:
        """Return the clusters that a command shows, and those that it says are bad."""
        done = self.kled("kops", command, "--output=json", status=1)
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        bad = {row[key] for row in rows if row.get("mend")}
        for name in bad:
            (line,) = [one for one in done.stderr.splitlines() if one.startswith(f"{name}: ")]
            assert next(row["mend"] for row in rows if row[key] == name and "mend" in row) in line
        return {row[key] for row in rows}, bad


@pytest.fixture(scope="module")
def fleet(kled_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    made = Fleet(tmp_path_factory.mktemp("fleet"), kled_env)
    made.kled("snapshot", "create", "--all", status=0)
    made.damage()
    return made


def bad(*ways: set[str]) -> set[str]:
    return {named(way) for those in ways for way in those}


def test_every_list_serves_the_good_and_names_the_bad(fleet: Fleet) -> None:
    there = {*GOOD, ELSEWHERE, *map(named, WAYS)}

    assert fleet.listed("get-clusters", "name") == (there, bad(UNLOADABLE))
    found, troubled = fleet.listed("get-instance-groups")
    assert (found, troubled) == (there, bad(UNLOADABLE, OF_GROUPS, {"spec"}))
    _, troubled = fleet.listed("get-secrets")
    assert troubled == bad(UNLOADABLE)
    _, troubled = fleet.listed("get-keypairs")
    assert troubled == bad(UNLOADABLE, {"keyset"})


def test_the_machines_of_all_are_asked_for_though_one_cloud_does_not_answer(fleet: Fleet) -> None:
    _, troubled = fleet.listed("get-instances")  # fault 72

    assert troubled >= {ELSEWHERE, *bad(UNLOADABLE, {"group"})}
    assert not troubled & set(GOOD)


def test_all_are_copied_and_put_back_by_what_the_lines_say(fleet: Fleet) -> None:
    found = fleet.kled("snapshot", "create", "--all", status=1)
    commands = COMMAND.findall(found.stderr)
    assert len(commands) == len(WAYS.keys() - TAKEN_WHOLE)

    for way, key in IRREGULAR.items():
        assert f"{named(way)}/{key} away, then put back" in found.stderr
        (fleet.state / named(way) / key).unlink()
    for words in commands:
        fleet.kled(*words.split(), status=0)

    after = json.loads(fleet.kled("snapshot", "create", "--all", "-o", "json", status=1).stdout)
    assert {row["cluster"] for row in after["clusters"] if row["mend"]} == bad(TAKEN_WHOLE)
    assert all(row["level"] == 2 for row in after["clusters"])
    fleet.kled("kops", "get-clusters", status=0)
