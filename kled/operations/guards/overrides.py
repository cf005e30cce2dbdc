"""Which guards a person has switched off for one run: one value, made in one place."""

from dataclasses import dataclass
from typing import Final

from kled.errors import NotApproved


@dataclass(frozen=True, slots=True)
class Overrides:
    """The guards that do not hold for this run, named as the options that set them."""

    no_lease: bool = False
    """Go without a lease: for state stores without conditional writes."""
    no_snapshot: bool = False
    """Change the cluster without a snapshot before."""
    no_epoch: bool = False
    """Go on whichever state store the cluster lives in."""
    no_window: bool = False
    """Change the cluster outside of its maintenance windows."""
    no_role_check: bool = False
    """Go on whoever else uses the cluster's IAM roles."""
    no_drain: bool = False
    """Let the cloud end machines while pods run on them."""
    new_identity: str | None = None
    """The name of the cluster that may get new keysets, secrets or etcd volumes in place of those
    it had."""

    def begins_anew(self, cluster: str) -> bool:
        """Say whether `cluster` may get other keys in this run.

        Raise where another one was named.
        """
        if self.new_identity is not None and self.new_identity != cluster:
            raise NotApproved(
                f'--new-identity names "{self.new_identity}", not "{cluster}"',
                hint="nothing was changed",
            )
        return self.new_identity == cluster


NOTHING: Final = Overrides()
"""Every guard holds."""
