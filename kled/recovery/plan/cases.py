"""The steps of each case, from what is left."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kled.kops.state_store.layout import ObjectKind
from kled.recovery.diagnosis import Diagnosis
from kled.recovery.evidence import Evidence
from kled.recovery.facts import Case
from kled.recovery.known import Unknown, known
from kled.recovery.plan import common_steps, etcd_steps
from kled.recovery.plan.backup_choice import ChosenBackup
from kled.recovery.plan.etcd_steps import EtcdAsked
from kled.recovery.plan.recovery_step import RecoveryStep
from kled.recovery.plan.target import Target
from kled.sentences import options

_ALL_KINDS: tuple[ObjectKind, ...] = ("identity", "intent")


@dataclass(frozen=True, slots=True)
class Means:
    """What the steps of a recovery are made from."""

    evidence: Evidence
    diagnosis: Diagnosis
    target: Target
    snapshot: str | None
    """The snapshot to restore the state from."""
    backups: Sequence[ChosenBackup] = ()
    asked: Mapping[str, EtcdAsked] = field(default_factory=dict)
    """What the definition asks of each etcd cluster."""


def steps_of(means: Means) -> tuple[RecoveryStep, ...]:
    """Return the steps that lead back from the case, in their order; pure.

    Where nobody knows what snapshots there are, nothing else is begun.
    """
    case = means.diagnosis.case
    if needs_state(case, means.evidence) and isinstance(means.evidence.snapshots, Unknown):
        return tuple(_without_snapshot_store(means, means.evidence.snapshots))
    return tuple(_STEPS[case](means))


def needs_state(case: Case, evidence: Evidence) -> bool:
    """Say whether the state has to be put back."""
    lost = evidence.facts.state not in {"whole", "unapplied"}
    if case in {"state-lost", "region-lost", "several"}:
        return True
    return case == "deleted" and lost


def needs_etcd(case: Case) -> bool:
    """Say whether etcd has to be restored, or may have to be."""
    return case in {"control-plane-lost", "region-lost", "deleted", "several"}


def _without_snapshot_store(means: Means, why: Unknown) -> Iterator[RecoveryStep]:
    yield common_steps.freeze(runs=True)
    yield RecoveryStep(
        "find-out-snapshots",
        "find out: its snapshots",
        "a person",
        detail=f"{why.ask or why.because}; a second site may have them: --snapshot-store=URL",
    )
    yield RecoveryStep(
        "look-again",
        "look again, with them",
        command=_plan_again(means),
    )


def _plan_again(means: Means, **more: object) -> str:
    """Return the command that plans once more, from what is left now."""
    target = means.target
    to = target.url if target.moves else None
    state = None if target.named or target.moves else target.url
    return f"kled recover plan {options(name=target.cluster, **more, to=to, state=state)}"


def _nothing(_: Means) -> Iterator[RecoveryStep]:
    yield from ()


def _state_lost(means: Means) -> Iterator[RecoveryStep]:
    yield common_steps.freeze(runs=True)
    yield common_steps.save_etcd()
    yield from _restored(means, control=True)
    yield common_steps.preview_update(means.target)
    yield common_steps.update(means.target)
    yield from _ends(means)


def _control_plane_lost(means: Means) -> Iterator[RecoveryStep]:
    yield common_steps.freeze(runs=False)
    yield RecoveryStep(
        "look-at-volumes",
        "look whether etcd's volumes are there",
        "a person",
        detail="where etcd has its quorum, restore nothing: a new machine is filled"
        " by the others; where volumes are left (tags k8s.io/etcd/main), a new machine takes its"
        " own up again; only what has neither is restored from a backup",
    )
    yield common_steps.keep_what_is_there(means.target)
    yield from _etcd_restored(means)
    yield common_steps.preview_update(means.target)
    yield common_steps.update(means.target, "it makes the machines that are missing")
    yield common_steps.validate(means.target)
    yield common_steps.export_kubeconfig(means.target)
    yield from _after_etcd(means)


def _rebuilt(means: Means) -> Iterator[RecoveryStep]:
    """Yield the steps where nothing runs any more: the state, etcd's command, then machines."""
    yield common_steps.freeze(runs=False)
    if needs_state(means.diagnosis.case, means.evidence):
        yield from _restored(means, control=False)
    yield from _etcd_restored(means)
    yield common_steps.preview_update(means.target)
    yield common_steps.update(means.target, "it makes every cloud resource anew")
    yield common_steps.validate(means.target)
    yield common_steps.export_kubeconfig(means.target)
    yield from _after_etcd(means)


def _deleted(means: Means) -> Iterator[RecoveryStep]:
    if means.evidence.facts.end == "begun":
        yield RecoveryStep(
            "decide",
            "decide whether the cluster is to go",
            "a person",
            command=f"kled kops delete-cluster {means.target.options(yes=True)}",
            detail="only where it is to go: this ends the deletion, and there is nothing to"
            " recover; else go on here",
        )
    yield from _rebuilt(means)


def _several(means: Means) -> Iterator[RecoveryStep]:
    yield common_steps.freeze(runs=True)
    yield from _restored(means, control=True)
    yield RecoveryStep(
        "look-again",
        "look again, now that its state is there",
        command=f"kled recover plan {means.target.options()}",
        detail="what is lost beside the state is planned from there",
    )


def _elsewhere(means: Means) -> Iterator[RecoveryStep]:
    home = known(means.evidence.home)
    url = home.state_store if home is not None else "URL"
    yield RecoveryStep(
        "look-there",
        "look where it lives",
        command=f"kled recover plan {options(name=means.target.cluster, state=url)}",
    )


def _not_known(means: Means) -> Iterator[RecoveryStep]:
    for each in means.diagnosis.unknown:
        if each.decides and each.hint:
            yield RecoveryStep(
                f"find-out-{each.key.replace('_', '-')}",
                f"find out: {each.what}",
                "a person",
                detail=each.hint,
            )
    for case in means.diagnosis.possible:
        if case == "elsewhere":
            continue
        yield RecoveryStep(
            f"say-{case}",
            f"only where you know that it is {case}",
            "a person",
            command=_plan_again(means, case=case),
        )


_STEPS = {
    "nothing-lost": _nothing,
    "state-lost": _state_lost,
    "control-plane-lost": _control_plane_lost,
    "region-lost": _rebuilt,
    "deleted": _deleted,
    "several": _several,
    "elsewhere": _elsewhere,
    "not-known": _not_known,
}


def _restored(means: Means, *, control: bool) -> Iterator[RecoveryStep]:
    """Yield the steps that put the state back; where no snapshot has it, what is left to try."""
    if means.snapshot is None:
        yield from _without_snapshot(means)
        return
    if not means.target.made:
        yield common_steps.make_store(means.target)
    if _lacks_groups_alone(means):
        yield from common_steps.restore_state(
            means.target, means.snapshot, groups=means.evidence.lost_groups
        )
        return
    kinds = _damaged(means)
    classes = ("identity",) if kinds == ("identity",) else ()
    yield from common_steps.restore_state(
        means.target, means.snapshot, classes=classes, control=control
    )


def _lacks_groups_alone(means: Means) -> bool:
    state = known(means.evidence.state)
    whole = state is not None and state.fact == "whole"
    return whole and bool(means.evidence.lost_groups) and not means.target.moves


def _damaged(means: Means) -> tuple[ObjectKind, ...]:
    state = known(means.evidence.state)
    if state is None or state.fact != "damaged" or means.target.moves:
        return _ALL_KINDS
    return state.damaged


def _without_snapshot(means: Means) -> Iterator[RecoveryStep]:
    versions = known(means.evidence.versions)
    if versions is not None and versions.count:
        yield RecoveryStep(
            "undelete",
            "bring deleted objects back from the bucket's earlier versions",
            "a person",
            detail=f"{versions.count} objects of it are deleted, and the bucket keeps an earlier"
            " version of each: remove their delete markers with the bucket's own tool, those below"
            " pki/ and secrets/ first, then config and instancegroup/, then"
            " backups/etcd/*/control/etcd-cluster-created before etcd-cluster-spec",
        )
    yield RecoveryStep(
        "copy-keys",
        "copy the keys from a machine of the control plane",
        "a person",
        detail="/srv/kubernetes/kube-controller-manager/ca.crt, ca.key and service-account.key,"
        " /etc/kubernetes/kops-controller/kubernetes-ca.crt and .key, and"
        " /etc/kubernetes/pki/etcd-manager-main and -events; kops create keypair KEYSET --primary"
        " --cert=FILE --key=FILE stores each, before any update; the definition is written anew"
        " (docs/recovery.md)",
    )


def _etcd_restored(means: Means) -> Iterator[RecoveryStep]:
    chosen = [each.backup for each in means.backups if each.backup is not None]
    yield from etcd_steps.restore_backups(chosen, means.asked, means.evidence.at)


def _after_etcd(means: Means) -> Iterator[RecoveryStep]:
    """Yield what a restored etcd needs, and the end."""
    if any(each.backup is not None for each in means.backups):
        yield common_steps.mend_api_objects()
        yield common_steps.roll(means.target)
    yield common_steps.take_snapshot(means.target)


def _ends(means: Means) -> Iterator[RecoveryStep]:
    yield common_steps.validate(means.target)
    yield common_steps.take_snapshot(means.target)
