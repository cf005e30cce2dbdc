"""The refusal of a keyset to which somebody added another cluster's key."""

from typing import TYPE_CHECKING, Final

from kled.errors import IdentityAtRisk
from kled.sentences import enumerated, options

if TYPE_CHECKING:
    from kled.snapshot.losses.other_keysets import OtherKeysets

_SHOWN: Final = 3


def refusal(cluster: str, others: "OtherKeysets") -> IdentityAtRisk:
    """Return the refusal of keysets that hold a key by which another cluster lives.

    The earlier keyset comes back with `--new-identity`, since putting it back looks like undoing a
    rotation. Where no snapshot has it, a person takes the key away.
    """
    keysets = tuple(sorted(others.of_neighbours))
    theirs = enumerated(sorted(set(others.of_neighbours.values())), _SHOWN)
    goes_on = options(name=cluster, yes=True, new_identity=cluster)
    return IdentityAtRisk(
        f"a key that cluster {theirs} lives by was added to {enumerated(keysets, _SHOWN)} of"
        f" cluster {cluster}: whoever holds it would be an authority of both; nothing was changed",
        hint=f"find out who added it; {_way_back(cluster, others)}; only where both are to share"
        f" it: kled kops update-cluster {goes_on}",
    )


def _way_back(cluster: str, others: "OtherKeysets") -> str:
    if not others.snapshot:
        return "have its own key sign again (kops promote keypair), and distrust the other one"
    again = options(
        name=cluster,
        snapshot=others.snapshot,
        **{"class": "identity"},
        new_identity=cluster,
        yes=True,
    )
    return f"what there was before comes back with kled snapshot restore {again}"
