"""Clusters: what is stored, what is pending, and every change of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from kled.api.calls import Calls, approved, checked
from kled.kops.fields.flags import require_text
from kled.kops.state_store.layout import require_cluster_name
from kled.models.cluster import Cluster, Instance
from kled.models.definition import Definition
from kled.models.plan import Plan
from kled.models.rolling import Roll, RollingPlan
from kled.models.spec import ClusterSpec
from kled.operations.cluster.create_cluster import CreateCluster, StoreCluster
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.edit_cluster import EditCluster, StoreEditedCluster
from kled.operations.cluster.plan_update import plan_reconciling, preview_update
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster, update_meant
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.fleet import all_clusters
from kled.operations.fleet.all_clusters import Answer, Pending
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.identity import kept_keys, lost_keys
from kled.operations.preview.preview_change import preview_upgrade
from kled.operations.preview.preview_deletion import preview_deletion, require_deletable
from kled.operations.preview.preview_roll import preview_roll, resolve_roll
from kled.operations.roll.plan_roll import as_plan
from kled.operations.roll.roll_cluster import Pace, RollCluster
from kled.operations.runner import Report
from kled.operations.session import Session

_PATIENCE = timedelta(minutes=30)
_ADMIN = timedelta(hours=18)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Every method takes a cluster's whole name, and raises `ClusterNotFound` where there is none.

    A plan bears in `refusal` what the change would be refused with at this moment; the change
    raises it. `digest` lets a change go on only where its plan is still the one that was looked at.
    """

    _calls: Calls

    def list(self) -> tuple[Cluster, ...]:
        """Return every cluster of the state store, sorted; one that cannot be loaded says why."""
        with self._calls.session() as session:
            return listed_clusters(session)

    def definition(self, name: str) -> Definition:
        """Return the stored definition of a cluster and of its instance groups."""
        with self._calls.session() as session:
            return session.kops.definition.get(require_cluster_name(name))

    def instances(self, name: str) -> tuple[Instance, ...]:
        """Return the machines, each with whether it runs what the definition says."""
        with (
            self._calls.session() as session,
            lost_keys.tell_lost_keys_apart(session, _named(name)),
        ):
            return session.kops.instances.list(name)

    def dump(self, name: str) -> dict[str, Any]:
        """Return the cluster's cloud resources, as `kops toolbox dump` describes them."""
        with self._calls.session() as session:
            return session.kops.cluster.dump(_named(name))

    def preview_definition(self, spec: ClusterSpec) -> Definition:
        """Return the definition that `spec` gives; nothing is stored."""
        with self._calls.session() as session:
            return session.kops.definition.dry_run(_with_text(spec))

    def store(self, spec: ClusterSpec) -> Report:
        """Store the definition, or attach to an equal one. `plan_update` shows what it would make.

        Raises `ClusterDiffers` naming the fields where another one is stored.
        """
        return self._calls.run(StoreCluster(_with_text(spec)))

    def create(
        self,
        spec: ClusterSpec,
        *,
        kubeconfig: Path,
        wait: timedelta = _PATIENCE,
        admin: timedelta = _ADMIN,
        digest: str | None = None,
    ) -> Report:
        """Store or attach, apply, `wait` until it validates, and write a kubeconfig (0600).

        Run again after a failure it does only what is left. `admin` is how long the credentials in
        the kubeconfig last. Raises `NotReadyInTime`, and as `store`.
        """
        target = kubeconfig.absolute()
        return self._calls.run(
            CreateCluster(_with_text(spec), target, wait, admin, approved(digest))
        )

    def pending(self, name: str) -> Pending:
        """Return what an update would change, whom it touches, and which machines need a roll."""
        with self._calls.session() as session:
            pending = all_clusters.look_for_pending(session, _named(name))
            self._calls.shown(pending.plan)
            return pending

    def pending_everywhere(self) -> tuple[Answer, ...]:
        """Return for each cluster whether something is pending, or why it cannot be told."""
        with self._calls.session() as session:
            listed = listed_clusters(session)
            return all_clusters.each_answer(session, listed, all_clusters.ask_what_is_pending)

    def plan_update(self, name: str) -> Plan:
        """Return what an update would change in the cloud."""
        with self._calls.session() as session:
            plan = preview_update(session.looking(), UpdateCluster(_named(name)), now=True)
            return self._calls.shown(plan)

    def update(
        self,
        name: str,
        *,
        digest: str | None = None,
        roll: bool | Roll = False,
        wait: timedelta | None = None,
    ) -> Report:
        """Apply the definition; with `roll` replace machines, too, and wait until it validates.

        `roll` may be how to roll. `wait` is 30 minutes with a roll, else nothing is waited for.
        """
        how = roll if isinstance(roll, Roll) else Roll() if roll else None
        digest = None if digest is None else checked(digest)
        return self._calls.run(update_meant(_named(name), digest, how, wait))

    def plan_reconciling(self, name: str) -> Plan:
        """Return what `reconcile` would change in the cloud."""
        with self._calls.session() as session:
            wish = ReconcileCluster(_named(name))
            plan, _ = plan_reconciling(session.looking(), wish, now=True)
            return self._calls.shown(plan)

    def reconcile(self, name: str, *, digest: str | None = None) -> Report:
        """Apply the definition and roll, control plane first."""
        return self._calls.run(ReconcileCluster(_named(name), approved(digest)))

    def preview_roll(self, name: str, roll: Roll | None = None) -> RollingPlan:
        """Return a row for each instance group: how many machines a roll would replace."""
        return self._rolling(name, roll or Roll(), Pace())[0]

    def plan_roll(self, name: str, roll: Roll | None = None, *, pace: Pace | None = None) -> Plan:
        """Return which groups' machines a roll would replace, with the digest that approves it."""
        return self._rolling(name, roll or Roll(), pace or Pace())[1]

    def roll(
        self,
        name: str,
        roll: Roll | None = None,
        *,
        pace: Pace | None = None,
        digest: str | None = None,
    ) -> Report:
        """Replace the machines that need it, one after the other.

        `pace` says what goes first and how carefully. Raises `RollHalted` where a node stops it.
        """
        digest = None if digest is None else checked(digest)
        with self._calls.session() as session:
            kept_keys.require_whole(session, _named(name))
            rolling = _roll_meant(session, name, roll or Roll(), pace or Pace())
        return self._calls.run(replace(rolling, approved=digest))

    def _rolling(self, name: str, roll: Roll, pace: Pace) -> tuple[RollingPlan, Plan]:
        with self._calls.session() as session:
            looking = session.looking()
            rolling = _roll_meant(looking, _named(name), roll, pace)
            previewed, refusal = preview_roll(looking, rolling, now=True)
            return previewed, replace(
                as_plan(previewed, rolling.roll), refusal=self._calls.told(refusal)
            )

    def plan_upgrade(
        self,
        name: str,
        *,
        kubernetes_version: str | None = None,
        channel: str | None = None,
        skip_minor_versions: bool = False,
        give_up: Sequence[str] = (),
    ) -> Plan:
        """Return which newer versions would be stored; nothing for both means the channel's."""
        wish = UpgradeCluster(
            _named(name), kubernetes_version, channel, skip_minor_versions, tuple(give_up)
        )
        with self._calls.session() as session:
            return self._calls.shown(preview_upgrade(session.looking(), wish, now=True))

    def upgrade(
        self,
        name: str,
        *,
        kubernetes_version: str | None = None,
        channel: str | None = None,
        skip_minor_versions: bool = False,
        give_up: Sequence[str] = (),
    ) -> Report:
        """Store newer versions. `update` with `roll` brings the machines to them.

        `give_up` names fields that this kops does not know and may drop.
        """
        return self._calls.run(
            UpgradeCluster(
                _named(name), kubernetes_version, channel, skip_minor_versions, tuple(give_up)
            )
        )

    def edit(
        self,
        name: str,
        *,
        sets: Sequence[str] = (),
        unsets: Sequence[str] = (),
        skip_minor_versions: bool = False,
    ) -> Report:
        """Set fields (`spec.kubernetesApiAccess=10.0.0.0/8`) and unset others by their paths.

        Raises `InvalidInput` for a field that is none, before anything is stored.
        """
        require_text("Cluster", sets, unsets)
        with self._calls.session() as session:
            stored = session.kops.definition.get(_named(name)).cluster
            session.kops.fields.flags("Cluster", sets, (), stored=stored)
        return self._calls.run(EditCluster(name, tuple(sets), tuple(unsets), skip_minor_versions))

    def replace(self, name: str, text: str, *, skip_minor_versions: bool = False) -> Report:
        """Store a YAML or JSON text as the definition of the cluster itself, without its groups."""
        edited = StoreEditedCluster(_named(name), text, skip_minor_versions=skip_minor_versions)
        return self._calls.run(edited)

    def plan_deletion(
        self, name: str, *, unregister: bool = False, with_resources_of: Sequence[str] = ()
    ) -> Plan:
        """Return all that a deletion removes.

        It speaks of a deletion that is confirmed: `refusal` is not about protection.
        """
        wish = DeleteCluster(_named(name), unregister, name, None, tuple(with_resources_of))
        with self._calls.session() as session:
            looking = session.looking()
            require_deletable(looking, wish)
            return self._calls.shown(preview_deletion(looking, wish, now=True))

    def delete(
        self,
        name: str,
        *,
        confirm: str | None = None,
        digest: str | None = None,
        unregister: bool = False,
        with_resources_of: Sequence[str] = (),
    ) -> Report:
        """Delete the cluster, and prove that nothing is left of it.

        A protected cluster needs its name once more in `confirm`, else `NotApproved` is raised.
        `unregister` only forgets the definition, keys and etcd backups; machines run on.
        `with_resources_of` names neighbours whose resources kops would take, and may.
        """
        wish = DeleteCluster(
            _named(name), unregister, confirm, approved(digest), tuple(with_resources_of)
        )
        with self._calls.session() as session:
            require_deletable(session, wish)
        return self._calls.run(wish)


def _named(name: str) -> str:
    return require_cluster_name(name)


def _with_text(spec: ClusterSpec) -> ClusterSpec:
    require_text("Cluster", spec.set, spec.unset)
    return spec


def _roll_meant(session: Session, name: str, roll: Roll, pace: Pace) -> RollCluster:
    """Return the roll with whole names of groups; raises as `canary_meant`."""
    with lost_keys.tell_lost_keys_apart(session, name):
        named, first = resolve_roll(session, name, roll, pace.canary)
    return RollCluster(name, named, replace(pace, canary=first))
