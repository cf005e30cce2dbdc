"""Store a newer Kubernetes version; the cloud follows with update and rolling update."""

from dataclasses import dataclass

from kled.operations import identity
from kled.operations.guards import ROLLS
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE


@dataclass(frozen=True, slots=True)
class UpgradeCluster:
    """Take the version that the channel recommends, or the one given."""

    cluster: str
    kubernetes_version: str | None = None
    channel: str | None = None

    name = "upgrade cluster"
    guards = ROLLS

    def steps(self) -> tuple[Step, ...]:
        """Return the steps.

        Safe to repeat and to kill: kops stores cluster and groups one after the other, and the
        next call finds what is left to upgrade.
        """

        def act(session: Session) -> str:
            done = session.kops.upgrade(self.cluster, self.kubernetes_version, self.channel)
            changed = (
                f"{change.kind} {change.name} {field} {value}".replace("  ", " ")
                for change in done.changes
                for field, value in change.fields.items()
            )
            return "; ".join(changed) or "no upgrade required"

        way_back = "set spec.kubernetesVersion back before update-cluster; after it there is none"
        upgrade = Step("upgrade cluster", act, CHANGE, way_back=way_back)
        return (identity.step(self.cluster), upgrade)
