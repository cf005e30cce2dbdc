"""Which state store a cluster lives in: known to the snapshot store, and asked by every change."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kled.api.calls import Calls
from kled.errors import KledError
from kled.kops.state_store.layout import require_cluster_name
from kled.operations.preview import foreseen
from kled.operations.recovery.raise_epoch import RAISES, RaiseEpoch
from kled.operations.runner import Report
from kled.operations.stores import require_state_store

if TYPE_CHECKING:
    from kled.snapshot.epoch.epoch_document import Epoch


@dataclass(frozen=True, slots=True)
class Epochs:
    """The epoch of a cluster is the number of its homes so far, and where it lives now."""

    _calls: Calls

    def read(self, cluster: str) -> "Epoch | None":
        """Return the epoch; None where no change with kled has written one yet.

        Raises `SnapshotNotTrustworthy` where it is damaged, or not signed though it should be.
        """
        from kled.snapshot.epoch import epoch  # noqa: PLC0415 - brings pydantic

        with self._calls.stores() as stores:
            return epoch.read(stores.snapshots, require_cluster_name(cluster))

    def preview_raise(
        self, cluster: str, *, snapshot: str = "latest", former: str | None = None
    ) -> KledError | None:
        """Return what raising the epoch would be refused with; None: nothing speaks against it."""
        require_state_store(self._calls.settings)
        wish = RaiseEpoch(require_cluster_name(cluster), snapshot, former=former)
        with self._calls.session(with_kops=RAISES.needs_kops) as session:
            return self._calls.told(foreseen.refusal(session, wish))

    def raise_here(
        self, cluster: str, *, snapshot: str = "latest", former: str | None = None
    ) -> Report:
        """Say that the cluster lives in this state store from now on; the old one refuses itself.

        Done only where this one has the definition and every keyset and secret of `snapshot`.
        `former` is the URL of the state store that it lived in, where that one has it still: nobody
        is to use it any more, and a definition that names it is written with this one.
        """
        require_state_store(self._calls.settings)
        name = require_cluster_name(cluster)
        return self._calls.run(RaiseEpoch(name, snapshot, former=former))
