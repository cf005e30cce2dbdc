"""Rolls the groups of a cluster one after the other, keeps a journal, and halts cleanly."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from kled.errors import ClusterNotReady, KledError, RollHalted
from kled.kops.facts import roll_log as said
from kled.models.cluster import Role
from kled.models.rolled import Rolled, estimate, in_order
from kled.models.rolling import Roll, RollingRow
from kled.models.share import Share
from kled.operations import stores
from kled.operations.health.cluster_api import cluster_api
from kled.operations.health.steadiness import wait_steady
from kled.operations.records.roll_journal import KeptJournal, OpenRoll
from kled.operations.roll import interrupted_roll, roll_repair
from kled.operations.session import Session
from kled.sentences import number

if TYPE_CHECKING:
    from kled.kubernetes.client import Api
    from kled.operations.roll.roll_cluster import Pace

_EACH: Final = timedelta(minutes=45)
"""For one machine: kops itself gives drain and validation 15 minutes each."""


def roll_groups(session: Session, cluster: str, roll: Roll, pace: "Pace") -> str:
    """Roll the groups that need it in their safe order; return a sentence about what was done.

    Raises `RollHalted`, and unchanged the errors that may pass at the next try, such as
    `Throttled`.
    """
    with _api(session, cluster, roll) as api:
        kept = KeptJournal(session, cluster)
        mended = _begin(kept, roll, api)
        roles = {group.name: group.role for group in session.kops.instance_groups.list(cluster)}
        alone = _canary(kept, pace, roles, api)
        rows = _waiting(kept, roll, in_order_of(roles, pace.canary))
        machines = sum(row.need_update for row in rows)
        for place, row in enumerate(rows, 1):
            left = rows[place - 1 :]
            before = machines - sum(later.need_update for later in left)
            share = Share(before, max(1, machines), _outlook(kept, left, place, len(rows)))
            session.tell(share)
            group = _Group(kept, roll, pace, row, api, share)
            act = partial(group.roll, roles.get(row.instance_group, "node"))
            session.part(f"roll {row.instance_group}: {number(row.need_update, 'machine')}", act)
            if pace.pause and place < len(rows):
                following = rows[place].instance_group
                session.note(say_pause(row.instance_group, following, pace.pause, stores.now()))
                session.clock.sleep(pace.pause.total_seconds())
        kept.write(replace(kept.journal, begun=None))
    first = f"uncordoned first: {', '.join(mended)}; " if mended else ""
    first += f"replaced {alone} as the canary; " if alone else ""
    done = ", ".join(f"{row.instance_group} ({row.need_update})" for row in rows)
    return f"{first}rolled {done}" if rows else f"{first}nothing was left to roll"


def say_pause(done: str, following: str, pause: timedelta, now: datetime) -> str:
    """Say why nothing happens, until when, and what a person can do meanwhile."""
    until = f"{(now + pause).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return (
        f"{done} is rolled; {following} begins at {until} ({pause}), so that people can look;"
        " stopped before, the roll goes on from there when it is run again"
    )


def _canary(kept: KeptJournal, pace: "Pace", roles: Mapping[str, Role], api: "Api | None") -> str:
    """Replace the machine that goes first, if it still exists and is out of date; return its id.

    `kops delete instance` starts its successor, drains it and validates, as a roll does.
    """
    session, cluster, name = kept.session, kept.cluster, pace.canary
    if name is None or name in roles:
        return ""
    rows = [instance for instance in session.kops.instances.list(cluster) if instance.id == name]
    if not any(row.status == "NeedsUpdate" for row in rows):
        session.note(
            f"the canary {name} is not a group, and no machine that needs an update (any more)"
        )
        return ""
    session.note(f"replacing {name} first, as the canary")
    session.check()
    try:
        session.kops.instances.delete(cluster, name, cloudonly=api is None)
        if api is not None:
            wait_steady(session, cluster, pace.steadiness, pace.patience)
    except KledError as error:
        _uncordon(kept, api)
        if error.retryable and not isinstance(error, ClusterNotReady):
            raise
        raise RollHalted(
            f'the canary {name} of cluster "{cluster}" was not replaced well: {error.message}',
            hint="nothing else was touched; mend the cause, then run it again",
        ) from error
    return name


def _uncordon(kept: KeptJournal, api: "Api | None") -> None:
    """Undo what this roll has cordoned and tainted, as far as the API answers."""
    if api is None:
        return
    begun = kept.journal.begun or OpenRoll(())
    with suppress(KledError):  # the next run does it, too; the reason is what matters now
        roll_repair.undo(api, begun.cordoned)
        if not begun.forced:  # who cordons from now on is nobody that this roll knows
            kept.write(replace(kept.journal, begun=None))


def in_order_of(
    roles: dict[str, Role], canary: str | None
) -> Callable[[Sequence[RollingRow]], tuple[RollingRow, ...]]:
    """Return the function that puts rows into their safe order."""
    return lambda rows: in_order(rows, roles, canary)


def _waiting(
    kept: KeptJournal,
    roll: Roll,
    order: Callable[[Sequence[RollingRow]], tuple[RollingRow, ...]],
) -> tuple[RollingRow, ...]:
    """Return the remaining groups in their order; `need_update` is how many machines will roll."""
    rows = kept.session.kops.cluster.preview_rolling_update(kept.cluster, roll).rows
    if not roll.force:
        return order([row for row in rows if row.need_update or row.status != "Ready"])
    begun = kept.journal.begun or OpenRoll(())
    every = [replace(row, need_update=row.need_update + row.ready) for row in rows]
    return order([row for row in every if row.instance_group not in begun.done])


def _begin(kept: KeptJournal, roll: Roll, api: "Api | None") -> tuple[str, ...]:
    """Open the journal; where it is open already, first undo what the interrupted roll has left."""
    journal = kept.journal
    mended: tuple[str, ...] = ()
    if journal.begun is not None:
        if api is not None:
            mended = roll_repair.undo(api, journal.begun.cordoned)
        if journal.begun.forced == roll.force:
            asked = replace(journal.begun, groups=roll.instance_groups, cloudonly=roll.cloudonly)
            kept.write(replace(journal, begun=asked))
            return mended
    cordoned = roll_repair.cordoned_nodes(api) if api is not None else ()
    begun = OpenRoll(cordoned, roll.force, (), roll.instance_groups, roll.cloudonly)
    kept.write(replace(journal, begun=begun))
    return mended


def _outlook(kept: KeptJournal, left: Sequence[RollingRow], place: int, groups: int) -> str:
    """Say which group is next, and how long the rest takes by the cluster's past rolls."""
    takes = estimate(kept.journal.past, left)
    minutes = f", about {max(1, round(takes.total_seconds() / 60))} min left" if takes else ""
    machines = sum(row.need_update for row in left)
    return (
        f"rolling {left[0].instance_group}: group {place} of {groups},"
        f" {number(machines, 'machine')} left{minutes}"
    )


@dataclass
class _Group:
    """The roll of one group."""

    kept: KeptJournal
    rolling: Roll
    pace: "Pace"
    row: RollingRow
    api: "Api | None"
    before: Share
    """How far the roll was when this group began."""
    gone: int = 0
    at: str = ""
    """The node that kops is at."""

    @property
    def session(self) -> Session:
        """The session that rolls it."""
        return self.kept.session

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.kept.cluster

    def roll(self, role: Role) -> None:
        """Roll the group, wait until the cluster is steady, and record how long it took."""
        session, began = self.session, self.session.clock.monotonic()
        deadline = self.pace.group_deadline or _EACH * max(1, self.row.need_update)
        kops = session.kops.telling(self._line, deadline)
        only = replace(self.rolling, instance_groups=(self.row.instance_group,))
        session.check()
        with self._halting():
            kops.cluster.rolling_update(self.cluster, only)
            if not self.rolling.cloudonly:
                wait_steady(session, self.cluster, self.pace.steadiness, self.pace.patience)
        seconds = session.clock.monotonic() - began
        done = Rolled(self.row.instance_group, role, self.row.need_update, seconds, stores.now())
        self.kept.write(self.kept.journal.with_rolled(done))

    def _line(self, line: str) -> None:
        self.at = said.draining(line) or self.at
        if said.stopped(line):
            self.gone += 1
            group, all_of_it = self.row.instance_group, self.row.need_update
            message = f"{group}: {self.gone} of {all_of_it} machines replaced"
            done = self.before.done + min(self.gone, all_of_it)
            self.session.tell(Share(done, self.before.total, message))

    @contextmanager
    def _halting(self) -> Iterator[None]:
        """On failure leave nothing cordoned by us, and say at which machine it failed, and why."""
        try:
            yield
        except KledError as error:
            _uncordon(self.kept, self.api)
            if error.retryable and not isinstance(error, ClusterNotReady):
                raise
            raise RollHalted(self._words(error), hint=self._hint(error)) from error
        except BaseException:  # an interruption: it has no hint
            if message := interrupted_roll.words(self.session, self.cluster):
                self.session.note(message)
            raise

    def _words(self, error: KledError) -> str:
        node = f" at node {self.at}" if self.at else ""
        sick = self._sick()
        why = f"{error.message}; {sick}" if sick and sick not in error.message else error.message
        return (
            f'rolling instance group "{self.row.instance_group}" of cluster "{self.cluster}" halted'
            f"{node}, {self.gone} of {self.row.need_update} machines replaced: {why}"
        )

    def _hint(self, error: KledError) -> str:
        again = (
            f"nothing is cordoned by it; mend the cause, then run it again: it goes on where it"
            f" halted ({interrupted_roll.command(self.cluster, self.rolling)})"
        )
        return f"{error.hint}; {again}" if error.hint else again

    def _sick(self) -> str:
        """Name the first thing that keeps the cluster from validating, if it can be asked."""
        if self.rolling.cloudonly:
            return ""
        with suppress(KledError):
            failures = self.session.kops.cluster.validate(self.cluster).failures
            return (
                f"{failures[0].kind} {failures[0].name}: {failures[0].message}" if failures else ""
            )
        return ""


@contextmanager
def _api(session: Session, cluster: str, roll: Roll) -> Iterator["Api | None"]:
    """Yield the Kubernetes API; None for a roll that works without it."""
    if roll.cloudonly:
        yield None
        return
    with cluster_api(session, cluster, roll.api_server) as api:
        yield api
