"""Findings 7 and 8: a renamed state store goes on as it is, and no copy takes the epoch unasked."""

import shlex
import shutil
from pathlib import Path

import pytest

from kled import yaml_text
from kled.errors import EpochMismatch, NotApproved
from kled.operations.guards import own_places
from kled.operations.guards.before_change import check_epoch
from kled.operations.recovery.raise_epoch import RaiseEpoch
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import Report, run
from kled.snapshot.epoch import epoch
from tests.key_pairs import keyset
from tests.unit.operations.recovery.test_side_left_behind import AUTHORITY, C, Unmoved
from tests.unit.snapshot import fleets


class Placed(Unmoved):
    """A cluster whose definition names where it is; its newest edit is in no snapshot."""

    def __init__(self, root: Path) -> None:
        (root / "snapshots").mkdir()
        self.root = root
        self.write("old", {"config": self.definition("old", "before")})
        super().__init__(root)
        self.write("old", {"config": self.definition("old", "edited")})

    def write(self, state: str, objects: dict[str, bytes]) -> None:
        if objects.keys() > {"config"}:
            objects = {**objects, "config": self.definition(state, "before")}
        super().write(state, objects)

    def definition(self, state: str, channel: str) -> bytes:
        return (
            f"{fleets.API}kind: Cluster\nmetadata:\n  creationTimestamp: 2026-11-23T14:50:31Z\n"
            f"  name: {C}\nspec:\n  channel: {channel}\n  configBase: {self.root / state / C}\n"
        ).encode()

    def stored(self, state: str) -> dict[str, object]:
        found = yaml_text.document((self.root / state / C / "config").read_bytes())
        assert isinstance(found, dict)
        spec = found["spec"]
        assert isinstance(spec, dict)
        return spec

    def raised(self, state: str, former: str | None = None) -> Report:
        url = self.url(former) if former else None
        return run(RaiseEpoch(C, "latest", self.url(state), url), self.session(state))

    def lives_in(self) -> str:
        known = epoch.read(self.stores("old").snapshots, C)
        return known.state_store if known else ""


@pytest.fixture(params=["a state", "it's {new}"])
def names(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def placed(tmp_path: Path) -> Placed:
    return Placed(tmp_path)


def typed(hint: str | None, command: str = "kled snapshot epoch raise") -> dict[str, str]:
    """Return the options of the last such command in a hint, as a shell reads them."""
    line = (hint or "").rpartition(command)[2]
    return dict(each.removeprefix("--").split("=", 1) for each in shlex.split(line))


def test_a_renamed_state_store_goes_on_with_its_newest_edit(placed: Placed, names: str) -> None:
    (placed.root / "old").rename(placed.root / names)

    with pytest.raises(EpochMismatch) as away:
        check_epoch(placed.session(names), C)
    assert typed(away.value.hint) == {
        "name": C,
        "state": placed.url(names),
        "former": placed.url("old"),
    }
    with pytest.raises(NotApproved, match=r"names the former home of the cluster: spec\.config"):
        placed.raised(names)
    placed.raised(names, "old")

    there = {"channel": "edited", "configBase": str(placed.root / names / C)}
    assert placed.stored(names) == there
    assert check_epoch(placed.session(names), C) == "epoch 2"
    assert placed.back_up(names).clusters[0].trusted


def test_a_copy_takes_no_epoch_while_its_original_is_not_left_by_name(placed: Placed) -> None:
    shutil.copytree(placed.root / "old", placed.root / "copy")

    with pytest.raises(NotApproved, match="which has it still; nothing was changed") as refused:
        placed.raised("copy")
    with pytest.raises(EpochMismatch) as away:
        check_epoch(placed.session("copy"), C)

    assert placed.url("old") in str(refused.value)
    assert typed(refused.value.hint)["former"] == placed.url("old")
    assert "epoch raise" not in str(away.value.hint)  # it was not renamed
    assert placed.lives_in() == placed.url("old")


def test_a_copy_is_not_told_to_name_its_own_place(placed: Placed) -> None:
    """Finding 1: typed, it made the machines of the original look like the copy's own."""
    shutil.copytree(placed.root / "old", placed.root / "copy")

    with pytest.raises(NotApproved, match="where cluster") as refused:
        own_places.require(placed.session("copy"), C)

    assert "edit-cluster" not in str(refused.value.hint)
    named = {"name": C, "state": placed.url("copy"), "former": placed.url("old")}
    assert typed(refused.value.hint) == named


def test_a_backup_of_a_renamed_state_store_says_how_it_goes_on(placed: Placed, names: str) -> None:
    (placed.root / "old").rename(placed.root / names)

    (row,) = placed.back_up(names).clusters

    assert not row.trusted
    options = typed(row.mend)
    assert options.pop("former").removeprefix("file://") == str(placed.root / "old")
    assert options == {"name": C, "state": placed.url(names)}


def test_the_way_back_from_a_raise_is_typed(placed: Placed) -> None:
    shutil.copytree(placed.root / "old", placed.root / "copy")
    report = placed.raised("copy", "old")
    assert placed.lives_in() == placed.url("copy")

    (back,) = (row.way_back for row in report.rows if row.step == "raise epoch")
    options = typed(back)
    run(
        RaiseEpoch(options["name"], "latest", options["state"], options["former"]),
        placed.session("old"),
    )

    assert placed.lives_in() == placed.url("old")
    assert check_epoch(placed.session("old"), C) == "epoch 3"


def test_a_former_home_is_gone_back_to_though_the_copys_snapshots_are_worth_nothing(
    placed: Placed,
) -> None:
    """An earlier kled raised the epoch to a copy whose definition names the original."""
    shutil.copytree(placed.root / "old", placed.root / "copy")
    epoch.advance(placed.stores("old").snapshots, C, placed.url("copy"), placed.url("old"))
    assert not placed.back_up("copy").clusters[0].trusted

    placed.raised("old", "copy")

    assert placed.lives_in() == placed.url("old")


def test_a_copy_never_leaves_an_original_with_other_keys(placed: Placed) -> None:
    shutil.copytree(placed.root / "old", placed.root / "copy")
    placed.write("old", {AUTHORITY: keyset(("2", "another"))})

    for former in (None, "old"):
        with pytest.raises(NotApproved, match="with other keys: kubernetes-ca") as refused:
            placed.raised("copy", former)
        assert "kled snapshot create" in str(refused.value.hint)

    assert placed.lives_in() == placed.url("old")


def test_without_an_epoch_the_definition_names_the_home(placed: Placed) -> None:
    (placed.root / "snapshots" / "clusters" / C / "epoch.json").unlink()
    shutil.copytree(placed.root / "old", placed.root / "copy")

    with pytest.raises(NotApproved, match="which has it still"):
        placed.raised("copy")
    placed.raised("old")

    assert placed.lives_in() == placed.url("old")


def test_a_restore_over_a_renamed_state_store_says_how_it_goes_on_as_it_is(placed: Placed) -> None:
    (placed.root / "old").rename(placed.root / "renamed")
    wish = Wish(C, "latest", of=placed.url("old"), rewrite_places=True)

    with pytest.raises(NotApproved, match="has other bytes than the snapshot") as refused:
        run(RestoreState(wish, raise_epoch=True), placed.session("renamed"))

    options = typed(str(refused.value.hint).partition("; or keep them")[0])
    assert options == {
        "name": C,
        "state": placed.url("renamed"),
        "former": placed.url("old"),
    }
