"""A cluster that is restored by `latest`, and a process that dies at any write of it."""

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.records.open_restore import RECORD, OpenRestore
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import Report, run, run_to_end
from kled.operations.session import Session
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.step import Operation
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.storage.base import Location, ObjectStore
from kled.storage.url import open_store
from tests.sites import CLOCK, WHO, put_objects, settings_at
from tests.stores import Watched
from tests.unit.snapshot import fleets

T = TypeVar("T")
C = fleets.name(1)
GOOD = fleets.objects(1, backups=1)
DAMAGE = {
    "config": GOOD["config"] + b"# edited by hand\n",
    "instancegroup/nodes": fleets.group("maxSize: 99"),
    "pki/ssh/public/admin/added": b"ssh-ed25519 AAAA added\n",
}
"""What people did to it: all of it is whole, so that its snapshot can be trusted."""
LOST = ("addons/a.addons.k8s.io/v1.yaml", "kops-version.txt")
_LIVE = "backups/etcd/main/control/"
"""What a restore leaves as it is."""
_WRITES = {"put", "put_if_absent", "replace", "write", "delete"}


class Killed(BaseException):
    """The process is gone."""


Moment = Callable[[int, str], bool]
"""Is given the number of a write, from 0, and what it writes: `put <key>`."""


class Life:
    """A process: it lives on, or dies at a write and makes none after it."""

    def __init__(self) -> None:
        self.dies: Moment = lambda _number, _line: False
        self.written: list[str] = []
        self._dead = False
        self._lock = threading.Lock()

    def anew(self, dies: Moment = lambda _number, _line: False) -> None:
        """Begin another process, that dies at that write."""
        self.dies, self.written, self._dead = dies, [], False

    def writes(self, method: str, key: str) -> None:
        """Note a write; raise where the process dies before it."""
        if method not in _WRITES:
            return
        line = f"{method} {key}"
        with self._lock:
            self._dead = self._dead or self.dies(len(self.written), line)
            if self._dead:
                raise Killed
            self.written.append(line)


class Mortal(Watched):
    """A store that a mortal process writes to."""

    def __init__(self, inner: ObjectStore, life: Life) -> None:
        super().__init__(inner)
        self._life = life

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        self._life.writes(method, key)
        return call()


def at_config(_number: int, line: str) -> bool:
    """Whether it is the last object that a restore writes."""
    return line.endswith(f" {C}/config")


@dataclass
class World:
    """A state store whose cluster was taken by one backup and damaged since."""

    root: Path
    life: Life = field(default_factory=Life)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for store in ("snapshots", "other"):
            (self.root / store).mkdir()
        self.write(GOOD)
        self.good = self.backup()
        self.write(DAMAGE)
        for key in LOST:
            self.path(key).unlink()

    def path(self, key: str, cluster: str = C, store: str = "state") -> Path:
        return self.root / store / cluster / key

    def write(self, objects: Mapping[str, bytes], cluster: str = C) -> None:
        put_objects(self.root / "state" / cluster, objects)

    def url(self, store: str) -> str:
        return (self.root / store).as_uri()

    def stores(self, state: str = "state") -> Stores:
        return Stores(settings_at(self.root, state=state), CLOCK, open_store=self._opened)

    def _opened(self, location: Location, *, env: Mapping[str, str], clock: Clock) -> ObjectStore:
        return Mortal(open_store(location, env=env, clock=clock), self.life)

    def session(self, overrides: Overrides = NOTHING, state: str = "state") -> Session:
        opened = self.stores(state)
        return Session(
            opened.settings,
            None,
            CLOCK,
            WHO,
            None,
            overrides=overrides,
            stores=opened,
            note=self.notes.append,
        )

    def run(
        self, operation: Operation, overrides: Overrides = NOTHING, *, state: str = "state"
    ) -> Report:
        return run(operation, self.session(overrides, state))

    def restore(
        self, snapshot: str = "latest", *, digest: str | None = None, wish: Wish | None = None
    ) -> str:
        """Restore as a process of its own would; return what its check said."""
        wish = wish or Wish(C, snapshot)
        report = self.run(RestoreState(wish, digest=digest))
        return next(row.words for row in report.rows if row.step == "check restore")

    def killed(self, dies: Moment, act: Callable[[], object]) -> bool:
        """Let the process that acts die before a write; return whether it came so far."""
        self.life.anew(dies)
        try:
            act()
        except Killed:
            return True
        finally:
            self.life.anew()
        return False

    def halfway(self, snapshot: str = "latest") -> None:
        """Kill a restore when it has written a part."""
        assert self.killed(at_config, lambda: self.restore(snapshot))

    def backup(self) -> str:
        """Take what a scheduled run takes; return the id of C's snapshot, whatever it is worth."""
        taken = run_to_end(BackUpState(), self.session()).result
        assert taken is not None
        (row,) = (row for row in taken.rows if row["cluster"] == C)
        return str(row["id"])

    def on_record(self) -> OpenRestore:
        found = RECORD.read_in(self.stores().state, C)
        assert found is not None
        return found

    def is_on_record(self) -> bool:
        return RECORD.read_in(self.stores().state, C) is not None

    def bytes(self, cluster: str = C, store: str = "state") -> dict[str, bytes]:
        """Return every object of the cluster that the snapshot may hold."""
        place = self.root / store / cluster
        return {
            str(path.relative_to(place)): path.read_bytes()
            for path in place.rglob("*")
            if path.is_file()
        }

    def is_restored(self, cluster: str = C, store: str = "state") -> bool:
        """Whether every object of the good snapshot is there, byte for byte."""
        there = self.bytes(cluster, store)
        return all(there.get(key) == body for key, body in GOOD.items() if _LIVE not in key)

    def again_from(self, moment: Path) -> None:
        """Make everything what it was when `keep` was called with that place."""
        for store in ("state", "snapshots", "other"):
            shutil.rmtree(self.root / store)
            shutil.copytree(moment / store, self.root / store)

    def keep(self, moment: Path) -> None:
        for store in ("state", "snapshots", "other"):
            shutil.copytree(self.root / store, moment / store)
