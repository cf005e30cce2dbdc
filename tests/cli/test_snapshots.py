"""`kled snapshot`: what is typed, what is printed, and how it ends."""

import json
import os
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import yaml
from pyrage import x25519

from kled.retry import Clock
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents.keys import Keys
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotStore
from kled.storage.base import Location
from kled.storage.url import open_store
from tests.boxes import Box
from tests.cli.snapshot_boxes import NAME, C, answer, made, snapshot, with_cluster
from tests.stores import keys


@pytest.fixture
def kept(tmp_path: Path) -> Box:
    """A sandbox with a snapshot store and one stored cluster."""
    return with_cluster(tmp_path)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """One that was changed between its two snapshots; its tests only read."""
    box = with_cluster(tmp_path_factory.mktemp("twice"))
    made(box)
    group = box.directory / "state" / C / "instancegroup" / "nodes-us-east-1a"
    group.write_text(group.read_text().replace("maxSize: 1", "maxSize: 4"))
    made(box)
    return box


def test_creating_prints_the_id_and_says_aloud_that_nothing_is_encrypted(kept: Box) -> None:
    done = snapshot(kept, "create", NAME, "--output=json")
    first = json.loads(done.stdout)

    assert (first["cluster"], first["reused"], first["level"]) == (C, False, 1)
    assert "NOT ENCRYPTED" in done.stderr

    again = snapshot(kept, "create", "--output=yaml")
    (same,) = yaml.safe_load(again.stdout)["clusters"]
    assert (same["id"], same["reused"]) == (first["id"], True)


def test_the_list_shows_age_level_and_size_oldest_first(twice: Box) -> None:
    first, second = answer(twice, "list", NAME)
    assert first["id"] < second["id"]
    assert (first["level"], first["encrypted"], first["objects"]) == (1, False, 4)

    lines = snapshot(twice, "list").stdout.splitlines()

    assert lines[0].split()[:6] == ["CLUSTER", "SNAPSHOT", "AGE", "LEVEL", "OBJECTS", "SIZE"]
    assert [line.split()[:2] for line in lines[1:]] == [[C, first["id"]], [C, second["id"]]]


def test_one_snapshot_is_shown_with_its_objects_and_proofs(twice: Box) -> None:
    shown = answer(twice, "show", NAME)

    assert {one["key"] for one in shown["objects"]} >= {"config", "instancegroup/nodes-us-east-1a"}
    assert [one["level"] for one in shown["proofs"]] == [0, 1]
    assert "instancegroup" not in snapshot(twice, "show", NAME).stdout


def test_a_comparison_names_what_changed(twice: Box) -> None:
    first, second = (one["id"] for one in answer(twice, "list", NAME))

    found = answer(twice, "diff", NAME, first, "latest")
    same = answer(twice, "diff", NAME, second, "live")

    assert len(found["changes"]) == 1
    assert "maxSize" in json.dumps(found["changes"])
    assert same["changes"] == []
    words = snapshot(twice, "diff", NAME, first, "live")
    assert "1 difference" in words.stderr
    assert "1 -> 4" in words.stdout


def test_verifying_proves_what_is_asked_for(twice: Box) -> None:
    oldest = answer(twice, "list", NAME)[0]["id"]

    found = answer(twice, "verify", NAME, f"--snapshot={oldest}")

    assert (found["id"], found["level"], found["trustworthy"]) == (oldest, 1, True)
    read_by_a_simulated_kops = answer(twice, "verify", NAME, "--level=2")
    assert read_by_a_simulated_kops["level"] == 1
    assert read_by_a_simulated_kops["trustworthy"] is True


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("show", "--name=absent.example.com"), 1, 'no snapshot of cluster "absent.example.com"'),
        (("show", NAME, "--snapshot=20201125T041505Z-37a684fc"), 1, "there is no snapshot 2020"),
        (("verify", NAME, "--snapshot=youngest"), 2, "'youngest' is not a snapshot id"),
        (("list", "--name=absent.example.com"), 1, 'no snapshot of cluster "absent.example.com"'),
        (("verify", NAME, "--level=4"), 4, "holds no etcd backup"),  # fault 37
        (("create", "--name=absent.example.com"), 1, 'no cluster "absent.example.com"'),
        (("create", "--all", NAME), 2, "leave out --name"),
        (("verify", "--all", NAME), 2, "leave out --name"),
        (("verify", "--snapshot=20201125T041505Z-37a684fc"), 2, "name the cluster, too"),
        (("diff", "--name=absent.example.com", "live", "live"), 1, "kled snapshot restore"),
        (("list", "--snapshot-store=ftp://x"), 2, "snapshot store: ftp://x is of no known kind"),
        (("create", NAME, "--retain-until=tomorrow"), 2, "is not a time with a time zone"),
        (("prune",), 2, "name a cluster, or take --all"),
        (("mirror", "--to=file:///", "--retain-until=noon"), 2, "is not a time with a time zone"),
        (("mirror", "--to=file:///nowhere"), 1, "there is no directory /nowhere"),
        (("list", "--snapshot-store=file:///nowhere"), 1, "there is no directory /nowhere"),
    ],
)
def test_what_cannot_be_is_said_with_its_code(
    twice: Box, args: tuple[str, ...], code: int, words: str
) -> None:
    done = snapshot(twice, *args)

    assert (done.returncode, words in done.stderr) == (code, True), done.stderr


def test_what_was_removed_behind_our_back_is_said_and_not_replaced_by_an_older_one(
    kept: Box,
) -> None:
    older = made(kept)["id"]
    group = kept.directory / "state" / C / "instancegroup" / "nodes-us-east-1a"
    group.write_text(group.read_text().replace("maxSize: 1", "maxSize: 4"))
    newest = made(kept)["id"]
    place = kept.directory / "snapshots" / "clusters" / C
    (place / newest / "manifest.json").unlink()

    shown, listed = snapshot(kept, "show", NAME), snapshot(kept, "list")

    assert shown.returncode == 4
    assert snapshot(kept, "verify", NAME).returncode == 4  # fault 101: it was 1
    assert f"{newest}, was removed" in shown.stderr
    assert older in shown.stderr
    assert (
        listed.returncode,
        f'warning: the newest snapshot of cluster "{C}", {newest}' in listed.stderr,
    ) == (0, True)
    (place / older / "manifest.json").unlink()
    assert snapshot(kept, "verify", "--all").returncode == 4


def test_an_unreadable_manifest_is_a_row_of_its_own(kept: Box) -> None:
    ident = made(kept)["id"]
    path = kept.directory / "snapshots" / "clusters" / C / ident / "manifest.json"
    path.write_bytes(b"junk")

    done = snapshot(kept, "verify", NAME, "--output=json")

    assert done.returncode == 4
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding.startswith(f"the manifest of {C} {ident} is damaged: it is not the JSON")


def test_without_a_snapshot_store_it_says_how_to_name_one(twice: Box) -> None:
    done = snapshot(twice, "list", KLED_SNAPSHOT_STORE="")

    assert done.returncode == 2
    assert "--snapshot-store=s3://BUCKET" in done.stderr


def test_a_damaged_snapshot_ends_with_four(kept: Box) -> None:
    ident = made(kept)["id"]
    archive = kept.directory / "snapshots" / "clusters" / C / ident / "state.tar.zst"
    archive.write_bytes(archive.read_bytes() + b"more")

    one = snapshot(kept, "verify", NAME, f"--snapshot={ident}", "--output=json")
    all_of_them = snapshot(kept, "verify", "--all")
    restored = snapshot(kept, "restore", NAME, f"--snapshot={ident}", "--yes")

    assert (one.returncode, all_of_them.returncode, restored.returncode) == (4, 4, 4)
    assert json.loads(one.stdout)["trustworthy"] is False
    assert "kled snapshot create --all --anew" in all_of_them.stderr


def test_encrypted_snapshots_are_written_without_and_read_with_the_identity(
    kept: Box, tmp_path: Path
) -> None:
    key = x25519.Identity.generate()
    identity = tmp_path / "identity"
    identity.write_text(f"# kept elsewhere\n{key}\n")
    identity.chmod(0o600)
    recipients = {"KLED_SNAPSHOT_RECIPIENTS": str(key.to_public())}

    written = snapshot(kept, "create", NAME, **recipients)
    assert written.returncode == 0, written.stderr
    assert "NOT ENCRYPTED" not in written.stderr
    assert answer(kept, "list")[0]["encrypted"] is True

    assert answer(kept, "verify", NAME, "--level=0")["level"] == 0
    assert snapshot(kept, "verify", NAME).returncode == 2
    opened = answer(kept, "verify", NAME, KLED_SNAPSHOT_IDENTITY=str(identity))
    assert (opened["level"], opened["trustworthy"]) == (1, True)


def test_an_identity_that_others_may_read_is_refused_and_never_shown(
    kept: Box, tmp_path: Path
) -> None:
    key = x25519.Identity.generate()
    identity = tmp_path / "identity"
    identity.write_text(str(key))
    identity.chmod(0o640)
    made(kept, KLED_SNAPSHOT_RECIPIENTS=str(key.to_public()))

    done = snapshot(kept, "verify", NAME, KLED_SNAPSHOT_IDENTITY=str(identity))

    assert done.returncode == 2
    assert f"others may read {identity} (mode 640)" in done.stderr
    assert "AGE-SECRET-KEY" not in done.stdout + done.stderr


def test_pruning_shows_first_and_keeps_the_newest(twice: Box) -> None:
    plan = answer(twice, "prune", NAME, "--last=1")

    assert len(plan["kept"]) + len(plan["removed"]) == 2
    assert answer(twice, "list", NAME)[-1]["id"] in json.dumps(plan["kept"])
    refused = snapshot(twice, "prune", NAME, "--yes", KLED_PROTECTED="kept.*")
    assert refused.returncode == 6
    done = snapshot(twice, "prune", NAME, "--yes", f"--confirm={C}", KLED_PROTECTED="kept.*")
    assert (done.returncode, "\n0 snapshots removed" in done.stderr) == (0, True)


def test_typed_numbers_spare_the_protected_among_all_clusters(kept: Box) -> None:
    old = made_long_ago(kept)
    made(kept, "--anew")
    numbers = [f"--{kind}=0" for kind in ("hourly", "daily", "weekly", "monthly", "yearly")]
    prune = ("prune", "--all", "--last=1", *numbers, "--yes")

    refused = snapshot(kept, *prune, KLED_PROTECTED="kept.*")
    assert refused.returncode == 6
    assert f"--name={C} --confirm={C}" in refused.stderr
    assert len(answer(kept, "list")) == 2

    assert [one["id"] for one in answer(kept, *prune)["removed"]] == [old]


def made_long_ago(box: Box) -> str:
    """Make a snapshot in another year, and a run a month later; return the snapshot's id."""
    clock = Clock(time.monotonic, time.sleep)
    state, store = (
        open_store(Location((box.directory / name).as_uri()), env={}, clock=clock)
        for name in ("state", "snapshots")
    )
    for then in (datetime(2024, 5, 6, tzinfo=UTC), datetime(2024, 6, 6, tzinfo=UTC)):
        before = set(keys(store))
        snapshots = SnapshotStore(store, Keys(), now=partial(_at, then), chance=os.urandom)
        done = create(state, snapshots, [C], options=CreateOptions("test"), progress=Quiet())
        for key in set(keys(store)) - before:
            os.utime(box.directory / "snapshots" / key, (then.timestamp(), then.timestamp()))
    return str(done.clusters[0].snapshot)


def _at(moment: datetime) -> datetime:
    return moment


def test_a_second_site_verifies_as_the_first_does(twice: Box, tmp_path: Path) -> None:
    second = tmp_path.as_uri()

    copied = answer(twice, "mirror", f"--to={second}")
    again = answer(twice, "mirror", f"--to={second}")

    assert (len(copied["copied"]), again["copied"], again["present"]) == (2, [], 2)
    assert answer(twice, "verify", NAME, f"--snapshot-store={second}")["trustworthy"] is True


def test_a_second_site_without_object_lock_says_so_before_anything_is_kept_there(
    twice: Box, tmp_path: Path
) -> None:
    done = snapshot(twice, "mirror", f"--to={tmp_path.as_uri()}", "--retain-until=2040-01-01T00Z")

    assert (done.returncode, "cannot retain objects" in done.stderr) == (1, True), done.stderr
    assert not [one for one in tmp_path.glob("[bc]*/**/*") if one.is_file()]


def test_reading_snapshots_never_imports_prefect(twice: Box) -> None:
    done = snapshot(twice, "list", PYTHONPROFILEIMPORTTIME="1", PATH=os.defpath)

    assert done.returncode == 0
    assert "kled.operations.snapshots.list_snapshots" in done.stderr
    assert "prefect" not in done.stderr
