"""What to type after a restore: an update where the cluster lives there, a look at a mere copy."""

from typing import TYPE_CHECKING

from kled.sentences import options
from kled.store_urls import is_same

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Wish
    from kled.operations.stores import Stores


def next_commands(opened: "Stores", wish: "Wish") -> tuple[str, ...]:
    """Return what follows a restore under the cluster's own name, in lines for a person.

    `wish` names the snapshot by its id. An update of a copy is refused while the cluster lives
    elsewhere. Only reads.
    """
    if wish.to is not None and (home := _home_elsewhere(opened, wish)):
        named = options(name=wish.cluster, state=wish.to)
        return (
            f"it is a copy: the cluster lives in {home}, and changes here are refused",
            f"next: kled snapshot diff {named} {wish.snapshot} live",
        )
    return (
        "its plan must show no new Keypair before you apply it",
        f"next: kled kops update-cluster {options(name=wish.cluster, state=wish.to)}",
    )


def _home_elsewhere(opened: "Stores", wish: "Wish") -> str:
    """Return the URL of the state store that the cluster lives in by its epoch; empty: it is this.

    A cluster without an epoch, or with one that has ended, lives wherever it is changed next.
    """
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help

    known = epoch.read(opened.snapshots, wish.cluster)
    if known is None or known.vacant:
        return ""
    here = opened.at(wish.place).location.url
    return "" if is_same(known.state_store, here) else known.state_store
