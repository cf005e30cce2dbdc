"""What changes of the stored state would do, and why they would be refused. Only reads.

`now` of each function is that of `foreseen.refusal`.
"""

from dataclasses import replace

from kled.models.plan import Change, Plan
from kled.operations.cluster import upgrade_cluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.credentials import rotate_keypairs
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.credentials.secrets import DeleteSecret, require_secret, require_unused
from kled.operations.identity import kept_keys
from kled.operations.instance_group.create_delete import DeleteInstanceGroup, require_spare
from kled.operations.preview import foreseen
from kled.operations.session import Session


def preview_upgrade(session: Session, wish: UpgradeCluster, *, now: bool) -> Plan:
    """Return the versions that would be stored; raises as `foreseen.preview_with_refusal`."""

    def make() -> Plan:
        kept_keys.require_previewable(session, wish.cluster)
        return upgrade_cluster.plan_upgrade(session, wish)

    plan, error = foreseen.preview_with_refusal(session, wish, make, now=now)
    return replace(plan, refusal=error)


def preview_rotation(session: Session, wish: RotateKeypairs, *, now: bool) -> Plan:
    """Return the keysets of the phase; raises as `foreseen.preview_with_refusal`."""

    def make() -> Plan:
        kept_keys.require_previewable(session, wish.cluster)
        return rotate_keypairs.plan(wish, rotate_keypairs.open_keysets(session, wish))

    def rolled(made: Plan) -> None:
        if not made.is_empty:
            rotate_keypairs.require_rolled(session, wish)

    plan, error = foreseen.preview_with_refusal(session, wish, make, rolled, now=now)
    return replace(plan, refusal=error)


def preview_secret_deletion(session: Session, wish: DeleteSecret, *, now: bool) -> Plan:
    """Return the deletion of the secret; raises as `foreseen.preview_with_refusal`."""

    def make() -> Plan:
        require_secret(session, wish.cluster, wish.secret)
        return Plan(wish.cluster, (Change("delete", "secret", wish.secret),))

    def unused(_made: Plan) -> None:
        require_unused(session, wish.cluster, wish.secret)

    plan, error = foreseen.preview_with_refusal(session, wish, make, unused, now=now)
    return replace(plan, refusal=error)


def preview_group_deletion(session: Session, wish: DeleteInstanceGroup, *, now: bool) -> Plan:
    """Return the deletion of the group; raises as `foreseen.preview_with_refusal`."""
    cluster, group = wish.cluster, wish.instance_group

    def make() -> Plan:
        return Plan(cluster, (Change("delete", "instance group", group),))

    def may_go(_made: Plan) -> None:
        require_spare(session, cluster, group)

    plan, error = foreseen.preview_with_refusal(session, wish, make, may_go, now=now)
    return replace(plan, refusal=error)
