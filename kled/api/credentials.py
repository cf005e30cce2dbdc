"""Keysets and secrets of clusters: what there is, never what it holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kled.api.calls import Calls
from kled.errors import InvalidInput
from kled.files.given import require_filled
from kled.kops.state_store.layout import require_cluster_name
from kled.models.credential import SECRET_KINDS, Keypair, Secret
from kled.models.plan import Plan
from kled.operations.credentials.rotate_keypairs import (
    ALL,
    Phase,
    RotateKeypairs,
    open_keysets,
    require_rolled,
)
from kled.operations.credentials.secrets import (
    CreateSecret,
    DeleteSecret,
    listed_secrets,
    require_secret,
    require_unused,
)
from kled.operations.identity import gone_keys, kept_keys, lost_keys
from kled.operations.preview.preview_change import preview_rotation, preview_secret_deletion
from kled.operations.runner import Report

SecretKind = Literal["ciliumpassword", "dockerconfig", "encryptionconfig"]


@dataclass(frozen=True, slots=True)
class Keypairs:
    """The certificates that a cluster issues others with, by keyset."""

    _calls: Calls

    def list(self, cluster: str) -> tuple[Keypair, ...]:
        """Return the keypairs, distrusted ones, too; no private key is read.

        Raises `IdentityAtRisk` where the cluster had keysets that the state store lacks.
        """
        name = require_cluster_name(cluster)
        with self._calls.session() as session, lost_keys.tell_lost_keys_apart(session, name):
            keypairs = session.kops.credentials.list_keypairs(name, distrusted=True)
            gone_keys.require(gone_keys.keysets(session, name))
            return keypairs

    def plan_rotation(self, cluster: str, phase: Phase, *, keyset: str = ALL) -> Plan:
        """Return for which keysets the phase is still to be done."""
        wish = RotateKeypairs(require_cluster_name(cluster), phase, keyset)
        with self._calls.session() as session:
            return self._calls.shown(preview_rotation(session.looking(), wish, now=True))

    def rotate(self, cluster: str, phase: Phase, *, keyset: str = ALL) -> Report:
        """Do one phase: `create`, `promote`, `distrust`, in this order.

        After each one comes an update with a roll; a phase that comes too early is refused.
        """
        wish = RotateKeypairs(require_cluster_name(cluster), phase, keyset)
        with self._calls.session() as session:
            kept_keys.require_whole(session, cluster)
            if open_keysets(session, wish):
                require_rolled(session, wish)
        return self._calls.run(wish)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a cluster keeps for itself, by name."""

    _calls: Calls

    def list(self, cluster: str) -> tuple[Secret, ...]:
        """Return the names and types of the secrets.

        Raises `IdentityAtRisk` where the cluster had some that the state store lacks.
        """
        name = require_cluster_name(cluster)
        with self._calls.session() as session, lost_keys.tell_lost_keys_apart(session, name):
            secrets = tuple(listed_secrets(session, name))
            gone_keys.require(gone_keys.secrets(session, name))
            return secrets

    def create(
        self, cluster: str, kind: SecretKind, file: Path, *, replaces: bool = False
    ) -> Report:
        """Store what `file` holds; kops reads it, and no value passes through here.

        With `replaces` in place of the one that is there, which is refused otherwise.
        """
        if kind not in SECRET_KINDS:
            raise InvalidInput("kind", f"{kind!r} is none of {', '.join(SECRET_KINDS)}")
        require_filled(file, "file")
        name = require_cluster_name(cluster)
        return self._calls.run(CreateSecret(name, kind, file.absolute(), replaces))

    def plan_deletion(self, cluster: str, secret: str) -> Plan:
        """Return that the secret would go, with what that would be refused with."""
        wish = DeleteSecret(require_cluster_name(cluster), secret)
        with self._calls.session() as session:
            return self._calls.shown(preview_secret_deletion(session.looking(), wish, now=True))

    def delete(self, cluster: str, secret: str) -> Report:
        """Delete a secret; only a snapshot keeps a copy."""
        wish = DeleteSecret(require_cluster_name(cluster), secret)
        with self._calls.session() as session:
            require_secret(session, cluster, secret)
            require_unused(session, cluster, secret)
        return self._calls.run(wish)
