"""What a run asks for before all else, under way while what makes snapshots is imported."""

from typing import TYPE_CHECKING

from kled.pool import Pool
from kled.snapshot.create.halfway import OpenRestores

if TYPE_CHECKING:
    from collections.abc import Callable

    from kled.snapshot.repository import SnapshotStore
    from kled.snapshot.trust.ledger import Ledger
    from kled.storage.base import ObjectStore


class FirstLook:
    """Looks for open restores, and at what a snapshot store says of itself, both at once."""

    def __init__(
        self,
        state: "ObjectStore",
        open_snapshots: "Callable[[], SnapshotStore]",
        halfway: OpenRestores,
    ) -> None:
        """Begin; `open_snapshots` is called in a thread."""

        def read() -> "Ledger":
            from kled.snapshot.trust.ledger import (  # noqa: PLC0415 - others are asked meanwhile
                read_ledger,
            )

            return read_ledger(open_snapshots(), state)

        pool = Pool(2, "kled-first")
        self._looking = pool.submit(halfway.look)
        self._reading = pool.submit(read)
        pool.shutdown(wait=False)

    def ledger(self) -> "Ledger":
        """Return the ledger once open restores are known, too; raise what the stores raise."""
        ledger = self._reading.result()
        self._looking.result()
        return ledger
