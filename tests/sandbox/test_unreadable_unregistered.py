"""The way out of a definition that cannot be read: `delete-cluster --unregister` (fault 11)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from kled.cli.kops.delete_cluster import delete_cluster
from kled.cli.kops.get_clusters import get_clusters
from kled.cli.snapshot.restore import restore
from kled.operations.guards import own_places
from tests.sandbox import bad_clusters
from tests.sandbox.bad_clusters import WAYS
from tests.sandbox.desk import Desk
from tests.sandbox.line import Ended, Line, typed

if TYPE_CHECKING:
    from pathlib import Path

BAD, GOOD = "bad.example.com", "good.example.com"
BY_KLED = ("garbage", "empty", "huge", "nested", "binary", "kind", "api", "other", "lost")
FEW = ("garbage", "other", "lost", "sizes")
BY_KOPS = ("group", "sizes")
"""The cluster's own object is whole: kops reads no more of it, and its labels are known."""


class World:
    def __init__(self, root: Path, *, kept: bool) -> None:
        self.desk = Desk(root / "box")
        (root / "snapshots").mkdir()
        if kept:
            self.desk.env["KLED_SNAPSHOT_STORE"] = (root / "snapshots").as_uri()
        self.desk.create(GOOD)
        self.desk.apply(GOOD)
        self.place = bad_clusters.copy(self.desk.state / GOOD, BAD)

    def files(self, name: str) -> dict[str, bytes]:
        place = self.desk.state / name
        files = (one for one in place.rglob("*") if one.is_file())
        return {one.relative_to(place).as_posix(): one.read_bytes() for one in files}

    def typed(self, capsys: pytest.CaptureFixture[str], **options: Any) -> Ended:
        given = {"name": BAD, "unregister": True, "with_resources_of": (), **options}
        return typed(capsys, self.desk, delete_cluster, **given)


@pytest.mark.parametrize(
    "way",
    [
        *FEW,
        *(
            pytest.param(way, marks=pytest.mark.slow)
            for way in (*BY_KLED, *BY_KOPS)
            if way not in FEW
        ),
    ],
)
def test_it_goes_with_its_confirmation_and_comes_back_byte_by_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    world = World(tmp_path, kept=True)
    WAYS[way](world.place)
    was, good, cloud = world.files(BAD), world.files(GOOD), world.desk.cloud()

    preview = world.typed(capsys)
    refused = world.typed(capsys, yes=True)
    done = world.typed(capsys, yes=True, confirm=BAD) if way in BY_KLED else refused

    assert preview.status == 0
    assert f'cluster "{BAD}" cannot be read' in preview.stderr
    if way in BY_KLED:
        assert f"--unregister --yes --confirm={BAD}" in preview.stderr
        assert refused.status == 6
        assert "its definition cannot be read, which may have labelled it so" in refused.stderr
    assert done.status == 0
    assert not {key for key in world.files(BAD) if not key.startswith("backups/")}
    assert (world.files(GOOD), world.desk.cloud()) == (good, cloud)
    (snapshot,) = set(re.findall(r"snapshot (2\d+T\d+Z-\w+)", done.stderr))
    back = typed(
        capsys,
        world.desk,
        restore,
        name=BAD,
        snapshot=snapshot,
        untrusted=True,
        yes=True,
        confirm=BAD,
        with_control=True,
    )
    assert back.status == 0
    there = world.files(BAD)
    counted = re.compile(rb"\n  generation: \d+")  # goes on where no epoch knew of the cluster
    lost = {key: counted.sub(b"", body) for key, body in there.items()} if way == "lost" else there
    assert {key: body for key, body in was.items() if lost.get(key) != body} == {}


def test_without_a_snapshot_store_it_goes_too_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, kept=False)
    WAYS["garbage"](world.place)

    done = world.typed(capsys, yes=True, confirm=BAD)

    assert done.status == 0
    assert "NO SNAPSHOT is taken" in done.stderr
    assert world.files(BAD) == {}


def test_a_protected_name_needs_its_snapshot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, kept=False)
    WAYS["garbage"](world.place)
    world.desk.env["KLED_PROTECTED"] = "bad.*"

    for confirm, words in ((None, "protected pattern"), (BAD, "no snapshot store is configured")):
        ended = world.typed(capsys, yes=True, confirm=confirm)
        assert (ended.status, words in ended.stderr) == (6, True)
    assert world.files(BAD)


def test_what_is_no_object_of_kops_stops_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, kept=False)
    WAYS["garbage"](world.place)
    (world.place / "notes").write_text("mine")

    ended = world.typed(capsys, yes=True, confirm=BAD)

    assert (ended.status, "is not an object of kops" in ended.stderr) == (6, True)
    assert "config" in world.files(BAD)


def test_a_deletion_of_it_names_this_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, kept=False)
    WAYS["garbage"](world.place)

    ended = world.typed(capsys, unregister=False, yes=True, confirm=BAD)

    assert ended.status == 1
    assert f"kled kops delete-cluster --name={BAD} --unregister" in ended.stderr
    assert world.files(BAD)


def test_another_clusters_keys_below_it_stop_it(tmp_path: Path) -> None:
    world = World(tmp_path, kept=False)
    config = world.desk.state / GOOD / "config"
    text = config.read_text().replace(f"/{GOOD}\n", f"/{BAD}/of-the-other\n")
    assert text != config.read_text()
    config.write_text(text)
    WAYS["lost"](world.place)

    with Line(world.desk, "table").session() as session, pytest.raises(Exception, match=GOOD):
        own_places.require(session, BAD, deletes=True)


def test_the_list_names_the_cluster_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, kept=False)
    WAYS["lost"](world.place)
    assert typed(capsys, world.desk, get_clusters).status == 1

    world.typed(capsys, yes=True, confirm=BAD)

    assert typed(capsys, world.desk, get_clusters).status == 0
