"""Whether the state store can be read, written and keep leases, and whether clocks agree."""

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from kled.errors import CapabilityMissing, InvalidInput, KledError, SettingsError, StoreDenied
from kled.operations import stores
from kled.operations.checks.check import Check, bad, not_tried, ok, wrong
from kled.sentences import duration

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore
    from kled.storage.write_trial import Trial

NAME: Final = "state store"
WRITES: Final = "state store: write"
LEASES: Final = "state store: leases"
CLOCK: Final = "state store: clock"
ENCRYPTION: Final = "state store: encryption"
_SKEW: Final = timedelta(minutes=5)
"""AWS refuses requests that are signed more than 15 minutes off; tokens of Azure and Google are
not valid yet on a clock that is behind."""
_KEY: Final = "give the service a key to encrypt with (MinIO: MINIO_KMS_SECRET_KEY), or use another"
_READ_ONLY: Final = "--read-only: nothing is written"
_CURE: Final = "set the clock (timedatectl set-ntp true, or chronyc makestep)"


def state_store_checks(opened: stores.Stores, *, writes: bool) -> list[Check]:
    """Try the state store with kled's own client; with `writes` also write a small object.

    The object is removed again. Raises nothing.
    """
    try:
        store = opened.state
    except InvalidInput as error:
        url = opened.settings.state_store or ""
        if error.field == "state store" and url.partition("://")[0] in {"swift", "k8s", "linode"}:
            return [not_tried(NAME, f"kled has no client for {url}: kops alone reads it")]
        return [wrong(NAME, error)]
    except SettingsError as error:
        return [Check(NAME, "missing", error.message, error.hint or "", needed=True)]
    except KledError as error:
        return [wrong(NAME, error)]
    try:
        _read(store)
    except KledError as error:
        return [wrong(NAME, error), *_untried("the store cannot be read")]
    readable = ok(NAME, f"{store.location.url} can be listed and read")
    return [readable, *(_written(opened, store) if writes else _untried(_READ_ONLY))]


def _read(store: "ObjectStore") -> None:
    """List the store and read one object, since these are two permissions."""
    for entry in islice(store.entries(), 20):
        if entry.unfit is None and not entry.key.startswith(".kled/"):
            with store.read(entry.key) as reading:
                next(iter(reading.chunks()), b"")
            return


def _untried(why: str) -> list[Check]:
    return [not_tried(name, why) for name in (WRITES, LEASES, CLOCK)]


def _written(opened: stores.Stores, store: "ObjectStore") -> list[Check]:
    from kled.storage.write_trial import KEY, try_out  # noqa: PLC0415 - not for --help

    try:
        trial = try_out(store)
    except CapabilityMissing as error:
        return [wrong(WRITES, error), *_untried("nothing could be written")[1:]]
    except KledError as error:
        if isinstance(error, StoreDenied):
            error.advise(
                f"reading commands work, and every change is refused: give who runs kled the right"
                f" to write and delete below {store.location.url}; where it shall only read:"
                " kled doctor --read-only"
            )
        return [wrong(WRITES, error), *_untried("nothing could be written")[1:]]
    where = f"{store.location.url}/{KEY}"
    leases = _leases(trial, store)
    return [_removed(trial, where), *_encrypted(opened), leases, clock(CLOCK, trial, store)]


def _encrypted(opened: stores.Stores) -> list[Check]:
    """Find out whether kops can write, too, where it asks for more than kled does."""
    try:
        refusal = opened.encryption_refusal()
    except KledError as error:
        return [wrong(ENCRYPTION, error)]
    return [bad(ENCRYPTION, refusal, _KEY)] if refusal else []


def _removed(trial: "Trial", where: str) -> Check:
    if trial.removed:
        return ok(WRITES, "a probe was written, read back and removed")
    return bad(
        WRITES,
        f"{where} was written and cannot be removed again",
        "kops deletes what it replaces: give who runs kled the right to delete there",
    )


def _leases(trial: "Trial", store: "ObjectStore") -> Check:
    if trial.conditional:
        return ok(LEASES, "a write whose condition fails is refused")
    return bad(
        LEASES,
        f"{store.location.url} ignores the conditions of writes: two writers cannot be kept apart",
        "move the state store to one that has conditional writes; until then changes need"
        " --no-lease, and nobody else may change the same cluster meanwhile",
    )


def clock(name: str, trial: "Trial", store: "ObjectStore") -> Check:
    """Compare this machine's clock with that of the store."""
    if trial.date is None:
        return not_tried(name, f"{store.location.url} does not tell when something was written")
    ahead = stores.now() - trial.date
    if abs(ahead) <= _SKEW:
        return ok(name, "agrees with this machine's")
    which = "ahead of" if ahead > timedelta(0) else "behind"
    off = duration(timedelta(minutes=max(1, round(abs(ahead).total_seconds() / 60))))
    return bad(
        name,
        f"the clock of this machine is {which} that of {store.location.url} by {off}",
        f"{_CURE}; clouds refuse requests that are signed at another time",
    )
