"""What a cluster is known by stays, with the real kops and with the simulated one. K4.

Each test does something to the state store behind kled's back, sees every change and its preview
refused, types what the refusal says, and sees the cluster as it was.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.boxes import make_box
from tests.e2e.identity_sites import NAMED, NEIGHBOUR, C, Site, real, simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

PLANE = "control-plane-us-east-1a"
UPDATE = ("kops", "update-cluster", NAMED)
CHANGES = ((*UPDATE, "--yes"), ("kops", "rolling-update", NAMED, "--cloudonly", "--yes"))
RESTORE = "kled snapshot restore"


@pytest.fixture(scope="module", params=["simulated", pytest.param("real", marks=pytest.mark.kops)])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two applied clusters, each with a snapshot."""
    directory = tmp_path_factory.mktemp("site")
    if request.param == "simulated":
        site = simulated(make_box(directory / "box"))
    else:
        env: dict[str, str] = request.getfixturevalue("kled_env")
        site = real(request.getfixturevalue("real_cloud"), env, directory)
    site.begin()
    return site


@pytest.fixture
def site(made: Site) -> Iterator[Site]:
    """The same, as it was for the next test."""
    before = made.objects()
    yield made
    made.put_back(before)
    assert json.loads(made.must(*UPDATE, "-o", "json").stdout)["changes"] == []


def require_refused(site: Site, words: str) -> Any:
    """See that nothing goes on, whatever is typed; return the refusal of the update."""
    said = [site.refused(*change, "--no-snapshot") for change in CHANGES]
    preview = site.kled(*UPDATE)
    assert preview.returncode == 6 or "REFUSED: " in preview.stderr, preview.stderr
    for done in (*said, preview):
        assert words in " ".join(done.stderr.split()), done.stderr
    return said[0]


def rename_member(spec: Any) -> None:
    spec["etcdClusters"][0]["etcdMembers"][0]["name"] = "z"


def rename_etcd(spec: Any) -> None:
    spec["etcdClusters"][0]["name"] = "mainx"


EDIT = "kled kops edit-cluster"
RENAMES: dict[str, tuple[Callable[[Any], None], str, str]] = {
    "a member": (rename_member, "lives by member a of etcd cluster main", EDIT),
    "an etcd cluster": (rename_etcd, "lives by etcd cluster main", RESTORE),
}


@pytest.mark.parametrize("what", RENAMES)
def test_a_renamed_etcd_is_named_again_as_the_refusal_says(site: Site, what: str) -> None:
    rename, words, command = RENAMES[what]
    site.edit("config", lambda found: rename(found["spec"]))

    done = require_refused(site, words)

    site.type_hint(done, command)
    site.must(*UPDATE, "--yes")


@pytest.mark.parametrize(
    "text", ["spec.etcdClusters[0].etcdMembers[0].name=z", "spec.etcdClusters[0].name=mainx"]
)
def test_an_edit_renames_no_etcd(site: Site, text: str) -> None:
    done = site.refused("kops", "edit-cluster", NAMED, f"--set={text}")

    assert "nothing was stored" in done.stderr


def test_keysets_under_former_names_are_put_back(site: Site) -> None:
    """kops goes on with them, and no other reader of the state store would."""
    for name, former in (("kubernetes-ca", "ca"), ("service-account", "master")):
        key = f"{C}/pki/private/{name}/keyset.yaml"
        site.store.write(f"{C}/pki/private/{former}/keyset.yaml", site.store.read(key))
        site.store.remove(key)

    done = require_refused(site, "renamed to its former name: pki/private/ca/keyset.yaml")

    site.type_hint(done, RESTORE)
    site.must(*UPDATE, "--yes")


def test_secrets_with_a_neighbours_values_are_put_back(site: Site) -> None:
    for name in ("admin", "kubelet"):
        site.store.write(f"{C}/secrets/{name}", site.store.read(f"{NEIGHBOUR}/secrets/{name}"))

    done = require_refused(site, "the values that are stored as secrets admin, kubelet")

    site.type_hint(done, RESTORE)
    site.must(*UPDATE, "--yes")


@pytest.mark.parametrize("body", [b"", b'{"Data":"\xe4"}'])
def test_damaged_secrets_are_put_back(site: Site, body: bytes) -> None:
    """kops tries one that it cannot read again for ten minutes, in its previews, too."""
    site.store.write(f"{C}/secrets/admin", body)

    done = require_refused(site, "cannot live by what is stored")

    site.type_hint(done, RESTORE)
    site.must(*UPDATE, "--yes")


def another_group(site: Site) -> None:
    site.edit(
        "config",
        lambda found: [
            member.update(instanceGroup="plane-b")
            for etcd in found["spec"]["etcdClusters"]
            for member in etcd["etcdMembers"]
        ],
    )
    body = site.store.read(f"{C}/instancegroup/{PLANE}")
    moved = body.replace(b"- us-east-1a", b"- us-east-1b").replace(PLANE.encode(), b"plane-b")
    site.store.write(f"{C}/instancegroup/plane-b", moved)


def other_subnets(site: Site) -> None:
    site.edit(f"instancegroup/{PLANE}", lambda found: found["spec"].update(subnets=["us-east-1b"]))


def another_zone_of_the_subnet(site: Site) -> None:
    site.edit("config", lambda found: found["spec"]["subnets"][0].update(zone="us-east-1b"))


@pytest.mark.parametrize("move", [another_group, other_subnets, another_zone_of_the_subnet])
def test_a_member_of_etcd_stays_in_its_zone(site: Site, move: Callable[[Site], None]) -> None:
    move(site)

    done = require_refused(site, "in us-east-1b (instance group")

    assert f"instance group {PLANE} in us-east-1a" in " ".join(done.stderr.split())
    if move is not another_group:  # a restore leaves the new group, and kops wants a member on it
        site.type_hint(done, RESTORE)
        site.must(*UPDATE, "--yes")


def test_an_edit_of_the_group_or_the_cluster_moves_no_member(site: Site) -> None:
    group = ("kops", "edit-instance-group", NAMED, f"--instance-group={PLANE}")
    there = ("--unset=spec.subnets", "--set=spec.subnets=us-east-1b")

    for words in (
        (*group, *there),
        ("kops", "edit-cluster", NAMED, "--set=spec.subnets[0].zone=us-east-1b"),
        (
            *("kops", "edit-cluster", NAMED),
            "--set=spec.etcdClusters[0].etcdMembers[0].instanceGroup=nodes-us-east-1b",
        ),
    ):
        assert "nothing was stored" in site.refused(*words).stderr

    site.must(
        *group, *there[:1], "--set=spec.subnets=us-east-1a", "--set=spec.machineType=t3.large"
    )


def test_a_scheduled_snapshot_of_a_moved_member_is_not_what_it_is_held_against(site: Site) -> None:
    other_subnets(site)

    taken = site.kled("snapshot", "create", NAMED, "--output=json")

    assert (taken.returncode, json.loads(taken.stdout)["level"]) == (4, 0)
    require_refused(site, "in us-east-1b (instance group")
    site.must("snapshot", "restore", NAMED, "--snapshot=latest", "--class=intent", "--yes")
    site.must(*UPDATE, "--yes")


def test_a_control_plane_grows_from_one_member_to_three(site: Site) -> None:
    """Last of its kind: what is new stays until the next test's state is put back."""
    create = ("kops", "create-instance-group", NAMED, "--role=control-plane")
    for zone in "bc":
        site.must(*create, f"--instance-group=plane-{zone}", "--subnet=us-east-1b")
    sets = [
        f"--set=spec.etcdClusters[{etcd}].etcdMembers[{at}].{field}={value}"
        for etcd in (0, 1)
        for at, zone in enumerate("bc", 1)
        for field, value in (("name", zone), ("instanceGroup", f"plane-{zone}"))
    ]
    site.must("kops", "edit-cluster", NAMED, *sets)

    shown = json.loads(site.must(*UPDATE, "-o", "json").stdout)

    assert not shown.get("refused")
    assert any("plane-c" in one["name"] for one in shown["changes"])
