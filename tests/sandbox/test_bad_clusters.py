"""One bad thing stops one thing: a fleet in which clusters are bad in every way is served.

Faults 9-11, 72, 73, 80 and 98: the good ones are all served; each bad one has its row, and one line
that says what is wrong and what to type; one exit status.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kled.cli.kops.get_clusters import get_clusters
from kled.cli.kops.get_instance_groups import get_instance_groups
from kled.cli.kops.get_instances import get_instances
from kled.cli.kops.get_keypairs import get_keypairs
from kled.cli.kops.get_secrets import get_secrets
from kled.cli.kops.validate_cluster import validate_cluster
from kled.cli.plan import plan
from kled.cli.snapshot.create import create
from kled.cli.snapshot.list import list_
from kled.cli.snapshot.restore import restore
from kled.cli.snapshot.verify import verify
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.runner import run
from kled.operations.snapshots.back_up import BackUpState
from tests.sandbox import bad_clusters
from tests.sandbox.bad_clusters import WAYS
from tests.sandbox.desk import Desk
from tests.sandbox.line import Ended, Line, typed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import click

UNLOADABLE = {
    *("garbage", "tag", "nested", "bomb", "empty", "binary", "huge", "other", "kind", "api"),
    *("lost", "fifo", "zero"),
}
"""Ways in which kops cannot load the cluster at all, or waits for it without end."""
FEW = {"tag", "other", "group", "keyset", "lost", "odd", "fifo"}
UNREADABLE = {"group", "sizes", "pipe"}
"""Ways in which kops reads no group for one of them."""
OF_GROUPS = {*UNREADABLE, "groups", "unnamed"}
TAKEN_WHOLE = {"odd"}
"""Its snapshot can be trusted, and one object is not in it."""
COMMAND = re.compile(r"kled snapshot restore --name=(\S+) --snapshot=(\S+) --yes$")
ROW = re.compile(r"warning: \S+\.example\.com: .* --yes$")


def named(way: str) -> str:
    return f"{way}.example.com"


class Fleet:
    """A state store, and its snapshots from before and after it went bad."""

    def __init__(self, root: Path, good: int, ways: Collection[str]) -> None:
        self.desk = Desk(root / "box")
        self.ways = set(ways)
        self.root = root
        (root / "snapshots").mkdir()
        self.desk.env["KLED_SNAPSHOT_STORE"] = (root / "snapshots").as_uri()
        self.desk.create("seed.example.com")
        self.desk.apply("seed.example.com")
        seed = self.desk.state / "seed.example.com"
        self.good = [f"good{number:03d}.example.com" for number in range(good)]
        for name in (*self.good, *self.bad(self.ways)):
            bad_clusters.copy(seed, name)
        shutil.rmtree(seed)

    def bad(self, ways: Collection[str]) -> set[str]:
        """Return the clusters that are bad in these ways, as far as they are there."""
        return {named(way) for way in self.ways & set(ways)}

    @property
    def listed(self) -> list[str]:
        """All that are there."""
        return sorted((*self.good, *self.bad(self.ways)))

    def damage(self) -> None:
        for way in self.ways:
            WAYS[way](self.desk.state / named(way))
        git = self.desk.state / ".git"
        git.mkdir()
        (git / "config").write_text("[core]\n")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((2, FEW), id="few"),
        pytest.param((100 - len(WAYS), WAYS), id="hundred", marks=pytest.mark.slow),
    ],
)
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """A fleet that was snapshotted and went bad since; the slow one has a hundred clusters."""
    made = Fleet(tmp_path_factory.mktemp("fleet"), *request.param)
    back_up(made)
    made.damage()
    yield made
    shutil.rmtree(made.root)


def back_up(fleet: Fleet) -> None:
    with Line(fleet.desk, "table").session() as session:
        run(BackUpState(), session)


def rows(ended: Ended, key: str = "cluster") -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a command's JSON by cluster."""
    document, found = json.loads(ended.stdout), dict[str, list[dict[str, Any]]]()
    for row in document["clusters"] if isinstance(document, dict) else document:
        found.setdefault(row[key], []).append(row)
    return found


def require_told(ended: Ended, fleet: Fleet, bad: set[str], key: str = "cluster") -> None:
    """The good ones are served; the bad ones have a row with words and with what to type."""
    found = rows(ended, key)
    assert set(fleet.good) <= set(found)
    assert ".git" not in found
    troubled = {name for name, those in found.items() for row in those if row.get("mend")}
    assert troubled == fleet.bad(bad)
    for name in troubled:
        (row,) = [row for row in found[name] if row.get("mend")]
        (line,) = ended.about(name)
        assert row["mend"] in line
        assert f"kled snapshot restore --name={name}" in line or "move it out" in line


LISTS = [
    (get_instance_groups, UNLOADABLE | OF_GROUPS | {"spec"}),
    (get_secrets, UNLOADABLE),
    (get_keypairs, UNLOADABLE | {"keyset"}),
]


def test_clusters_are_listed_in_each_form(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:  # faults 11, 98
    found = typed(capsys, fleet.desk, get_clusters, output="json")
    table = typed(capsys, fleet.desk, get_clusters)
    text = typed(capsys, fleet.desk, get_clusters, output="yaml")

    require_told(found, fleet, UNLOADABLE, key="name")
    assert (found.status, table.status, text.status) == (1, 1, 1)
    assert [line.split()[0] for line in table.stdout.splitlines()[1:]] == fleet.listed
    assert yaml.safe_load(text.stdout) == json.loads(found.stdout)
    number = f"{len(fleet.bad(UNLOADABLE))} of {len(fleet.listed)}"
    assert f"{number} clusters cannot be read" in found.stderr


@pytest.mark.parametrize(("command", "bad"), LISTS, ids=[one.name or "" for one, _ in LISTS])
def test_what_belongs_to_the_clusters_is_listed(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], command: click.Command, bad: set[str]
) -> None:  # faults 10, 72
    found = typed(capsys, fleet.desk, command, output="json")

    assert found.status == 1
    require_told(found, fleet, bad)


def test_instances_of_the_good_ones_are_listed(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:  # fault 72
    found = typed(capsys, fleet.desk, get_instances, output="json")

    assert found.status == 1
    troubled = {name for name, those in rows(found).items() if those[0].get("mend")}
    assert troubled >= fleet.bad(UNLOADABLE | UNREADABLE)
    assert not troubled & set(fleet.good)
    assert all(len(found.about(name)) == 1 for name in troubled)


@pytest.mark.parametrize("command", [plan, validate_cluster], ids=["plan", "validate-cluster"])
def test_all_clusters_are_planned_and_validated(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], command: click.Command
) -> None:
    found = typed(capsys, fleet.desk, command, output="json")

    answers = {name: row for name, (row,) in rows(found).items()}
    assert found.status == 1
    assert sorted(answers) == fleet.listed
    for name in fleet.bad(UNLOADABLE | UNREADABLE):
        assert answers[name]["state"] in {"unreadable", "refused"}
        (line,) = found.about(name)
        assert f"kled snapshot restore --name={name}" in line
    assert all(answers[name]["state"] != "unreadable" for name in fleet.good)


def test_a_lost_definition_is_found_though_kops_does_not_list_it(fleet: Fleet) -> None:
    with Line(fleet.desk, "table").session() as session:
        (lost,) = [one for one in listed_clusters(session) if one.name == named("lost")]

        assert "its config is gone" in lost.problem


def test_all_are_snapshotted_and_each_bad_one_says_what_puts_it_back(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:  # faults 9, 80
    found = typed(capsys, fleet.desk, create, output="json", everything=True, etcd_backups=1)
    shown = typed(capsys, fleet.desk, create, everything=True, etcd_backups=1)

    assert (found.status, shown.status) == (1, 1)
    require_told(found, fleet, fleet.ways)
    for name, (row,) in rows(found).items():
        assert row["trusted"] is (name in {*fleet.good, *fleet.bad(TAKEN_WHOLE)})
    first = [line.split()[0] for line in shown.stdout.splitlines()[1:]]
    assert first == [*sorted(fleet.bad(fleet.ways)), *fleet.good]
    number = f"{len(fleet.ways)} of {len(first)}"
    assert f"{number} clusters have something wrong" in found.stderr


def test_snapshots_are_listed_and_verified(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(capsys, fleet.desk, create, everything=True, etcd_backups=1)

    kept = typed(capsys, fleet.desk, list_, output="json")
    checked = typed(capsys, fleet.desk, verify, output="json", everything=True, level="1")

    newest = {name: those[-1] for name, those in rows(kept).items()}
    assert (kept.status, checked.status) == (0, 4)
    bad = fleet.bad(fleet.ways - TAKEN_WHOLE)
    assert {name for name, row in newest.items() if not row["trusted"]} == bad
    proved = {name: row["trustworthy"] for name, (row,) in rows(checked).items()}
    assert {name for name, trusted in proved.items() if not trusted} == bad


def test_what_the_lines_say_puts_each_cluster_back(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person at night types what stands there. It changes the fleet: the last test of it."""
    found = typed(capsys, fleet.desk, create, output="json", everything=True, etcd_backups=1)
    for way, key in bad_clusters.IRREGULAR.items():
        if way in fleet.ways:  # as the line says
            (fleet.desk.state / named(way) / key).unlink()
    commands = [COMMAND.findall(line)[0] for line in found.stderr.splitlines() if ROW.match(line)]
    assert len(commands) == len(fleet.ways - TAKEN_WHOLE)

    for name, snapshot in commands:
        done = typed(capsys, fleet.desk, restore, name=name, snapshot=snapshot, yes=True)
        assert done.status == 0, done.stderr

    after = typed(capsys, fleet.desk, create, output="json", everything=True, etcd_backups=1)
    assert {name for name, (row,) in rows(after).items() if row["mend"]} == fleet.bad(TAKEN_WHOLE)
    listed = typed(capsys, fleet.desk, get_clusters)
    assert listed.status == 0, listed.stderr


def test_what_a_snapshot_does_not_have_is_to_be_moved_out(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """A restore leaves what it does not know: as a hint it would cure nothing."""
    name = fleet.good[0]
    stray = fleet.desk.state / name / "instancegroup" / "stray"
    stray.write_text("x: [")

    found = typed(capsys, fleet.desk, create, output="json", names=(name,), etcd_backups=1)

    row = json.loads(found.stdout)
    assert found.status == 4
    assert f"{name}/instancegroup/stray is, and move it out" in row["mend"]
    stray.unlink()
    assert typed(capsys, fleet.desk, create, names=(name,), etcd_backups=1).status == 0
