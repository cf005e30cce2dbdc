"""Stores and deletes the secrets that people give a cluster."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kled.errors import (
    IdentityAtRisk,
    InvalidInput,
    KopsError,
    ResourceNotFound,
    SnapshotNotTrustworthy,
)
from kled.files.given import require_filled
from kled.kops.state_store import identity, layout
from kled.models.credential import Secret
from kled.operations import ways_back
from kled.operations.guards import own_places
from kled.operations.guards.guards import EDITS
from kled.operations.guards.taken_snapshot import advise_on_stores, take_snapshot, words
from kled.operations.session import Session
from kled.operations.step import ADDS_ONLY, Effect, Step
from kled.retry import CHANGE, READ
from kled.sentences import options, word

KEEPING: Final = "keep the new value"
_MAY_CHANGE: Final = "dockerconfig"
NOT_KEPT: Final = "no snapshot is taken of it"
_BREAKS_A_TABLE: Final = re.compile(r"[\t\n\v\f\r]")
"""The characters that Go's tabwriter, or a reader of its lines, takes for the end of a cell or
row."""


@dataclass(frozen=True, slots=True)
class CreateSecret:
    """Store what a file holds as a secret of one kind; machines get it when they are rolled."""

    cluster: str
    kind: str
    """`dockerconfig`, `encryptionconfig` or `ciliumpassword`."""
    file: Path
    """kops reads it; only its path is passed on."""
    force: bool = False
    """Replace an existing secret."""

    name = "create secret"
    guards = EDITS

    @property
    def _is_kept(self) -> bool:
        """Say whether a snapshot is taken at once, as for secrets that machines run with.

        See decision 48.
        """
        return self.force or self.kind != _MAY_CHANGE

    def steps(self) -> tuple[Step, ...]:
        """Return the steps; the secret must go to the cluster's own place.

        Safe to repeat and to kill with `force`: kops writes one object. Without it a repeat is
        refused where an earlier attempt has written the secret, and the refusal says so.
        """
        effect, back = Effect(), ways_back.KnownWayBack()

        def act(session: Session) -> str:
            if self.file.is_file():  # whoever names another thing is told by kops
                require_filled(self.file, "file")
                self._require_json()
            effect.begins()
            replaces = self.force and has_secret(session, self.cluster, self.kind)
            if replaces:  # to delete it would take away what was there before
                back.are(ways_back.of_secret(session, self.cluster))
            session.kops.credentials.create_secret(
                self.cluster, self.kind, self.file, force=self.force
            )
            effect.ends(not replaces or back())
            return "stored, in place of the one that was there" if replaces else "stored"

        def proof(session: Session) -> None:
            if not has_secret(session, self.cluster, self.kind):
                raise KopsError(f"kops reported success, but there is no secret {self.kind}")

        secret = options(name=self.cluster, secret=self.kind)
        way_back = f"kled kops delete-secret {secret}"
        return (
            own_places.step(self.cluster, deletes=False),
            Step(
                "create secret",
                act,
                CHANGE,
                proof=proof,
                way_back=way_back,
                changed=effect,
                back=back,
            ),
            *((_kept_step(self.cluster, self.kind),) if self._is_kept else ()),
        )

    def _require_json(self) -> None:
        """Raise `InvalidInput` for a Docker configuration that kops would refuse to store."""
        if self.kind != "dockerconfig":
            return
        try:
            json.loads(self.file.read_bytes())
        except ValueError as error:  # its text may quote the secret
            raise InvalidInput(
                "file", f"{self.file} is no JSON, as a Docker configuration is; nothing was changed"
            ) from error


def _kept_step(cluster: str, secret: str) -> Step:
    """Take a snapshot with the new value, so that later snapshots are compared with it.

    Safe to repeat and to kill: `kled snapshot create --rotated` does what is left.
    """

    def act(session: Session) -> str:
        if session.settings.snapshot_store is None or session.overrides.no_snapshot:
            return NOT_KEPT
        with advise_on_stores():
            result = take_snapshot(session, cluster, refuses=False, rotated=frozenset({secret}))
        if result is None:
            return NOT_KEPT
        damaged = [
            finding
            for finding in result.findings
            if finding.startswith(f"{layout.SECRETS}{secret} ")
        ]
        if damaged:
            again = options(name=cluster, file="FILE", force=True)
            raise SnapshotNotTrustworthy(
                f"what was stored is damaged: {damaged[0]}",
                hint=f"store it again from its source: kled kops create-secret {secret} {again}",
            )
        return words(session, result)

    return Step(KEEPING, act, replace(READ, deadline=CHANGE.deadline), way_back=ADDS_ONLY)


@dataclass(frozen=True, slots=True)
class DeleteSecret:
    """Delete a secret; kops deletes it at once and keeps no copy."""

    cluster: str
    secret: str

    name = "delete secret"
    guards = EDITS

    def steps(self) -> tuple[Step, ...]:
        """Return the steps; the secret must be in the cluster's own place.

        Safe to repeat and to kill: kops removes one object.
        """

        def done(session: Session) -> str | None:
            return None if has_secret(session, self.cluster, self.secret) else "already gone"

        back = ways_back.KnownWayBack()

        def act(session: Session) -> str:
            require_unused(session, self.cluster, self.secret)
            back.are(ways_back.of_secret(session, self.cluster))
            session.kops.credentials.delete_secret(self.cluster, self.secret)
            return "deleted"

        def proof(session: Session) -> None:
            if has_secret(session, self.cluster, self.secret):
                raise KopsError(f"kops reported success, but secret {self.secret} is still there")

        way_back = "create it again from its source: no snapshot was taken before"
        return (
            own_places.step(self.cluster, deletes=False),
            Step(
                "delete secret",
                act,
                CHANGE,
                done=done,
                proof=proof,
                way_back=way_back,
                back=back,
            ),
        )


def listed_secrets(session: Session, cluster: str) -> tuple[Secret, ...]:
    """Return the cluster's secrets, sorted. Only reads: one call of kops, and one LIST.

    kops writes the names into a table as they are, so that a line feed in a name forges a row.
    Where the stored names show that, they are returned in place of kops' rows. For a state store
    that kled has no client for, kops' rows are taken.
    """
    listed = session.kops.credentials.list_secrets(cluster)
    try:
        entries = session.state_store.entries(f"{cluster}/{layout.SECRETS}")
        names = {
            entry.key.removeprefix(f"{cluster}/{layout.SECRETS}").split("/")[0] for entry in entries
        }
    except InvalidInput:
        return listed
    if any(_BREAKS_A_TABLE.search(name) for name in names):
        return tuple(map(Secret, sorted(names)))
    return listed


def has_secret(session: Session, cluster: str, name: str) -> bool:
    """Say whether the cluster has a secret of that name."""
    return any(secret.name == name for secret in listed_secrets(session, cluster))


def require_unused(session: Session, cluster: str, name: str) -> None:
    """Raise `IdentityAtRisk` where the cluster lives by the secret. Only reads."""
    why = identity.needs_secret(session.kops.definition.get(cluster).cluster, name)
    if why is not None:
        raise IdentityAtRisk(
            f'cluster "{cluster}" lives by its secret "{name}": {why}; nothing was deleted',
            hint="switch the feature off in the definition and roll the machines first; another"
            f" content is stored with kled kops create-secret {word(name)} {options(name=cluster)}"
            " --file=FILE --force",
        )


def require_secret(session: Session, cluster: str, name: str) -> None:
    """Raise `ResourceNotFound`, with the existing secrets; kops says nothing (capture 34i)."""
    names = [secret.name for secret in listed_secrets(session, cluster)]
    if name not in names:
        raise ResourceNotFound(
            f'cluster "{cluster}" has no secret "{name}"',
            hint=f"it has {', '.join(names) or 'none'}",
        )
