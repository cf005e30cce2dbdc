"""`kled snapshot restore`: what comes back, what is kept, and what is not put back."""

import json
import re
from pathlib import Path

import pytest

from tests.boxes import Box
from tests.cli.snapshot_boxes import NAME, C, answer, made, snapshot, with_cluster
from tests.unit.snapshot.signing_keys import signing_key


@pytest.fixture
def kept(tmp_path: Path) -> Box:
    """A sandbox with a snapshot store and one stored cluster."""
    return with_cluster(tmp_path)


def test_damage_is_said_in_each_run_and_is_not_what_latest_restores(kept: Box) -> None:
    """Faults 6 and 41, case 09: exit 0, no remark, and `latest` put the damage back."""
    first, config = made(kept)["id"], kept.directory / "state" / C / "config"
    whole = config.read_bytes()
    config.write_bytes(whole[:100] + b": [")
    for _ in range(2):
        done = snapshot(kept, "create", "--all", "--output=json")
        assert done.returncode == 4
        assert "config is no Cluster" in done.stderr
        (row,) = json.loads(done.stdout)["clusters"]
        assert not row["trusted"]
    assert row["reused"]
    config.unlink()

    good, bad = answer(kept, "list", NAME)
    assert (good["trusted"], bad["trusted"]) == (True, False)
    assert "config is no Cluster" in snapshot(kept, "list", NAME).stdout
    lost = snapshot(kept, "create", "--all")
    assert f"--snapshot={first} --yes" in lost.stderr

    refused = snapshot(kept, "restore", NAME, f"--snapshot={bad['id']}")
    assert refused.returncode == 4
    assert f"--snapshot={bad['id']} --untrusted" in refused.stderr
    assert snapshot(kept, "restore", NAME, f"--snapshot={bad['id']}", "--yes").returncode == 4
    assert not config.exists()
    shown = answer(kept, "restore", NAME, f"--snapshot={bad['id']}", "--untrusted")
    assert not shown["trusted"]
    assert "config is no Cluster" in shown["reasons"][0]

    restored = snapshot(kept, "restore", NAME, "--snapshot=latest", "--yes")

    assert f"{bad['id']} is newer and cannot be trusted: config is no Cluster" in restored.stderr
    assert re.sub(rb"  generation: \d+\n", b"", config.read_bytes()) == whole


def test_a_deleted_cluster_comes_back_byte_for_byte(kept: Box) -> None:
    before = kept.state()
    deleted = kept.kled("kops", "delete-cluster", NAME, "--yes")
    assert deleted.returncode == 0, deleted.stderr
    assert kept.state() == {}
    (only,) = answer(kept, "list", NAME)

    preview = snapshot(kept, "restore", NAME, f"--snapshot={only['id']}")
    assert preview.returncode == 0
    again = f"kled snapshot restore {NAME} --snapshot={only['id']} "
    assert f"preview only; restore just that with: {again}" in preview.stderr
    assert kept.state() == {}
    done = answer(kept, "restore", NAME, "--snapshot=latest", "--yes")

    assert (done["created"], done["snapshot"]) == (4, only["id"])
    assert kept.state() == before


def test_a_restore_keeps_what_was_there_and_asks_for_a_protected_name(kept: Box) -> None:
    first = made(kept)["id"]
    config = kept.directory / "state" / C / "config"
    config.write_text(config.read_text() + "# changed\n")
    protected = {"KLED_PROTECTED": "kept.*"}

    refused = snapshot(kept, "restore", NAME, f"--snapshot={first}", "--yes", **protected)
    other = snapshot(kept, "restore", NAME, f"--snapshot={first}", "--confirm=kept", **protected)
    assert (refused.returncode, other.returncode) == (6, 6)
    assert config.read_text().endswith("# changed\n")

    done = snapshot(kept, "restore", NAME, f"--snapshot={first}", f"--confirm={C}", **protected)

    assert done.returncode == 0, done.stderr
    assert not config.read_text().endswith("# changed\n")
    assert f"snapshot {answer(kept, 'list')[1]['id']} (level 1)" in done.stderr


def test_a_cluster_that_lives_elsewhere_is_not_restored_here(kept: Box, tmp_path: Path) -> None:
    scaled = ("scale-instance-group", NAME, "--instance-group=nodes", "--size=2")
    assert kept.kled("kops", *scaled).returncode == 0
    (tmp_path / "old").mkdir()

    done = snapshot(
        kept,
        *("restore", NAME, "--snapshot=latest", "--yes"),
        KOPS_STATE_STORE=(tmp_path / "old").as_uri(),
    )

    assert done.returncode == 6
    assert "lives in" in done.stderr


def test_one_from_before_the_signing_key_is_refused_alike_by_preview_and_act(
    kept: Box, tmp_path: Path
) -> None:
    """No hint names `--untrusted`, which cannot help, or has anybody move directories."""
    first = made(kept)["id"]
    key = {"KLED_SNAPSHOT_SIGNING_KEY": str(signing_key(tmp_path))}
    assert snapshot(kept, "create", NAME, **key).returncode in {0, 4}
    named = ("restore", NAME, f"--snapshot={first}")

    tries = [
        snapshot(kept, *named, *more, **key)
        for more in ((), ("--yes",), ("--untrusted",), ("--untrusted", "--yes"))
    ]

    assert [done.returncode for done in tries] == [4] * 4
    assert len({done.stderr for done in tries}) == 1, [done.stderr for done in tries]
    assert f"snapshot {first} of {C} cannot be trusted: the manifest of" in tries[0].stderr
    assert f"{NAME} --snapshot=latest; no option restores this one" in tries[0].stderr
