"""Names in a snapshot store: ids of snapshots and runs, and the keys of objects.

The layout is that of docs/snapshot-format.md. Every part that comes from outside is checked, so
that a manifest or an option can only name keys in its own place.
"""

import re
from datetime import UTC, datetime
from typing import Final

from kled.errors import InvalidInput
from kled.kops.state_store import layout

ROOT: Final = "kled.json"
CLUSTERS: Final = "clusters/"
BLOBS: Final = "blobs/"
RUNS: Final = "runs/"
PRUNES: Final = "prunes/"
CLAIMS: Final = "claims/"
SWEEPS: Final = "sweeps/"
PROBE: Final = "probe"
"""Written and removed again to find out whether the store can be written to."""
MANIFEST: Final = "manifest.json"
VERIFIED: Final = "verified/"
ARCHIVE: Final = "state.tar"
"""What the file names of archives begin with."""
FAILED: Final = "failed/"
"""Marks of snapshots that failed a check, so that a run finds them with one LIST."""
_TIME: Final = "%Y%m%dT%H%M%SZ"
_ID: Final = re.compile(  # \d takes digits of any script
    r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z-[0-9a-f]{8}"
)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CIPHER_DIGITS: Final = 16
_PAYLOAD: Final = re.compile(
    r"blobs/[0-9a-f]{2}/[0-9a-f]{64}(\.[0-9a-f]{16}\.age)?"
    r"|clusters/[A-Za-z0-9][A-Za-z0-9._-]*/[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}/state\.tar\.zst(\.age)?"
)


def new_id(now: datetime, chance: bytes) -> str:
    """Return an id for `now` (with its time zone); `chance` gives two random bytes.

    UTC to the second, then eight hexadecimal digits: the fraction of the second in 65536ths, and
    the random bytes. So ids sort by time to 15 µs.
    """
    fraction = (now.microsecond << 16) // 1_000_000
    return f"{now.astimezone(UTC).strftime(_TIME)}-{fraction:04x}{chance[:2].hex()}"


def moment(snapshot_id: str) -> datetime:
    """Return the time of an id, in UTC; raise `InvalidInput` for other text."""
    match = _ID.fullmatch(snapshot_id)
    try:
        if match:
            year, month, day, hour, minute, second = map(int, match.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        pass  # a month 13
    raise InvalidInput(
        "snapshot", f"{snapshot_id!r} is not a snapshot id", hint="kled snapshot list shows them"
    )


def check_id(text: str) -> str:
    """Return `text` where it is an id, and raise `InvalidInput` otherwise."""
    moment(text)
    return text


def is_id(text: str) -> bool:
    """Say whether `text` has the form of an id."""
    try:
        moment(text)
    except InvalidInput:
        return False
    return True


def check_cluster(name: str) -> str:
    """Return `name` where kops could use it as a cluster's name; raise `InvalidInput` otherwise."""
    if not layout.is_cluster_name(name):
        raise InvalidInput("name", f"{name!r} is not a cluster name")
    return name


def cluster_prefix(cluster: str) -> str:
    """Return the prefix of everything that is kept of a cluster, except blobs."""
    return f"{CLUSTERS}{check_cluster(cluster)}/"


def snapshot_prefix(cluster: str, snapshot_id: str) -> str:
    """Return the prefix of one snapshot's own objects."""
    moment(snapshot_id)
    return f"{cluster_prefix(cluster)}{snapshot_id}/"


def manifest_key(cluster: str, snapshot_id: str) -> str:
    """Return the key of the manifest. A snapshot exists once its manifest does."""
    return snapshot_prefix(cluster, snapshot_id) + MANIFEST


def archive_key(cluster: str, snapshot_id: str, *, encrypted: bool) -> str:
    """Return the key of an archive, under the snapshot that it was written for."""
    suffix = ".age" if encrypted else ""
    return f"{snapshot_prefix(cluster, snapshot_id)}state.tar.zst{suffix}"


def proof_key(cluster: str, snapshot_id: str, level: int) -> str:
    """Return the key of the newest later proof of a level."""
    return f"{snapshot_prefix(cluster, snapshot_id)}{VERIFIED}{level}.json"


def failed_key(cluster: str, snapshot_id: str) -> str:
    """Return the key of the mark that says that a check of the snapshot once failed."""
    return f"{FAILED}{check_cluster(cluster)}/{check_id(snapshot_id)}"


def failed_of(key: str) -> tuple[str, str] | None:
    """Return cluster and id where `key` is the key of such a mark, otherwise None."""
    cluster, _, snapshot_id = key.removeprefix(FAILED).partition("/")
    return (cluster, snapshot_id) if is_id(snapshot_id) else None


def epoch_key(cluster: str) -> str:
    """Return the key of the cluster's epoch."""
    return f"{cluster_prefix(cluster)}epoch.json"


def blob_key(sha256: str, *, sealed: str | None) -> str:
    """Return the key of a blob, named by the digest of its plaintext.

    Where it is encrypted, the digest of what is stored (`sealed`) is in the name, too, since no two
    encryptions are alike (docs/decisions/0006).
    """
    check_digest(sha256)
    suffix = f".{check_digest(sealed)[:_CIPHER_DIGITS]}.age" if sealed else ""
    return f"{BLOBS}{sha256[:2]}/{sha256}{suffix}"


def run_key(run_id: str) -> str:
    """Return the key of a run's document."""
    moment(run_id)
    return f"{RUNS}{run_id}.json"


def prune_key(prune_id: str) -> str:
    """Return the key of a prune's document."""
    moment(prune_id)
    return f"{PRUNES}{prune_id}.json"


def claim_key(claim_id: str) -> str:
    """Return the key of a claim (`snapshot.retention.claims`)."""
    moment(claim_id)
    return f"{CLAIMS}{claim_id}.json"


def sweep_key(sweep_id: str) -> str:
    """Return the key of a sweep (`snapshot.retention.claims`)."""
    moment(sweep_id)
    return f"{SWEEPS}{sweep_id}.json"


def check_payload(key: str) -> str:
    """Return `key` where it has the form of a payload's key; raise `InvalidInput` otherwise."""
    if not _PAYLOAD.fullmatch(key):
        raise InvalidInput("key", f"{key[:80]!r} is not the key of a payload")
    return key


def snapshot_of(key: str) -> tuple[str, str] | None:
    """Return cluster and id where `key` is the key of a cluster's manifest, otherwise None."""
    parts = key.split("/")
    if len(parts) != 4 or parts[0] != "clusters" or parts[3] != MANIFEST:  # noqa: PLR2004
        return None
    return (parts[1], parts[2]) if is_id(parts[2]) and layout.is_cluster_name(parts[1]) else None


def archive_of(key: str) -> tuple[str, str] | None:
    """Return cluster and id where `key` is the key of an archive, as `snapshot_of` does."""
    place, _, file = key.rpartition("/")
    return snapshot_of(f"{place}/{MANIFEST}") if file.startswith(ARCHIVE) else None


def snapshots_prefix(cluster: str | None) -> str:
    """Return the prefix of the snapshots of one cluster, or of all."""
    return cluster_prefix(cluster) if cluster else CLUSTERS


def check_digest(text: str) -> str:
    """Return `text` where it is a lower-case SHA-256; raise `InvalidInput` otherwise."""
    if not _SHA256.fullmatch(text):
        raise InvalidInput("digest", f"{text!r} is not a SHA-256 in lower-case hexadecimal")
    return text
