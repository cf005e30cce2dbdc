"""Store a newer Kubernetes version; the cloud follows with update and rolling update."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kled.errors import VersionRefused
from kled.kops.facts import kubernetes_versions as versions
from kled.models.plan import Plan
from kled.models.version import KubernetesVersion, stored_version
from kled.operations import ways_back
from kled.operations.cluster.applied_version import applied_version
from kled.operations.cluster.kept_fields import require_all_known
from kled.operations.guards.guards import ROLLS
from kled.operations.identity import identity_check
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import CHANGE, READ

NO_UPGRADE: Final = "no upgrade required"
_FIELD: Final = "KubernetesVersion"
"""What kops calls it in the table of `upgrade cluster`."""


@dataclass(frozen=True, slots=True)
class UpgradeCluster:
    """Take the version that the channel recommends, or the one given."""

    cluster: str
    kubernetes_version: str | None = None
    channel: str | None = None
    skip_minor_versions: bool = False
    """Whether it may go over a minor version, which Kubernetes does not support."""
    give_up: tuple[str, ...] = ()
    """Fields that this kops does not know and may drop."""

    name = "upgrade cluster"
    guards = ROLLS

    def __post_init__(self) -> None:
        """Raise `InvalidInput` for a text that is not a version: kops would guess another."""
        if self.kubernetes_version is not None:
            versions.parsed("--kubernetes-version", self.kubernetes_version)

    def steps(self) -> tuple[Step, ...]:
        """Return the steps.

        Safe to repeat and to kill: kops stores cluster and groups one after the other, and the
        next call finds what is left to upgrade.
        """
        effect, back = Effect(), ways_back.KnownWayBack()

        def act(session: Session) -> str:
            effect.begins()
            before = session.kops.definition.get(self.cluster)
            version = self.kubernetes_version or new_version(plan_upgrade(session, self))
            done = session.kops.definition.upgrade(self.cluster, version, self.channel)
            changed = (
                f"{change.kind} {change.name} {field} {value}".replace("  ", " ")
                for change in done.changes
                for field, value in change.fields.items()
            )
            effect.ends(done.changes)
            if done.changes:
                after = session.kops.definition.get(self.cluster)
                undo = ways_back.of_definitions(session, before, after)
                back.are(f"before update-cluster: {undo}; after it there is none" if undo else "")
            return "; ".join(changed) or NO_UPGRADE

        way_back = (
            "before update-cluster: kled kops edit-cluster"
            f" --name={self.cluster} --set=spec.kubernetesVersion=X.Y.Z; after it there is none"
        )
        upgrade = Step("upgrade cluster", act, CHANGE, way_back=way_back, changed=effect, back=back)
        return (identity_check.step(self.cluster), check_step(self), upgrade)


def plan_upgrade(session: Session, wish: UpgradeCluster) -> Plan:
    """Return the plan of `kops upgrade cluster` once its version was checked. Only reads.

    Raises `InvalidInput` for a text that is not a version, and `VersionRefused` for a version to
    which the cluster cannot go: a downgrade, one that skips a minor version, one that this kops
    does not serve. kops writes the cluster and every group again; raises `DefinitionRejected` where
    that would drop a field.
    """
    given = wish.kubernetes_version
    if given is not None:
        _require(session, wish, versions.parsed("--kubernetes-version", given))
    plan = session.kops.definition.preview_upgrade(wish.cluster, given, wish.channel)
    proposed = new_version(plan)
    if given is None and proposed is not None:
        _require(session, wish, versions.parsed("the channel's version", proposed))
    if not plan.is_empty:
        definition = session.kops.definition.get(wish.cluster)
        require_all_known(session, definition, wish.give_up, way_on="--give-up")
    return plan


def new_version(plan: Plan) -> str | None:
    """Return the Kubernetes version that the plan of an upgrade would store, if any."""
    for change in plan.changes:
        if _FIELD in change.fields:
            return change.fields[_FIELD].rpartition("-> ")[2]
    return None


def check_step(wish: UpgradeCluster) -> Step:
    """Check the version before a snapshot is taken for it. Safe to repeat: it only reads."""

    def act(session: Session) -> str:
        version = new_version(plan_upgrade(session, wish))
        return f"to Kubernetes {version}" if version else "no other version"

    return Step("check version", act, READ, reads=True)


def _require(session: Session, wish: UpgradeCluster, version: KubernetesVersion) -> None:
    versions.require_served(version, session.kops.version(), session.settings.environment)
    cluster, skip = wish.cluster, wish.skip_minor_versions
    stored = _stored(session.kops.definition.get(cluster).cluster, cluster)
    versions.require_step(stored, version, cluster=cluster, skip=skip)
    applied = applied_version(session, cluster)
    if applied is not None and applied < stored and not skip:
        versions.require_step(applied, version, cluster=cluster, state="was last updated to")


def _stored(cluster: Mapping[str, Any], name: str) -> KubernetesVersion:
    text = str((cluster.get("spec") or {}).get("kubernetesVersion") or "")
    version = stored_version(text)
    if version is None:
        raise VersionRefused(
            f'the stored spec.kubernetesVersion of cluster "{name}", {text!r}, is not a version',
            hint=f"look at it: kled kops get-clusters --name={name} --output=yaml",
        )
    return version
