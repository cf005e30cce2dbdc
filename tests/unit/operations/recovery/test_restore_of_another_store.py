"""A snapshot of another state store's cluster of that name is not restored over a living one."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kled.cli import app
from kled.errors import (
    EpochMismatch,
    IdentityAtRisk,
    NotApproved,
    SettingsError,
    SnapshotNotTrustworthy,
)
from kled.operations.identity import identity_check, kept_keys
from kled.operations.recovery.restore_state import RestoreState, Wish, settle
from kled.operations.runner import Report, run
from kled.operations.snapshots.back_up import back_up
from kled.operations.stores import Stores
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from tests.key_pairs import keyset
from tests.sites import CLOCK, Site
from tests.unit.snapshot import fleets

C = fleets.name(1)
CA_KEY = "pki/private/kubernetes-ca/keyset.yaml"


class Two(Site):
    """Two state stores with a cluster of one name each; the snapshots there are of the other."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for store in ("snapshots", "new", "third"):
            (root / store).mkdir()
        self.write("mine", fleets.objects(1))
        theirs = fleets.objects(2)
        names = (fleets.name(2).encode(), C.encode())
        theirs = {key: body.replace(*names) for key, body in theirs.items()}
        theirs[CA_KEY] = keyset(("2", "theirs"))
        self.write("theirs", theirs)
        done = back_up(Stores(self.settings("theirs"), CLOCK), [C], progress=Quiet())
        self.wish = Wish(C, done.clusters[0].snapshot or "")

    def write(self, state: str, objects: dict[str, bytes]) -> None:
        """Write objects of the cluster of that name."""
        self.put(C, objects, state)

    def restore(self, wish: Wish, state: str = "mine", *, raise_epoch: bool = False) -> Report:
        return run(RestoreState(wish, raise_epoch=raise_epoch), self.session(state))

    def live(self) -> None:
        """Let the snapshot store know the cluster in `mine`: else its epoch refuses first."""
        kept = Stores(self.settings("mine"), CLOCK).snapshots
        epoch.check(kept, C, (self.root / "mine").as_uri())

    def authority(self, state: str = "mine") -> bytes:
        return (self.root / state / C / CA_KEY).read_bytes()


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def test_it_is_refused_by_its_id_and_says_whose_it_is(two: Two) -> None:
    two.live()
    before = two.authority()
    for wish in (two.wish, replace(two.wish, untrusted=True)):
        with pytest.raises(NotApproved) as refused:
            two.restore(wish)
    theirs = (two.root / "theirs").as_uri()
    assert f"it is of {theirs}, not of this state store" in refused.value.message
    whole = f"--of-state-store={theirs} --rewrite-places --raise-epoch"
    assert f"kled snapshot restore --name={C} --snapshot={two.wish.snapshot}" in (
        str(refused.value.hint).replace(" --untrusted", "")
    )
    assert whole in str(refused.value.hint)
    assert two.authority() == before


def test_it_is_never_the_latest_there(two: Two) -> None:
    two.live()
    with pytest.raises(SnapshotNotTrustworthy, match="not of this state store"):
        two.restore(replace(two.wish, snapshot="latest"))


def test_it_is_restored_where_a_person_names_its_state_store(two: Two) -> None:
    """For a state store that was moved, or is spelled in another way."""
    two.live()
    two.restore(replace(two.wish, of=(two.root / "theirs").as_uri()))
    assert two.authority() == two.authority("theirs")


def test_it_is_restored_elsewhere(two: Two) -> None:
    two.restore(replace(two.wish, to=(two.root / "third").as_uri()))
    two.restore(replace(two.wish, prefix="copies/of-it"))
    assert two.authority("third") == two.authority("theirs")


def test_it_is_compared_with_nothing_and_named_by_no_hint(two: Two) -> None:
    """As a wrong KLED_SNAPSHOT_STORE looks: its hint replaced the CA of a living cluster."""
    assert identity_check.check(two.session("mine"), C) == "no keyset is missing"
    (two.root / "mine" / C / CA_KEY).unlink()
    assert two.wish.snapshot not in kept_keys.advice(two.session("mine"), C, frozenset({CA_KEY}))


def test_the_right_snapshot_is_still_compared(two: Two) -> None:
    back_up(Stores(two.settings("mine"), CLOCK), [C], progress=Quiet())
    two.write("mine", {CA_KEY: two.authority("theirs")})
    with pytest.raises(IdentityAtRisk, match="kubernetes-ca") as refused:
        identity_check.check(two.session("mine"), C)
    assert two.wish.snapshot not in str(refused.value.hint)


def test_a_recovery_into_a_new_state_store_goes_on_where_it_was_stopped(two: Two) -> None:
    """Once with `--to`, and once from where the new state store is the configured one."""
    epoch.check(Stores(two.settings("theirs"), CLOCK).snapshots, C, (two.root / "theirs").as_uri())
    latest = replace(two.wish, snapshot="latest")
    two.restore(replace(latest, to=(two.root / "new").as_uri()), "theirs")
    for _ in range(2):
        two.restore(latest, "new", raise_epoch=True)
    assert two.authority("new") == two.authority("theirs")
    meant = settle(Stores(two.settings("new"), CLOCK), latest)
    assert meant.trust.trusted
    assert meant.state_store == (two.root / "new").as_uri()  # its first one there
    assert not settle(Stores(two.settings("new"), CLOCK), two.wish).foreign
    two.restore(latest, "new")


@pytest.mark.parametrize("more", [[], ["--raise-epoch"]])
def test_on_a_fresh_machine_the_target_is_enough(
    two: Two, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    """The bucket is gone, and nothing names a state store: the new one stands for it."""
    monkeypatch.delenv("KOPS_STATE_STORE", raising=False)
    monkeypatch.setenv("HOME", str(two.root))
    monkeypatch.setenv("KLED_HOME", str(two.root / "kled"))
    monkeypatch.setenv("KLED_SNAPSHOT_STORE", (two.root / "snapshots").as_uri())
    to = (two.root / "new").as_uri()
    line = ["snapshot", "restore", f"--name={C}", "--snapshot=latest", f"--to={to}", *more]

    assert app.run(line) == 0
    assert app.run([*line, "--yes"]) == 0

    assert two.authority("new") == two.authority("theirs")
    known = epoch.read(Stores(two.settings("new"), CLOCK).snapshots, C)
    assert (known.state_store if known else None) == (to if more else None)


def test_where_it_lives_elsewhere_the_ways_of_a_restore_are_named(two: Two) -> None:
    """What it said led into `delete-cluster --unregister`, or to a run without its guard."""
    kept = Stores(two.settings("theirs"), CLOCK).snapshots
    wish = replace(two.wish, snapshot="latest")
    again = f"kled snapshot restore --name={C} --snapshot=latest"
    shutil.rmtree(two.root / "mine" / C)
    for known in (False, True):
        if known:
            epoch.check(kept, C, (two.root / "theirs").as_uri())
        with pytest.raises(EpochMismatch) as refused:
            two.restore(wish)
        hint = str(refused.value.hint)
        assert f"{again} --to=URL, with" in hint
        assert f"{again} --rewrite-places --raise-epoch" in hint
        assert "unregister" not in hint

    two.restore(wish, raise_epoch=True)
    assert two.authority() == two.authority("theirs")


@pytest.mark.parametrize("within", ["snapshots", "snapshots/clusters", "."])
def test_no_state_is_restored_into_the_snapshot_store(two: Two, within: str) -> None:
    # another member of fault 26
    wish = replace(two.wish, to=(two.root / within).as_uri())

    with pytest.raises(SettingsError, match="are one place, or one lies within the other"):
        settle(Stores(two.settings("mine"), CLOCK), wish)
