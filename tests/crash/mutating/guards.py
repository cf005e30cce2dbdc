"""What operations read of a state store: definitions, keys, records, leases, memory of runs."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

from kled import config
from kled.errors import KledError
from kled.kops.facts import iam_roles, neighbours
from kled.lease import Terms, Writer
from kled.lease.writes import acquire, advance
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.rolled import estimate
from kled.models.rolling import RollingRow
from kled.operations.fleet import registered
from kled.operations.guards import before_change, own_places, shared_iam_roles
from kled.operations.guards.overrides import NOTHING
from kled.operations.identity import identity_check, kept_keys
from kled.operations.instance_group import interrupted_scaling
from kled.operations.records import approved_plan, begun_deletion, roll_journal
from kled.operations.records.approved_plan import Approved
from kled.operations.recovery import restore_approval, restore_state
from kled.operations.recovery.restore_place import require_own_place
from kled.operations.session import Session, Who
from kled.operations.snapshots import back_up
from kled.operations.stores import Stores
from kled.retry import Clock
from tests.crash.mutating.consumers import Case
from tests.crash.mutating.world import A, B, Scene

PLAN: Final = Plan(A, (Change("modify", "LaunchTemplate", "nodes", {"Type": "a -> b"}),))
ROWS: Final = (
    RollingRow(
        "nodes", "NeedsUpdate", need_update=3, ready=0, min_size=3, target_size=3, max_size=3
    ),
)


def session_on(scene: Scene) -> Session:
    env = {"HOME": "/nowhere", "KOPS_STATE_STORE": "s3://state", "KLED_SNAPSHOT_STORE": "s3://kept"}
    if scene.keys.signing_key:
        env["KLED_SNAPSHOT_SIGNING_KEY"] = str(scene.keys.signing_key)
    if scene.keys.identity:
        env["KLED_SNAPSHOT_IDENTITY"] = str(scene.keys.identity)
        env["KLED_SNAPSHOT_RECIPIENTS"] = ",".join(scene.keys.recipients)
    settings = config.load(env)
    clock, who = Clock(lambda: 0.0, lambda _: None), Who("t", "a run", timedelta(0))
    stores = Stores(
        settings,
        clock,
        open_store=lambda location, *, env, clock: (
            scene.kept if location.url.startswith("s3://kept") else scene.state
        ),
    )
    return Session(settings, None, clock, who, None, overrides=NOTHING, stores=stores)


def leases(case: Case) -> None:
    scene, now = case.scene(), [0.0]

    def sleep(seconds: float) -> None:
        assert seconds > 0, "it waits for nothing, again and again"
        now[0] += seconds

    clock = Clock(lambda: now[0], sleep)
    for cluster in (A, B):
        with suppress(KledError):
            writer, terms = (
                Writer("me", f"run {case.number}", "here", 1),
                Terms(wait=timedelta(hours=1)),
            )
            taken = acquire(scene.state, cluster, writer=writer, terms=terms, clock=clock)
            tag = advance(scene.state, taken.lease.renewed(), taken.tag)
            advance(scene.state, taken.lease.renewed().renewed().released(), tag)


def guards(case: Case) -> None:
    """Two guards of each cluster, others each time."""
    session = session_on(case.scene())
    for cluster in (A, B):
        for number in (case.number, case.number + 2):
            with suppress(KledError):
                _GUARDS[number % len(_GUARDS)](session, cluster)


def _shared_roles(session: Session, cluster: str) -> object:
    others = shared_iam_roles.registered_clusters(session, but=cluster)
    return shared_iam_roles.fan_out(iam_roles.named_after(cluster), others)


_GUARDS: Final[tuple[Callable[[Session, str], object], ...]] = (
    identity_check.check,
    identity_check.words,
    kept_keys.lost_authority,
    lambda session, cluster: own_places.require(session, cluster, deletes=True),
    before_change.check_epoch,
    _shared_roles,
    kept_keys.require_own_keys,
)


def homes(case: Case) -> None:
    """The list of registered clusters has the other one, whatever became of the one."""
    session = session_on(case.scene())
    found = {one.name: one for one in registered.homes(session, but="", everywhere=True)}
    assert {A, B} - {case.mutation.key.partition("/")[0]} <= found.keys()
    for one in found.values():
        neighbours.cloud_of(one)
        neighbours.regions_of(one)


def records(case: Case) -> None:
    session = session_on(case.scene())
    for cluster in (A, B):
        interrupted_scaling.words(session, cluster)
        with suppress(KledError):
            interrupted_scaling.require_none(session, cluster)
        with suppress(KledError):
            approved_plan.require(session, PLAN, Approved("0" * 12, PLAN))
        estimate(roll_journal.read(session, cluster).past, ROWS)
        with suppress(KledError):
            begun = begun_deletion.read(session, cluster)
            if begun is not None:
                _uses(begun)


def _uses(begun: Definition) -> None:
    iam_roles.owned(begun)
    iam_roles.used(begun)
    begun.differences(begun)
    begun.as_json()
    with suppress(ValueError):
        begun.as_yaml()


def restore_plans(case: Case) -> None:
    session = session_on(case.scene())
    back_up.newest_trusted(session.stores, [A, B])
    for cluster in (A, B):
        with suppress(KledError):
            wish = restore_state.Wish(cluster, "latest")
            meant = restore_state.settle(session.stores, wish)
            planned = restore_state.plan(session.stores, meant.wish)
            require_own_place(session.state_store, planned, meant.wish)
            restore_approval.protection_of(session.settings, planned)


OF_STATE: Final[Mapping[str, Callable[[Case], None]]] = {
    "lease": leases,
    "guards": guards,
    "registered": homes,
    "records": records,
    "restore plan": restore_plans,
}
