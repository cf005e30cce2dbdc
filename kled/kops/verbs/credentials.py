"""The verbs about secrets and keypairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kled.errors import InvalidInput
from kled.kops import command, parse
from kled.kops.call import KopsCalls
from kled.kops.failures.warnings import ignored_keysets
from kled.models.credential import SECRET_KINDS, Keypair, Secret


@dataclass(frozen=True, slots=True)
class CredentialVerbs:
    """What a cluster keeps secret: listed, created, rotated and deleted.

    Rotating a keyset takes three steps with an update and a rolling update after each: create,
    promote, distrust. Every one of them changes the machines' user data.
    """

    _calls: KopsCalls

    def list_secrets(self, name: str) -> tuple[Secret, ...]:
        """`kops get secrets`: names alone (kops has no JSON for them, capture 14b)."""
        text = self._calls.read_list(command.get_secrets(name), "no secrets found")
        return parse.secrets(text)

    def create_secret(self, name: str, kind: str, file: Path, *, force: bool = False) -> None:
        """`kops create secret KIND`: store what `file` holds; it never stands in argv.

        With `force` repeatable, without it `DefinitionRejected` where there is one (capture 34b).
        Raises `InvalidInput` for a kind that kops does not take.
        """
        if kind not in SECRET_KINDS:
            raise InvalidInput("kind", f"{kind!r} is none of {', '.join(SECRET_KINDS)}")
        self._calls.change(command.create_secret(name, kind, str(file), force=force))

    def delete_secret(self, name: str, secret: str) -> None:
        """`kops delete secret`: at once, without asking. Repeatable (capture 34i)."""
        self._calls.change(command.delete_secret(name, secret))

    def list_keypairs(self, name: str, *, distrusted: bool = False) -> tuple[Keypair, ...]:
        """`kops get keypairs`; empty before the first update (capture E14c).

        A keyset that kops cannot read, and leaves out with a warning, is in it with its `problem`.
        """
        argv = command.get_keypairs(name, distrusted=distrusted)
        finished = self._calls.asked(argv, self._calls.read_timeout)
        stderr = self._calls.clean(finished.stderr)
        none = finished.returncode and self._calls.said(finished).lower() == "no keypairs found"
        listed = parse.keypairs("[]" if none else self._calls.looked_at(argv, finished))
        return parse.with_ignored(listed, ignored_keysets(stderr))

    def create_keypair(self, name: str, keyset: str) -> None:
        """`kops create keypair`, for one keyset or `all`.

        Not repeatable: each call adds another certificate. Look with `list_keypairs` first.
        """
        self._calls.change(command.create_keypair(name, keyset))

    def promote_keypair(self, name: str, keyset: str, keypair: str | None = None) -> None:
        """`kops promote keypair`: the newest certificate, or the named one, becomes primary.

        Repeatable. Raises `ResourceNotFound`.
        """
        self._calls.change(command.promote_keypair(name, keyset, keypair))

    def distrust_keypair(self, name: str, keyset: str, keypairs: Sequence[str] = ()) -> None:
        """`kops distrust keypair`: those older than the primary one, or the named ones.

        Repeatable. Raises `ResourceNotFound`.
        """
        self._calls.change(command.distrust_keypair(name, keyset, keypairs))
