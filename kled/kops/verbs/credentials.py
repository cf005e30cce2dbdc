"""The verbs that change secrets and key pairs."""

from collections.abc import Sequence
from pathlib import Path

from kled.errors import InvalidInput
from kled.kops import command
from kled.kops.call import Calls
from kled.models.credential import SECRET_KINDS


class Keys(Calls):
    """Create, rotate and delete what a cluster keeps secret.

    Rotating takes three steps with an update and a rolling update after each: create, promote,
    distrust. Every one of them changes the machines' user data.
    """

    def create_secret(self, name: str, kind: str, file: Path, *, force: bool = False) -> None:
        """`kops create secret KIND`: store what `file` holds; it never stands in argv.

        With `force` repeatable, without it `DefinitionRejected` where there is one (capture 34b).
        Raises `InvalidInput` for a kind that kops does not take.
        """
        if kind not in SECRET_KINDS:
            raise InvalidInput("kind", f"{kind!r} is none of {', '.join(SECRET_KINDS)}")
        self.change(command.create_secret(name, kind, str(file), force=force))

    def delete_secret(self, name: str, secret: str) -> None:
        """`kops delete secret`: at once, without asking. Repeatable (capture 34i)."""
        self.change(command.delete_secret(name, secret))

    def create_keypair(self, name: str, keyset: str) -> None:
        """`kops create keypair`, for one keyset or `all`.

        Not repeatable: each call adds another certificate. Look with `get_keypairs` first.
        """
        self.change(command.create_keypair(name, keyset))

    def promote_keypair(self, name: str, keyset: str, keypair: str | None = None) -> None:
        """`kops promote keypair`: the newest certificate, or the named one, becomes primary.

        Repeatable. Raises `ResourceNotFound`.
        """
        self.change(command.promote_keypair(name, keyset, keypair))

    def distrust_keypair(self, name: str, keyset: str, keypairs: Sequence[str] = ()) -> None:
        """`kops distrust keypair`: those older than the primary one, or the named ones.

        Repeatable. Raises `ResourceNotFound`.
        """
        self.change(command.distrust_keypair(name, keyset, keypairs))
