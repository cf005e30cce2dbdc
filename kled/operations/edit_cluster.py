"""Change fields of a cluster's stored definition; the cloud follows with update-cluster."""

from dataclasses import dataclass

from kled.kops import fixed_fields, kubernetes_versions
from kled.kops.unknown_fields import holds_any
from kled.models.version import stored_version
from kled.operations.applied_version import applied_version
from kled.operations.edit_instance_group import NO_CHANGE
from kled.operations.edited_group import Document, changes, to_yaml
from kled.operations.guards import EDITS
from kled.operations.kept_fields import require_known_cluster
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import CHANGE


@dataclass(frozen=True, slots=True)
class EditCluster:
    """Set and unset fields by their paths, for example `spec.kubernetesApiAccess=10.0.0.0/8`."""

    cluster: str
    sets: tuple[str, ...] = ()
    unsets: tuple[str, ...] = ()
    skip_minor_versions: bool = False
    """Whether `spec.kubernetesVersion` may go over a minor version."""

    name = "edit cluster"
    guards = EDITS

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to kill: kops writes the one object of the cluster whole."""
        effect = Effect()

        def act(session: Session) -> str:
            effect.begins()
            before = session.kops.get_definition(self.cluster).cluster
            given_up = self._change(session, before)
            changed = changes(before, session.kops.get_definition(self.cluster).cluster)
            told = (*changed, *(f"{field}: given up" for field in given_up))
            effect.ends(told)
            return "; ".join(told) or NO_CHANGE

        way_back = "set the earlier values again with kled kops edit-cluster --set"
        return (Step("edit cluster", act, CHANGE, way_back=way_back, changed=effect),)

    def _change(self, session: Session, stored: Document) -> tuple[str, ...]:
        """Make the change; return the fields, unknown to this kops, that are given up with it."""
        fixed_fields.refuse_sets(stored, fixed_fields.OF_A_CLUSTER, self.sets, self.unsets)
        self._check_version(session, stored)
        unknown = require_known_cluster(session, stored, self.unsets)
        unsets = tuple(path for path in self.unsets if not holds_any(path, unknown))
        if self.sets or unsets:
            session.kops.edit_cluster(self.cluster, stored=stored, set=self.sets, unset=unsets)
        else:  # kops knows no such path to unset, and drops it where it writes the cluster
            session.kops.store(to_yaml(stored))
        return unknown

    def _check_version(self, session: Session, stored: Document) -> None:
        """Raise `VersionRefused` for a version that the cluster cannot go to.

        Counted from what was last applied: an upgrade that was stored and never applied is taken
        back so.
        """
        for version in kubernetes_versions.in_sets(self.sets):
            env = session.settings.environment
            kubernetes_versions.require_served(version, session.kops.version(), env)
            text = str((stored.get("spec") or {}).get("kubernetesVersion", ""))
            before = applied_version(session, self.cluster) or stored_version(text)
            if before is not None:
                kubernetes_versions.require_step(
                    before, version, cluster=self.cluster, skip=self.skip_minor_versions
                )
