"""Which guards a person has switched off for one run: one value, made in one place."""

from dataclasses import dataclass
from typing import Final

from kled.errors import NotApproved


@dataclass(frozen=True, slots=True)
class Overrides:
    """The guards that do not hold for this run. Named as the options that set them."""

    no_lease: bool = False
    """Go without a lease: for state stores without conditional writes."""
    no_snapshot: bool = False
    """Change the cluster without a snapshot before."""
    no_epoch: bool = False
    """Do not ask where the cluster lives."""
    no_window: bool = False
    """Change the cluster outside of its maintenance windows."""
    no_role_check: bool = False
    """Do not ask who else uses the cluster's IAM roles."""
    no_drain: bool = False
    """Let the cloud end machines with the pods that run on them."""
    new_identity: str | None = None
    """The name of the cluster that may get new keysets, secrets or etcd volumes in place of those
    it had."""

    def begins_anew(self, cluster: str) -> bool:
        """Whether the run was told that `cluster` begins anew; raise where it names another one."""
        if self.new_identity is not None and self.new_identity != cluster:
            raise NotApproved(
                f'--new-identity names "{self.new_identity}", not "{cluster}"',
                hint="nothing was changed",
            )
        return self.new_identity == cluster


NOTHING: Final = Overrides()
"""Every guard holds."""
