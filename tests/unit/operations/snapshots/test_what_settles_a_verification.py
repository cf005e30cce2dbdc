"""What `verify` names to go on with fits what it found: a wrong key or clock has lost nothing."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from kled import config
from kled.errors import SnapshotNotTrustworthy
from kled.operations.guards.overrides import NOTHING
from kled.operations.runner import run
from kled.operations.session import Session, Who
from kled.operations.snapshots.back_up import back_up
from kled.operations.snapshots.verify import VerifySnapshots
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.snapshot.documents import signing
from kled.snapshot.progress import Quiet
from kled.snapshot.trust import settling
from tests.unit.snapshot import fleets
from tests.unit.snapshot.signing_keys import signing_key

CLUSTER = fleets.name(1)
CLOCK = Clock(time.monotonic, lambda _: None)


class World:
    """A state store of one cluster, with a snapshot that a key signed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "snapshots").mkdir()
        for key, body in fleets.objects(1).items():
            path = root / "state" / CLUSTER / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        self.env = {
            "HOME": str(root),
            "KOPS_STATE_STORE": (root / "state").as_uri(),
            "KLED_SNAPSHOT_STORE": (root / "snapshots").as_uri(),
        }
        signs = {"KLED_SNAPSHOT_SIGNING_KEY": str(signing_key(root, "mine"))}
        back_up(Stores(config.load(self.env | signs), CLOCK), [CLUSTER], progress=Quiet())

    def hint_of_verify(self, **more: str) -> str:
        who = Who("tester", "a run", timedelta(0))
        settings = config.load(self.env | more)
        session = Session(settings, None, CLOCK, who, None, overrides=NOTHING)
        with pytest.raises(SnapshotNotTrustworthy) as told:
            run(VerifySnapshots(), session)
        return str(told.value.hint)


def test_a_wrong_verification_key_is_named_and_nothing_is_given_up(tmp_path: Path) -> None:
    world = World(tmp_path)
    other = signing.public_key(signing_key(tmp_path, "other"))

    hint = world.hint_of_verify(KLED_SNAPSHOT_VERIFICATION_KEY=other)

    assert "is KLED_SNAPSHOT_VERIFICATION_KEY the right one?" in hint
    assert "--anew" not in hint
    assert "create" not in hint


def test_a_run_that_is_dated_after_now_is_settled_by_the_next_one() -> None:
    told = settling.advise([f"run 29991231T000000Z-a1b2c3d4 {settling.DATED_AFTER_NOW}: its clock"])

    assert told.endswith("kled snapshot create --all")
    assert "--anew" not in told


def test_what_is_lost_keeps_its_hint_and_each_kind_is_said_once() -> None:
    lost, dated = "snapshot X of c is not listed", f"run Y {settling.DATED_AFTER_NOW}: wrong"

    assert "--anew" in settling.advise([lost])
    assert "--anew" in settling.advise([])
    assert settling.advise([dated, lost, lost]).count("--anew") == 1
    assert settling.advise([dated, lost]).count("set the clock") == 1
