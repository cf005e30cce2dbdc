"""Store and delete the secrets that people give a cluster."""

from dataclasses import dataclass
from pathlib import Path

from kled.errors import IdentityAtRisk, KopsError, ResourceNotFound
from kled.kops import identity
from kled.operations import own_places
from kled.operations.guards import EDITS
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import CHANGE
from kled.sentences import options


@dataclass(frozen=True, slots=True)
class CreateSecret:
    """Store what a file holds as a secret of one kind; machines get it when they are rolled."""

    cluster: str
    kind: str
    """`dockerconfig`, `encryptionconfig` or `ciliumpassword`."""
    file: Path
    """Only its path is passed on: kops reads it."""
    force: bool = False
    """Replace the one that is there."""

    name = "create secret"
    guards = EDITS

    def steps(self) -> tuple[Step, ...]:
        """Return the steps: the secret goes to the cluster's own place, and to nobody else's.

        Safe to repeat and to kill with `force`: kops writes one object. Without it a repeat is
        refused where an earlier attempt wrote it already, which then says so.
        """
        effect = Effect()

        def act(session: Session) -> str:
            effect.begins()
            replaces = self.force and has_secret(session, self.cluster, self.kind)
            session.kops.create_secret(self.cluster, self.kind, self.file, force=self.force)
            effect.ends(not replaces)  # to delete it would take away what was there before
            return "stored, in place of the one that was there" if replaces else "stored"

        def proof(session: Session) -> None:
            if not has_secret(session, self.cluster, self.kind):
                raise KopsError(f"kops reported success, but there is no secret {self.kind}")

        secret = options(name=self.cluster, secret=self.kind)
        way_back = f"kled kops delete-secret {secret} --yes"
        return (
            own_places.step(self.cluster, deletes=False),
            Step("create secret", act, CHANGE, proof=proof, way_back=way_back, changed=effect),
        )


@dataclass(frozen=True, slots=True)
class DeleteSecret:
    """Delete a secret; kops does it at once and keeps no copy."""

    cluster: str
    secret: str

    name = "delete secret"
    guards = EDITS

    def steps(self) -> tuple[Step, ...]:
        """Return the steps: the secret is the cluster's own, and nobody else's.

        Safe to repeat and to kill: kops removes one object.
        """

        def done(session: Session) -> str | None:
            return None if has_secret(session, self.cluster, self.secret) else "already gone"

        def act(session: Session) -> str:
            require_unused(session, self.cluster, self.secret)
            session.kops.delete_secret(self.cluster, self.secret)
            return "deleted"

        def proof(session: Session) -> None:
            if has_secret(session, self.cluster, self.secret):
                raise KopsError(f"kops reported success, but secret {self.secret} is still there")

        way_back = "create it again from its source; no copy is kept"
        return (
            own_places.step(self.cluster, deletes=False),
            Step("delete secret", act, CHANGE, done=done, proof=proof, way_back=way_back),
        )


def has_secret(session: Session, cluster: str, name: str) -> bool:
    """Say whether the cluster has a secret of that name."""
    return any(secret.name == name for secret in session.kops.get_secrets(cluster))


def require_unused(session: Session, cluster: str, name: str) -> None:
    """Raise `IdentityAtRisk` where the cluster lives by the secret. Only reads."""
    why = identity.needs_secret(session.kops.get_definition(cluster).cluster, name)
    if why is not None:
        raise IdentityAtRisk(
            f'cluster "{cluster}" lives by its secret "{name}": {why}; nothing was deleted',
            hint="switch the feature off in the definition and roll the machines first; another"
            f" content is stored with kled kops create-secret --name={cluster} --force",
        )


def require_secret(session: Session, cluster: str, name: str) -> None:
    """Raise `ResourceNotFound` naming the secrets there are; kops says nothing (capture 34i)."""
    names = [secret.name for secret in session.kops.get_secrets(cluster)]
    if name not in names:
        raise ResourceNotFound(
            f'cluster "{cluster}" has no secret "{name}"',
            hint=f"it has {', '.join(names) or 'none'}",
        )
