"""What an operation works with: a kops bound to an environment, settings, a clock, a lease."""

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kled import process
from kled.config import Settings
from kled.errors import KopsMissing
from kled.files import scratch as scratches
from kled.install.locate import locate
from kled.kops.facts import versions
from kled.models.share import Share
from kled.models.version import KopsVersion
from kled.operations.guards.consent import Consent, agree_to_every_plan
from kled.operations.guards.guards import LeasePlace
from kled.operations.guards.overrides import Overrides
from kled.operations.stores import Stores, child_environment, require_state_store
from kled.redact import Redactor, secret_values
from kled.retry import Clock

if TYPE_CHECKING:
    from kled.kops.client import Kops
    from kled.lease import Held, Waiting
    from kled.snapshot.repository import SnapshotStore
    from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts: shown to others who wait for the lease."""

    owner: str
    """A person or a deployment, for example `ada` or `flow create-cluster`."""
    run_id: str
    lease_wait: timedelta
    """How long to wait for another writer before giving up with `LeaseHeld`, unless the settings
    say otherwise."""


PerformPart = Callable[[str, Callable[[], None]], None]
"""Runs a part of a step; the name is what people see of it."""


def at_once(_name: str, act: Callable[[], None]) -> None:
    """Run a part of a step directly, like any other line of the step."""
    act()


class Session:
    """One run's hands: everything that a step may touch.

    A plain class on purpose: Prefect walks through dataclasses that are passed to tasks.
    """

    def __init__(  # noqa: PLR0913 - what a run needs, each given by whoever opens it
        self,
        settings: Settings,
        kops: "Kops | None",
        clock: Clock,
        who: Who,
        lease: "Held | None",
        *,
        overrides: Overrides,
        note: Callable[[str], None] = lambda _words: None,
        on_share: Callable[[Share], None] = lambda _share: None,
        stores: Stores | None = None,
        consent: Consent = agree_to_every_plan,
        version: KopsVersion | None = None,
    ) -> None:
        self.settings = settings
        self._kops = kops
        self._version = version
        self.clock = clock
        self.who = who
        self.overrides = overrides
        """The guards that this run goes without."""
        self.lease = lease
        self.note = note
        """Tells the person who watches what they should know of a long step."""
        self._on_share = on_share
        self._told = ""
        self.consent = consent
        """Who agrees to a plan that nobody has approved by its digest."""
        self.before: str | None = None
        """The id of the snapshot that this run took before its first change; None until it has
        taken one."""
        self.before_is_trusted = True
        """Whether that snapshot could be trusted when it was taken; otherwise `--untrusted`
        restores it."""
        self.final: str | None = None
        """The snapshot with all of the cluster, taken and read back before this run deletes it."""
        self.proved_gone = False
        """Whether this run looked in the cloud after the deletion, and nothing was left there."""
        self.stores = stores or Stores(settings, clock)
        """Every store of this run, each opened once."""
        self.part: PerformPart = at_once
        """Runs a part of a step that people want to see on its own, such as one group of a roll."""

    @property
    def kops(self) -> "Kops":
        """The kops client; raises `KopsMissing` in a session that was opened for stores alone."""
        if self._kops is None:
            raise KopsMissing("this operation drives no kops")
        return self._kops

    @property
    def kops_version(self) -> KopsVersion:
        """The version of kops, asked for once; raises what `kops` and its `version` raise."""
        if self._version is None:
            self._version = self.kops.version()
        return self._version

    @property
    def drives_kops(self) -> bool:
        """Whether there is a kops in this session."""
        return self._kops is not None

    @property
    def state_store(self) -> "ObjectStore":
        """The state store, opened once; raises `SettingsError` where none is named."""
        return self.stores.state

    @property
    def snapshot_store(self) -> "SnapshotStore":
        """The snapshot store, opened once; raises `SettingsError` where none is named."""
        return self.stores.snapshots

    def looking(self) -> "Session":
        """Return a session for reading, in which kops is asked each question once.

        Previews use it. Nothing may be changed with it, since its answers may be out of date by
        then.
        """
        looking = copy.copy(self)
        looking._kops = self._kops.remembering() if self._kops is not None else None  # noqa: SLF001
        return looking

    def other_store(self, url: str) -> "ObjectStore":
        """Return the store at `url`, opened once, with its profile of the settings file."""
        return self.stores.other(url)

    def tell(self, share: Share) -> None:
        """Say how far a long step is.

        In words, each sentence once, and in numbers for a progress bar.
        """
        if share.message != self._told:
            self._told = share.message
            self.note(share.message)
        self._on_share(share)

    def check(self) -> None:
        """Raise `LeaseLost` where this run's lease could not be kept."""
        if self.lease is not None:
            self.lease.check()


@contextmanager
def open_session(  # noqa: PLR0913 - who looks on, beside what is opened
    settings: Settings,
    place: LeasePlace | None,
    *,
    who: Who,
    overrides: Overrides,
    clock: Clock,
    on_line: Callable[[str], None],
    on_note: Callable[[str], None] | None = None,
    on_share: Callable[[Share], None] = lambda _share: None,
    with_kops: bool = True,
    stores: Stores | None = None,
    consent: Consent = agree_to_every_plan,
    asks_again: bool = False,
    waiting: "Waiting | None" = None,
) -> Iterator[Session]:
    """Yield a session; with a `place` to write to it holds the lease of that place until the end.

    `waiting` waits for another writer; by default the lease does that itself. `stores` are the
    stores that the caller has opened already; by default the session opens its own. With
    `asks_again`, reads that the cloud rejects for its load are tried several times more; it is
    meant for reads that no step's policy repeats.

    Without `with_kops` the session looks for no kops: it is for operations on stores alone, which
    also need no state store where their `place` names one. Raises `KopsMissing`, `SettingsError`
    (no state store), `LeaseHeld`, `CapabilityMissing`, and with a `place` `VersionRefused` for a
    kops that is too old to change anything, before the lease is taken.

    The scratch directory (0700) with the kubeconfig that kops writes to is removed at the end;
    after a SIGKILL the next session of the same user removes it (`kled.files.scratch`).
    """
    if with_kops or (place is not None and place.state_store is None):
        require_state_store(settings)
    program = _program(settings) if with_kops else None
    with ExitStack() as stack:
        scratch = stack.enter_context(scratches.directory())
        version = None
        if program is not None and place is not None:
            version = _kops(settings, program, scratch, None, on_line, None).version()
            versions.check(version)
        lease = None
        if place is not None:
            from kled.operations.guards.written_place import (  # noqa: PLC0415 - reads take no lease
                hold_lease,
            )

            lease = stack.enter_context(
                hold_lease(
                    settings, place, who, clock, waiting=waiting, no_lease=overrides.no_lease
                )
            )
        note = on_note or on_line
        kops = None
        if program is not None:
            pause = clock.sleep if asks_again else None
            kops = _kops(settings, program, scratch, lease, on_line, note, pause)
        yield Session(
            settings,
            kops,
            clock,
            who,
            lease,
            overrides=overrides,
            note=note,
            on_share=on_share,
            stores=stores,
            consent=consent,
            version=version,
        )


def _program(settings: Settings) -> Path:
    search_path = settings.environment.get("PATH", os.defpath)
    return locate(explicit=settings.kops, home=settings.home, search_path=search_path).path


def _kops(  # noqa: PLR0913, PLR0917 - all that a kops depends on, named once
    settings: Settings,
    program: Path,
    scratch: Path,
    lease: "Held | None",
    on_line: Callable[[str], None],
    on_warning: Callable[[str], None] | None,
    pause: Callable[[float], None] | None = None,
) -> "Kops":
    from kled.kops.call import KopsCalls  # noqa: PLC0415 - operations on stores alone drive no kops
    from kled.kops.client import Kops  # noqa: PLC0415

    return Kops(
        KopsCalls(
            program,
            run=process.run,
            env=child_environment(settings),
            state_store=require_state_store(settings),
            scratch=scratch,
            redactor=Redactor(secret_values(settings.environment)),
            on_line=on_line,
            on_start=lease.child_started if lease else None,
            keeps_snapshots=settings.snapshot_store is not None,
            on_warning=on_warning,
            pause=pause,
        )
    )
