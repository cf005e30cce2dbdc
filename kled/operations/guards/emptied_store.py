"""A state store that held clusters and holds none now: most of the time it is not mounted."""

from typing import TYPE_CHECKING, Final

from kled.errors import KledError, NotApproved
from kled.operations.stores import require_state_store
from kled.sentences import enumerated, options
from kled.store_urls import is_same

if TYPE_CHECKING:
    from kled.operations.session import Session

_SHOWN: Final = 4


def require_none_gone(session: "Session", but: str) -> None:
    """Raise `NotApproved` where snapshots know clusters of the store that kled did not delete.

    To be called where the state store was found empty. The cluster `but` is about to be made, and
    left out. Only reads, and only the snapshot store; where none is configured or it does not
    answer, nothing is raised. `--no-epoch` goes on.
    """
    if session.settings.snapshot_store is None or session.overrides.no_epoch:
        return
    try:
        gone = tuple(name for name in _living(session) if name != but)
    except KledError as error:
        session.note(f"whether the state store ever held clusters is not known: {error.message}")
        return
    if gone:
        url = require_state_store(session.settings)
        raise NotApproved(
            f"{url} holds no cluster, and its snapshots know {enumerated(gone, _SHOWN)}, which"
            " kled did not delete; nothing was changed",
            hint="is it mounted, and is it the right one? lost clusters come back with kled"
            f" snapshot restore {options(name=gone[0], snapshot='latest')}; only where all of them"
            " are gone for good: --no-epoch",
        )


def _living(session: "Session") -> tuple[str, ...]:
    """Return the clusters of the newest run from here that kled has not ended since."""
    from kled.snapshot.documents.runs import ENDED  # noqa: PLC0415
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415

    kept, url = session.snapshot_store, require_state_store(session.settings)
    runs = read_ledger(kept, session.stores.remembering).runs.items()
    clusters = [run.clusters for place, run in runs if is_same(place, url)]
    known = {name: entry for each in clusters for name, entry in each.items()}
    seen = sorted(name for name, entry in known.items() if entry.snapshot and entry.error != ENDED)

    def lives(name: str) -> bool:
        now = epoch.read(kept, name)
        if now is None:
            return True
        left = now.unregistered or epoch.is_ending(now, url)
        return not left and is_same(now.state_store, url)

    return tuple(filter(lives, seen))
