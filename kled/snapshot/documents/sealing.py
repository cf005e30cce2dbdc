"""Encryption to age recipients (https://age-encryption.org/v1), by pyrage.

Writing needs public keys only, so a worker that makes snapshots cannot read earlier ones.
"""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from kled.errors import (
    InvalidInput,
    KledError,
    OtherRecipients,
    SettingsError,
    SnapshotNotTrustworthy,
)
from kled.files.given import given_text
from kled.sentences import word
from kled.snapshot.trust.settling import OTHER_RECIPIENTS

if TYPE_CHECKING:
    from collections.abc import Callable


_NO_KEY: Final = "no matching keys found"
"""age's message where the identity belongs to none of the recipients."""
_PROBE: Final = b"kled"
_LARGEST: Final = 1 << 20
"""Bytes of a private key file."""


class Sealer:
    """Encrypts to recipients; without any it leaves the bytes as they are. Safe for threads."""

    def __init__(self, recipients: Sequence[str]) -> None:
        """Raises `InvalidInput` for a recipient that age does not know."""
        self._recipients = [_recipient(recipient) for recipient in recipients]

    @property
    def encrypts(self) -> bool:
        """Whether there is a recipient."""
        return bool(self._recipients)

    def seal(self, plain: bytes) -> bytes:
        """Return the ciphertext, which differs at each call."""
        if not self._recipients:
            return plain
        import pyrage  # noqa: PLC0415 - native, and only for those who encrypt

        sealed: bytes = pyrage.encrypt(plain, self._recipients)
        return sealed

    def seal_stream(self, source: IO[bytes], target: IO[bytes]) -> None:
        """Encrypt from one file to another in bounded memory. At least one recipient is needed."""
        import pyrage  # noqa: PLC0415

        pyrage.encrypt_io(source, target, self._recipients)


class Opener:
    """Decrypts with the identities of a file. Safe for threads."""

    def __init__(self, identity: Path | None) -> None:
        """Raises `InvalidInput` where the file holds no identity, or others may read it."""
        self._identities = _identities(identity) if identity else []

    @property
    def can_open(self) -> bool:
        """Whether there is an identity at all, be it the right one or not."""
        return bool(self._identities)

    def open(self, sealed: bytes, what: str) -> bytes:
        """Return the plaintext.

        Raises `InvalidInput` without an identity, `OtherRecipients` for another recipient's
        ciphertext, and `SnapshotNotTrustworthy` for a damaged one.
        """
        import pyrage  # noqa: PLC0415

        self._require(what)
        try:
            plain: bytes = pyrage.decrypt(sealed, self._identities)
        except pyrage.DecryptError as error:
            raise _cannot_open(what, error) from error
        return plain

    def open_stream(self, source: IO[bytes], target: IO[bytes], what: str) -> None:
        """Decrypt from one file to another in bounded memory; raises as `open` does."""
        import pyrage  # noqa: PLC0415

        self._require(what)
        try:
            pyrage.decrypt_io(source, target, self._identities)
        except (pyrage.DecryptError, OSError) as error:  # age ends a damaged stream as a read error
            raise _cannot_open(what, error) from error

    def _require(self, what: str) -> None:
        if not self._identities:
            raise InvalidInput(
                "KLED_SNAPSHOT_IDENTITY",
                f"{what} is encrypted, and no age identity is named",
                hint="name the file that age-keygen wrote, where it is kept",
            )


def remarks(sealer: Sealer, opener: Opener) -> Iterator[str]:
    """Yield a warning where too many, or none here, can read what is written with these keys.

    A machine that only writes has no identity, which is as it should be.
    """
    if not sealer.encrypts:
        yield (
            "snapshots are NOT ENCRYPTED: whoever reads the snapshot store has every cluster's"
            " CA keys; name age recipients in KLED_SNAPSHOT_RECIPIENTS"
        )
    elif opener.can_open:
        try:
            opener.open(sealer.seal(_PROBE), "a snapshot")
        except OtherRecipients:
            yield (
                "NOBODY HERE CAN READ these snapshots: KLED_SNAPSHOT_IDENTITY is of none of the"
                " recipients that they are written for, so that none can be proved or restored"
                " with it; add its recipient (age-keygen -y FILE) to KLED_SNAPSHOT_RECIPIENTS"
            )


def _cannot_open(what: str, error: Exception) -> KledError:
    """Return the error of a key that does not fit, or of a damaged object."""
    reason = str(error).lower().rstrip(".")
    if reason == _NO_KEY:
        return OtherRecipients(
            "KLED_SNAPSHOT_IDENTITY",
            f"{what} {OTHER_RECIPIENTS}",
            hint="kled snapshot show --name=CLUSTER --snapshot=ID lists the recipients it was made"
            " for; name one's identity",
        )
    return SnapshotNotTrustworthy(f"{what} cannot be decrypted: {reason}")


def _recipient(text: str) -> Any:  # noqa: ANN401 - pyrage has no types
    import pyrage  # noqa: PLC0415

    kind = pyrage.ssh if text.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise InvalidInput(
            "KLED_SNAPSHOT_RECIPIENTS",
            f"{text[:80]!r} is not an age recipient",
            hint="age-keygen prints one as `public key: age1…`; ssh-ed25519 keys work, too",
        ) from error


def _identities(path: Path) -> list[Any]:
    import pyrage  # noqa: PLC0415

    text = private_text(path, "KLED_SNAPSHOT_IDENTITY")
    lines = [line.strip() for line in text.splitlines()]
    read: Callable[[str], Any] = pyrage.x25519.Identity.from_str
    try:
        if "PRIVATE KEY-----" in text:
            return [pyrage.ssh.Identity.from_buffer(text.encode())]
        identities = [read(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError:
        identities = []  # what it said may quote the key
    if not identities:
        raise InvalidInput("KLED_SNAPSHOT_IDENTITY", f"{path} holds no age identity")
    return identities


def private_text(path: Path, field: str) -> str:
    """Return a private key file's text; raise `InvalidInput` where others may read it."""
    try:
        text = given_text(path, limit=_LARGEST)
        mode = stat.S_IMODE(path.stat().st_mode)
    except (OSError, SettingsError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(field, f"{path} cannot be used: {reason.lower()}") from error
    if mode & 0o077:
        raise InvalidInput(
            field, f"others may read {path} (mode {mode:o})", hint=f"chmod 600 {word(path)}"
        )
    return text
