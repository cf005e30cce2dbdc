"""Secrets that a cluster lives by with other values than they had: a neighbour's, or a rotation's.

A keyset shows whether it was rotated, since a rotation adds a key before it removes one; a token or
a password shows nothing. So a person who changes one on purpose says so by `--rotated` of `snapshot
create`, and later snapshots are compared with the one that is taken then.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kled.kops.state_store import contents, identity, layout
from kled.sentences import options
from kled.snapshot.documents.manifest import Manifest

OTHER_KEYS: Final = "keysets have other keys than"
"""What the findings begin with that say so of keysets."""
OTHER: Final = "secrets have other values than in snapshot"
"""What the finding of a snapshot begins with; the names are behind the last colon."""


def other_secrets(
    before: Manifest, objects: Mapping[str, bytes], rotated: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Return the secrets among `objects`, by relative key, with another value than in a snapshot.

    Sorted; of those that the cluster lives by, but for the `rotated` ones and those that are
    damaged, which have findings of their own. Asks no store.
    """
    definition = contents.mapping(objects.get(layout.CONFIG, b"")) or {}
    had = {
        record.key: record.sha256
        for record in before.objects
        if record.key.startswith(layout.SECRETS)
    }
    names = {
        key.removeprefix(layout.SECRETS): digest
        for key, digest in had.items()
        if (body := objects.get(key)) is not None
        and hashlib.sha256(body).hexdigest() != digest
        and not any(contents.secret_findings(key, body))
    }
    others = [name for name in names if identity.needs_secret(definition, name)]
    return tuple(sorted(set(others) - rotated))


def advise_where_meant(cluster: str, reasons: Iterable[str]) -> str:
    """Say it of what the reasons of a snapshot name, behind a semicolon; empty: they name none.

    Nor is it said where keysets are others, too: no rotation of secrets does that.
    """
    reasons = tuple(reasons)
    if any(reason.startswith(OTHER_KEYS) for reason in reasons):
        return ""
    told = [
        reason.rpartition(": ")[2].split(", ") for reason in reasons if reason.startswith(OTHER)
    ]
    return f"; {advise_rotated(cluster, told[0])}" if told else ""


def advise_rotated(cluster: str, names: Sequence[str]) -> str:
    """Say what to type where these were changed on purpose."""
    command = f"kled snapshot create {options(name=cluster, rotated=tuple(names))}"
    return f"where they were changed on purpose: {command}"
