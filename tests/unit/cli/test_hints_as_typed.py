"""Hints about lost clusters and snapshots are typed as they stand, and do what they say."""

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Final

import pytest

from kled.cli import app
from kled.cli.terminal import typed_places
from kled.errors import InvalidInput, NotApproved
from kled.operations.guards.lost_cluster import refuse, say_lost
from kled.operations.names import only_of
from tests.sites import session_at
from tests.unit.snapshot import fleets

A: Final = fleets.name(1)
B: Final = fleets.name(2)
_COMMAND: Final = re.compile(r"kled (snapshot [^;,\n]*)")


class Stage:
    """A shell with a state store of two clusters and a snapshot store."""

    def __init__(self, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capfd = capfd
        (root / "snapshots").mkdir()
        for number in (1, 2):
            for key, body in fleets.objects(number).items():
                path = root / "state" / fleets.name(number) / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)

    def kled(self, *words: str) -> tuple[int, str]:
        """Return the exit code and what was said to a person."""
        self._capfd.readouterr()
        return app.run(words), self._capfd.readouterr().err

    def typed(self, said: str) -> tuple[int, str]:
        """Type the first command that was said."""
        (command, *_) = _COMMAND.findall(said)
        return self.kled(*shlex.split(command.strip()))

    def lose(self, *clusters: str) -> None:
        for cluster in clusters:
            shutil.rmtree(self.root / "state" / cluster)

    def is_there(self, cluster: str) -> bool:
        return (self.root / "state" / cluster / "config").is_file()


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Stage:
    for name in [name for name in os.environ if name.startswith(("KLED_", "KOPS_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KOPS_STATE_STORE", f"file://{tmp_path}/state")
    monkeypatch.setenv("KLED_SNAPSHOT_STORE", f"file://{tmp_path}/snapshots")
    found = Stage(tmp_path, capfd)
    assert found.kled("snapshot", "create", "--all")[0] == 0
    return found


def test_one_cluster_that_vanished_is_put_back_by_what_the_run_says(stage: Stage) -> None:
    stage.lose(A)
    code, said = stage.kled("snapshot", "create", "--all")
    assert code == 4
    assert f'cluster "{A}" is gone from the state store; if nobody deleted it' in said

    assert stage.typed(said)[0] == 0
    assert stage.is_there(A)


def test_where_all_have_vanished_each_is_put_back_by_its_hint(stage: Stage) -> None:
    stage.lose(A, B)
    code, said = stage.kled("snapshot", "create", "--all")
    assert code == 1
    assert "as are all the others" in said

    for line in [one for one in said.splitlines() if "to put the cluster back" in one]:
        stage.typed(line)
    assert stage.is_there(A)


def test_what_kled_unregistered_is_told_with_the_way_that_keeps_its_etcd(stage: Stage) -> None:
    from kled.snapshot.epoch import epoch

    session = session_at(stage.root)
    here = f"file://{stage.root}/state"
    epoch.check(session.snapshot_store, A, here)
    epoch.announce_end(session.snapshot_store, A, here, ends=True, unregistered=True)
    stage.lose(A)

    _, said = stage.kled("snapshot", "create", "--all")

    assert f"kled unregistered it; to have it back: kled snapshot restore --name={A}" in said
    assert stage.typed(said)[0] == 0
    assert (stage.root / "state" / A / "backups/etcd/main/control/etcd-cluster-created").is_file()


def test_a_lost_cluster_is_put_back_by_the_refusal_to_make_it_anew(stage: Stage) -> None:
    stage.lose(A)
    with pytest.raises(NotApproved) as refused:
        refuse(session_at(stage.root), A)

    assert f"--new-identity={A}" in str(refused.value.hint)
    assert stage.typed(str(refused.value.hint))[0] == 0
    assert stage.is_there(A)


def test_of_a_protected_cluster_it_is_put_back_by_a_hint_with_its_name_once_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLED_PROTECTED", "c*")
    stage.lose(A)
    with pytest.raises(NotApproved) as refused:
        refuse(session_at(stage.root), A)
    hint = str(refused.value.hint)
    assert stage.typed(hint)[0] == 6

    assert stage.typed(typed_places.complete(hint))[0] == 0
    assert stage.is_there(A)


def test_a_prune_that_is_not_sure_names_the_run_that_settles_it(stage: Stage) -> None:
    (newest,) = (stage.root / "snapshots" / "runs").glob("*.json")
    newest.write_text("{")
    code, said = stage.kled("snapshot", "prune", "--all", "--last=1", "--yes")
    assert code == 4
    assert "nothing is deleted: which snapshots are the newest is not sure" in said

    verify, create = _COMMAND.findall(said.partition("hint: ")[2])
    assert verify.startswith("snapshot verify --all")
    stage.kled(*shlex.split(create.partition(" makes ")[0]))
    assert stage.kled("snapshot", "prune", "--all", "--last=1", "--yes")[0] == 0


def test_a_prune_of_a_cut_listing_names_what_gives_up_the_rest(stage: Stage) -> None:
    shutil.rmtree(stage.root / "snapshots" / "clusters" / A)
    code, said = stage.kled("snapshot", "prune", "--all", "--last=1", "--yes")
    assert code == 4
    assert f"lacks {A}/" in said

    hint = said.partition("hint: ")[2]
    assert "taken back" not in hint  # nothing was deleted
    stage.kled(*shlex.split(_COMMAND.findall(hint)[-1]))
    assert stage.kled("snapshot", "prune", "--all", "--last=1", "--yes")[0] == 0


def test_retention_of_what_is_there_already_is_not_said_to_hold(stage: Stage) -> None:
    # fault 37: --retain-until did nothing where nothing was new, and nobody was told
    until = "--retain-until=2040-01-01T00:00Z"

    code, said = stage.kled("snapshot", "create", f"--name={A}", until)

    assert code == 0
    assert f"nothing was new for {A}, whose retention stays" in said
    assert f"kled snapshot create --name={A} --anew {until}" in said
    code, said = stage.typed(said.partition("stays: ")[2])
    assert (code, "cannot retain objects" in said) == (1, True)  # a directory locks nothing


def test_no_retention_that_nobody_asked_for_is_spoken_of(stage: Stage) -> None:
    assert "retain-until" not in stage.kled("snapshot", "create", f"--name={A}")[1]


def test_an_empty_state_store_says_which_clusters_it_has_lost(stage: Stage) -> None:
    """A list ended with 0 and the advice to create one."""
    from kled.snapshot.epoch import epoch

    stage.lose(A, B)
    session = session_at(stage.root)
    told = say_lost(session)

    assert f"snapshots know {A}, {B}, and kled did not delete them" in told
    assert f"kled snapshot restore --name={A} --snapshot=latest" in told

    with pytest.raises(InvalidInput, match="the state store has no cluster") as needed:
        only_of(session, [])
    assert needed.value.hint == told

    here = f"file://{stage.root}/state"
    epoch.check(session.snapshot_store, A, here)
    epoch.vacate(session.snapshot_store, A, here)
    epoch.check(session.snapshot_store, B, "file:///elsewhere")
    assert say_lost(session) == "", "one was deleted, the other one lives elsewhere"


def test_a_snapshot_store_that_cannot_be_read_is_not_spoken_of(stage: Stage) -> None:
    stage.lose(A, B)
    shutil.rmtree(stage.root / "snapshots")
    (stage.root / "snapshots").write_text("no directory")

    assert say_lost(session_at(stage.root)) == ""
