"""Change fields of a cluster's stored definition; the cloud follows with update-cluster."""

from collections.abc import Callable
from dataclasses import dataclass

from kled.kops.facts import kubernetes_versions
from kled.kops.fields import fixed_fields, own_labels
from kled.kops.fields.unknown_fields import holds_any
from kled.kops.state_store import locations
from kled.models.definition import object_name
from kled.models.version import KubernetesVersion, stored_version
from kled.operations import ways_back
from kled.operations.cluster.applied_version import applied_version
from kled.operations.cluster.edit_step import edit_step
from kled.operations.cluster.edited_text import (
    require_newest,
    require_unchanged,
    require_whole,
    with_counted,
)
from kled.operations.cluster.field_names import require_names
from kled.operations.cluster.kept_fields import require_known_cluster
from kled.operations.guards.copies import require_original
from kled.operations.guards.guards import MOVES
from kled.operations.identity import etcd_names, etcd_zones
from kled.operations.instance_group.edited_group import Document, changes, parse, to_yaml
from kled.operations.session import Session
from kled.operations.step import Step
from kled.operations.stores import require_state_store


@dataclass(frozen=True, slots=True)
class EditCluster:
    """Set and unset fields by their paths, for example `spec.kubernetesApiAccess=10.0.0.0/8`."""

    cluster: str
    sets: tuple[str, ...] = ()
    unsets: tuple[str, ...] = ()
    skip_minor_versions: bool = False
    """Whether `spec.kubernetesVersion` may go over a minor version."""

    name = "edit cluster"
    guards = MOVES

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to kill: kops writes the one object of the cluster whole."""
        return (_step(self.cluster, self._change),)

    def _change(self, session: Session, stored: Document) -> tuple[str, ...]:
        """Make the change; return the fields, unknown to this kops, that it gives up."""
        root, fixed = _root(session, self.cluster), fixed_fields.OF_A_CLUSTER
        fixed_fields.refuse_sets(stored, fixed, self.sets, self.unsets, root=root)
        if any(map(fixed_fields.sets_a_place, self.sets)):
            require_original(session, self.cluster)
        own_labels.refuse_sets("Cluster", stored, self.sets)
        etcd_names.require_sets(session, stored, self.sets, self.unsets)
        etcd_zones.require_cluster_sets(session, stored, self.sets, self.unsets)
        for version in kubernetes_versions.in_sets(self.sets):
            _require_version(session, stored, version, skip=self.skip_minor_versions)
        unknown = require_known_cluster(session, stored, self.unsets)
        unsets = tuple(path for path in self.unsets if not holds_any(path, unknown))
        if self.sets or unsets:
            session.kops.definition.edit(self.cluster, stored=stored, set=self.sets, unset=unsets)
        else:  # kops knows no such path to unset, and drops it where it writes the cluster
            session.kops.definition.store(to_yaml(stored))
        return unknown


@dataclass(frozen=True, slots=True)
class StoreEditedCluster:
    """Store an edited text as the cluster's definition."""

    cluster: str
    text: str
    seen: Document | None = None
    """What was stored when the editing began; None stores the text over any definition."""
    skip_minor_versions: bool = False
    """Whether `spec.kubernetesVersion` may go over a minor version."""

    name = "edit cluster"
    guards = MOVES

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to kill: kops writes the one object of the cluster whole."""
        return (_step(self.cluster, self._change),)

    def _change(self, session: Session, stored: Document) -> tuple[str, ...]:
        edited = parse(self.text, stored)
        if edited is None or not changes(stored, edited):
            return ()
        require_names(session, "Cluster", stored, edited)
        root = _root(session, self.cluster)
        fixed_fields.refuse_changes(stored, edited, fixed_fields.OF_A_CLUSTER, root=root)
        if (*locations.places_of(stored),) != (*locations.places_of(edited),):
            require_original(session, self.cluster)
        own_labels.refuse_changes("Cluster", stored, edited)
        etcd_names.require_edited(session, stored, edited)
        etcd_zones.require_cluster(session, stored, edited)
        if (version := _version(edited)) != _version(stored):
            wanted = kubernetes_versions.written("spec.kubernetesVersion", version)
            _require_version(session, stored, wanted, skip=self.skip_minor_versions)
        require_known_cluster(session, stored)
        require_unchanged(self.seen, stored)
        require_newest(edited, stored)
        edited = with_counted(edited, stored)
        session.kops.definition.store_edited(self.cluster, to_yaml(edited))
        now = session.kops.definition.get(self.cluster).cluster
        back = ways_back.of_edit(session, "Cluster", {"name": self.cluster}, stored, now)
        require_whole(edited, now, back)
        return ()


def _step(cluster: str, change: Callable[[Session, Document], tuple[str, ...]]) -> Step:
    """Return the step that makes `change` to the stored cluster and reports both values.

    `change` returns the fields, unknown to this kops, that it gives up.
    """

    def read(session: Session) -> Document:
        return session.kops.definition.get(cluster).cluster

    return edit_step("Cluster", {"name": cluster}, read, change)


def _root(session: Session, cluster: str) -> str:
    """Return the cluster's own part of its state store."""
    return locations.root_of(require_state_store(session.settings), cluster)


def _version(cluster: Document) -> str:
    return str((cluster.get("spec") or {}).get("kubernetesVersion", ""))


def _require_version(
    session: Session, stored: Document, version: KubernetesVersion, *, skip: bool
) -> None:
    """Raise `VersionRefused` for a version to which the cluster cannot go.

    The starting point is the version that was applied last, so that an upgrade which was stored and
    never applied can be taken back.
    """
    env, name = session.settings.environment, object_name(stored)
    kubernetes_versions.require_served(version, session.kops.version(), env)
    before = applied_version(session, name) or stored_version(_version(stored))
    if before is not None:
        kubernetes_versions.require_step(before, version, cluster=name, skip=skip)
