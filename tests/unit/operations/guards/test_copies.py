"""A mere copy of a cluster goes by itself, as its hint says.

In a copy that shared the snapshot store plain `--unregister` was refused by the epoch; one whose
definition still named the original's places was refused for those, and kops would have taken them.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from kled.errors import EpochMismatch, NotApproved
from kled.kops.fields import fixed_fields
from kled.models.definition import Definition
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.guards import copies
from kled.operations.guards.overrides import NOTHING
from kled.operations.preview import foreseen
from kled.operations.runner import run
from kled.operations.session import Session
from kled.snapshot.epoch import epoch
from tests.fake_kops import FakeKops
from tests.key_pairs import keyset
from tests.sites import CLOCK, WHO
from tests.unit.operations.recovery.test_former_home import Placed
from tests.unit.operations.recovery.test_side_left_behind import AUTHORITY, C


class Kops(FakeKops):
    """Reads the definition that is stored, and is never to forget it: kled does."""

    def __init__(self, stored: Path) -> None:
        self.stored = stored

    def definition_find(self, _name: str) -> Definition | None:
        if not self.stored.exists():
            return None
        spec = {"configBase": str(self.stored.parent), "cloudProvider": "aws"}
        cluster = {"kind": "Cluster", "metadata": {"name": C}, "spec": spec}
        return Definition(cluster, ())

    def version(self) -> Any:
        class Version:
            minor = 36

        return Version()


class Copied(Placed):
    def __init__(self, root: Path, *, mended: bool = True) -> None:
        super().__init__(root)
        shutil.copytree(self.root / "old", self.root / "copy")
        if mended:
            base = self.root / "old" / C
            text = f"kind: Cluster\nmetadata: {{name: {C}}}\nspec: {{configBase: {base}}}\n"
            applied = self.root / "copy" / C / "cluster-completed.spec"
            applied.write_text(text)
            self.write("copy", {"config": self.definition("copy", "edited")})

    def forgets(self, state: str) -> Session:
        kops: Any = Kops(self.root / state / C / "config")
        return Session(self.settings(state), kops, CLOCK, WHO, None, overrides=NOTHING)

    def objects(self, state: str) -> dict[str, bytes]:
        below = self.root / state / C
        return {
            str(one.relative_to(below)): one.read_bytes()
            for one in below.rglob("*")
            if one.is_file()
        }


@pytest.mark.parametrize("mended", [True, False], ids=["mended", "as it was copied"])
def test_a_copy_is_unregistered_and_nothing_else_goes(tmp_path: Path, *, mended: bool) -> None:
    world = Copied(tmp_path, mended=mended)
    kept, living = epoch.read(world.stores("old").snapshots, C), world.objects("old")
    forgetting = DeleteCluster(C, unregister=True)
    assert foreseen.refusal(world.forgets("copy"), forgetting, now=False) is None

    report = run(forgetting, world.forgets("copy"))

    assert f"the cluster lives in {world.url('old')}, as it was" in json.dumps(
        [row.words for row in report.rows]
    )
    assert [row.way_back for row in report.rows if row.way_back] == [
        "none: what was here is kept by no snapshot; the cluster itself lives elsewhere"
    ]
    ended = {row.step: row.words for row in report.rows}["end epoch"]
    assert ended.startswith(f"the cluster lives in {world.url('old')}: its epoch")
    assert not (world.root / "copy" / C / "config").exists()
    assert world.objects("old") == living
    assert epoch.read(world.stores("old").snapshots, C) == kept


def test_a_copy_with_a_key_of_its_own_is_no_mere_copy(tmp_path: Path) -> None:
    world = Copied(tmp_path)
    world.write("copy", {AUTHORITY: keyset(("2", "another"))})

    assert copies.original_of(world.session("copy"), C) is None


def test_the_original_is_no_copy_of_its_copy(tmp_path: Path) -> None:
    world = Copied(tmp_path)

    assert copies.original_of(world.session("old"), C) is None
    with pytest.raises(EpochMismatch):
        run(DeleteCluster(C), world.forgets("copy"))


def test_a_backup_of_a_copy_does_not_print_the_edit_that_takes_the_machines(tmp_path: Path) -> None:
    """F8: typed as it stood, it named the copy's own place, and update was let through."""
    world = Copied(tmp_path, mended=False)

    (row,) = world.back_up("copy").clusters

    assert not row.trusted
    assert "edit-cluster" not in row.mend
    forgets = f"delete-cluster --name={C} --state={world.url('copy')} --unregister"
    assert forgets in row.mend
    assert f"epoch raise --name={C} --state={world.url('copy')} --former=" in row.mend


@pytest.mark.parametrize(
    "field", ["spec.configBase", "spec.configStore.keypairs", "spec.etcdClusters[0].backups"]
)
def test_a_copy_is_not_edited_to_name_its_own_place(tmp_path: Path, field: str) -> None:
    """F8: the edit was let through, and the update after it."""
    world = Copied(tmp_path, mended=False)

    assert fixed_fields.sets_a_place(f"{field}={world.url('copy')}/{C}")
    assert not fixed_fields.sets_a_place("spec.kubernetesVersion=1.36.0")
    with pytest.raises(NotApproved, match="is a copy of the one in") as refused:
        copies.require_original(world.session("copy"), C)
    assert f"--former={world.url('old')}" in str(refused.value.hint)


def test_a_renamed_state_store_may_be_edited_to_name_its_own_place(tmp_path: Path) -> None:
    world = Copied(tmp_path, mended=False)
    shutil.rmtree(world.root / "old")

    copies.require_original(world.session("copy"), C)
