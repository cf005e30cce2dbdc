"""From what is left and which case it is to a plan; pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from kled.errors import InvalidInput
from kled.recovery.diagnosis import Diagnosis
from kled.recovery.evidence import Evidence, SnapshotsLeft
from kled.recovery.known import known
from kled.recovery.plan.backup_choice import ChosenBackup, choose_backups, newest_at
from kled.recovery.plan.bound_losses import bound_losses, remarks_on
from kled.recovery.plan.cases import Means, needs_etcd, needs_state, steps_of
from kled.recovery.plan.etcd_steps import EtcdAsked
from kled.recovery.plan.recovery_plan import Loss, RecoveryPlan
from kled.recovery.plan.target import Target, require_same_kind


def plan_recovery(
    evidence: Evidence,
    diagnosis: Diagnosis,
    *,
    to: str | None = None,
    named: bool = False,
    asked: Mapping[str, EtcdAsked] | None = None,
) -> RecoveryPlan:
    """Return the plan for the case; `to` is another state store that the cluster is to live in.

    `named` says whether commands find the state store by the settings, `asked` what the definition
    asks of its etcd clusters. Raises `InvalidInput` for a `to` that this case has no use for, or
    that is of another kind.
    """
    case, snapshots = diagnosis.case, known(evidence.snapshots)
    state_needed = needs_state(case, evidence)
    if to is not None:
        _require_use(evidence, diagnosis, to, needed=state_needed)
    snapshot = snapshots.trusted if snapshots is not None and state_needed else None
    backups = _backups(evidence, snapshots) if needs_etcd(case) else ()
    means = Means(
        evidence, diagnosis, _target(evidence, to, named=named), snapshot, backups, asked or {}
    )
    rpo = _rpo(evidence, snapshots if snapshot else None, backups, state_needed=state_needed)
    return RecoveryPlan(
        evidence,
        diagnosis,
        steps_of(means),
        snapshot,
        backups,
        tuple(_losses(evidence, diagnosis, rpo)),
        rpo,
        to,
        _stuck(evidence, snapshots) if state_needed and snapshot is None else "",
        (
            *(_remarks(evidence, rpo) if state_needed else ()),
            *remarks_on(evidence.etcd),
        ),
    )


def _require_use(evidence: Evidence, diagnosis: Diagnosis, to: str, *, needed: bool) -> None:
    if evidence.state_store:
        require_same_kind(evidence.state_store, to)
    if not needed and diagnosis.case != "not-known":
        raise InvalidInput(
            "--to",
            f"is for a cluster whose state is lost, and here the case is {diagnosis.case}",
            hint="leave out --to",
        )


def _target(evidence: Evidence, to: str | None, *, named: bool) -> Target:
    if to is not None:
        return Target(evidence.cluster, to, moves=True, made=False)
    state = known(evidence.state)
    made = state is None or state.fact != "store-gone"
    return Target(evidence.cluster, evidence.state_store, named=named, made=made)


def _backups(evidence: Evidence, snapshots: SnapshotsLeft | None) -> tuple[ChosenBackup, ...]:
    state = known(evidence.state)
    etcd = known(evidence.etcd)
    read = {(each.name, each.source): each for each in (etcd.tried if etcd is not None else ())}
    in_state = state.backups if state is not None else ()
    in_snapshot = snapshots.backups if snapshots is not None else ()
    return choose_backups(
        [read.get((each.name, each.source), each) for each in in_state],
        [read.get((each.name, each.source), each) for each in in_snapshot],
    )


def _rpo(
    evidence: Evidence,
    used: SnapshotsLeft | None,
    backups: Sequence[ChosenBackup],
    *,
    state_needed: bool,
) -> dict[str, float | None]:
    """Return how many seconds are lost; of etcd where it is restored."""
    of_state = _seconds(evidence.at, used.created if used else None) if state_needed else 0.0
    etcds = {
        f"etcd-{each.etcd}": _seconds(evidence.at, newest_at(backups, each.etcd))
        for each in backups
    }
    return {"state": of_state, **etcds}


def _seconds(now: datetime, then: datetime | None) -> float | None:
    return None if then is None else max(0.0, round((now - then).total_seconds(), 1))


def _losses(
    evidence: Evidence, diagnosis: Diagnosis, rpo: Mapping[str, float | None]
) -> Iterator[Loss]:
    if diagnosis.case in {"nothing-lost", "elsewhere", "not-known"}:
        return
    if rpo["state"] is None:
        yield Loss("the definition, its keys and secrets, unless a copy of them is found")
    elif rpo["state"]:
        yield Loss(
            "what was changed of the definition, its keys and secrets since the snapshot",
            rpo["state"],
        )
    if not needs_etcd(diagnosis.case):
        return
    restored = {name: seconds for name, seconds in rpo.items() if name != "state"}
    for name, seconds in restored.items():
        yield Loss(f"what {name.replace('-', ' ')} was told since its backup", seconds)
    if "etcd-main" not in restored:
        yield Loss(
            "all that Kubernetes knew of workloads, unless etcd's volumes are left: no backup of"
            " etcd main is known; deploy them again"
        )
    yield Loss("writes to etcd that were under way, and all events")
    yield from map(Loss, bound_losses(known(evidence.etcd)))
    if diagnosis.case in {"deleted", "region-lost"}:
        yield Loss(
            "addresses: load balancers of the API and of Services get new ones, and DNS names that"
            f" nobody updates point to the former; api.{evidence.cluster} is the first to look at"
        )


def _stuck(evidence: Evidence, snapshots: SnapshotsLeft | None) -> str:
    """Say why there is nothing to put the state back from; empty: that is not known."""
    versions = known(evidence.versions)
    if snapshots is None or (versions is not None and versions.count):
        return ""
    return snapshots.why_none or "there is no snapshot that can be trusted"


def _remarks(evidence: Evidence, rpo: Mapping[str, float | None]) -> Iterator[str]:
    """Yield what a person may do rather than what the steps say."""
    versions, snapshots = known(evidence.versions), known(evidence.snapshots)
    if versions is not None and versions.whole and versions.count:
        when = f", the last of them at {versions.last:%Y-%m-%d %H:%M} UTC" if versions.last else ""
        lost = rpo["state"]
        instead = "needs no snapshot" if lost is None else f"saves {round(lost)} seconds of changes"
        yield (
            f"{versions.count} objects of it were deleted{when}, and the bucket keeps an earlier"
            f" version of each: to bring those back with the bucket's own tool {instead}"
        )
    if versions is not None and versions.untold:
        yield versions.untold
    yield from snapshots.passed_over if snapshots is not None else ()
