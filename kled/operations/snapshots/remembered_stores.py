"""What each store remembers of the other, so that an emptied or reset one is not called healthy."""

from functools import partial

from kled.errors import SnapshotNotTrustworthy
from kled.operations import stores


def say_all_gone(opened: stores.Stores) -> str | None:
    """Say which clusters an empty state store has lost, as a backup would; None where none.

    A request for each cluster of its newest run.
    """
    from kled.snapshot.choosing import way_back  # noqa: PLC0415 - not for --help
    from kled.snapshot.losses.vanished import find_vanished  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.trust import sum_up  # noqa: PLC0415

    url = opened.state.location.url
    ledger = read_ledger(opened.snapshots, opened.remembering)
    run = ledger.runs.get(url)
    back = partial(way_back, opened.snapshots, ledger=ledger)
    failures = find_vanished(opened.snapshots, run.clusters if run else {}, (), url, back).failures
    errors = [failure.error for failure in failures if failure.error is not None]
    if not errors:
        return None
    return f"{sum_up([error.message for error in errors])}; {errors[0].hint}"


def require_whole(opened: stores.Stores) -> None:
    """Raise where a backup of this state store would report lost snapshots."""
    from kled.snapshot.losses.losses import losses_of, require_mounted  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.trust import sum_up  # noqa: PLC0415

    ledger = read_ledger(opened.snapshots, opened.remembering)
    require_mounted(ledger)
    if wrong := (*ledger.doubts, *losses_of(ledger).reasons):
        raise SnapshotNotTrustworthy(
            f"{opened.snapshots.url} may have lost snapshots: {sum_up(wrong)}",
            hint="kled snapshot verify --all tells more",
        )
