"""Which guards a person has switched off for one run: one value, made in one place."""

from dataclasses import dataclass
from typing import Final


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
    new_identity: str | None = None
    """The name of the cluster that may get new keysets and secrets in place of those it had."""


NOTHING: Final = Overrides()
"""Every guard holds."""
