"""State stores by URL; a store is opened when a command first asks for it, as kops does."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kled.sandbox.context import KopsFailure, StateStore

_NO_STATE = """State Store: Required value: Please set the --state flag or export KOPS_STATE_STORE.
For example, a valid value follows the format s3://<bucket>.
You can find the supported stores in https://kops.sigs.k8s.io/state."""
_S3_SCHEMES = ("s3", "do", "scw", "linode", "hos")
Log = Callable[[str, str, str], None]


@contextmanager
def _disk() -> Iterator[None]:
    """Word what the disk refuses as Go does: `write /path: no space left on device`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise KopsFailure(f"write {error.filename}: {reason}") from error


class FileStore:
    """A state store in a directory: the layout of s3://, files with mode 0600."""

    def __init__(self, root: Path, *, is_state_store: bool = True) -> None:
        self._root = root
        self._must_exist = is_state_store

    @property
    def url(self) -> str:
        """The bare path, as kops writes it into a spec (capture C01b-aws-dryrun-filestate)."""
        return str(self._root)

    def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None where there is none."""
        path = self._root / key
        return path.read_bytes() if path.is_file() else None

    def write(self, key: str, body: bytes) -> None:
        """Write atomically: temporary file in the same directory, then rename."""
        path = self._root / key
        with _disk():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(body)
                Path(temporary).replace(path)
            except OSError as error:
                Path(temporary).unlink(missing_ok=True)
                raise OSError(error.errno, error.strerror, temporary) from error

    def delete(self, key: str) -> None:
        """Delete one object and the directories that it leaves empty."""
        path = self._root / key
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == self._root or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()

    def keys(self, prefix: str) -> Iterable[str]:
        """Yield all keys below `prefix`, sorted.

        Raises `KopsFailure`: the store's directory does not exist (capture E03b-state-no-scheme).
        """
        if self._must_exist and not self._root.is_dir():
            raise KopsFailure(
                f"error reading state store: open {self._root}: no such file or directory"
            )
        start = self._root / prefix.rpartition("/")[0]
        keys = (
            str(Path(folder, name).relative_to(self._root))
            for folder, _, names in os.walk(start)
            for name in names
            if not name.startswith(".tmp-")
        )
        return sorted(key for key in keys if key.startswith(prefix))


class LazyStore:
    """Opens the store at `location` when it is first used, with kops' own messages where it cannot.

    Every method raises KopsFailure where the location is missing or of an unknown kind.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        log: Log,
        after_write: Callable[[], None],
        *,
        is_state_store: bool = True,
    ) -> None:
        self.location = ""
        self._is_state_store = is_state_store
        self._env = env
        self._log = log
        self._after_write = after_write
        self._store: StateStore | None = None

    @property
    def url(self) -> str:
        """The base as kops prints it."""
        return self._opened().url

    def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None where there is none."""
        return self._opened().read(key)

    def write(self, key: str, body: bytes) -> None:
        """Write one object atomically."""
        self._opened().write(key, body)
        self._after_write()

    def delete(self, key: str) -> None:
        """Delete one object; absent is fine."""
        self._opened().delete(key)
        self._after_write()

    def keys(self, prefix: str) -> Iterable[str]:
        """Yield all keys that start with `prefix`, sorted."""
        return self._opened().keys(prefix)

    def elsewhere(self, location: str) -> "LazyStore":
        """Return another store, which a definition names; it is opened when it is first used."""
        other = LazyStore(self._env, self._log, self._after_write, is_state_store=False)
        other.location = location
        return other

    def _opened(self) -> StateStore:
        if self._store is None:
            self._store = open_store(self.location, self._env, is_state_store=self._is_state_store)
            if self._is_state_store and self.location.startswith("file://"):
                text = "The local filesystem state store is not functional for running clusters"
                self._log("W", "factory.go:152", text)
        return self._store


def open_store(location: str, env: Mapping[str, str], *, is_state_store: bool) -> StateStore:
    """Open the store that a URL names; nothing is asked of it yet.

    `is_state_store` tells the state store, whose directory must exist, from a place that a
    definition names. Raises KopsFailure where kops does not know the kind, or lacks credentials.
    """
    location = location.removesuffix("/")
    if not location:
        raise KopsFailure(_NO_STATE)
    scheme, separator, path = location.partition("://")
    if not separator:
        return FileStore(Path(location), is_state_store=is_state_store)
    if scheme == "file":
        return FileStore(Path(path), is_state_store=is_state_store)
    if scheme in _S3_SCHEMES:
        from kled.sandbox.store.s3_store import (  # noqa: PLC0415 - boto3 only where it is used
            open_bucket,
        )

        return open_bucket(scheme, path, env)
    raise KopsFailure(_refusal(scheme, location, env))


def _refusal(scheme: str, location: str, env: Mapping[str, str]) -> str:
    """Say what kops says of stores that the simulation cannot serve (captures C12-* and E03-*)."""
    build = f'error building path for "{location}": '
    if scheme == "memfs":
        return build + "memfs context not initialized"
    if scheme == "azureblob":
        form = "azureblob://<account>/<container>/<key>"
        if env.get("AZURE_STORAGE_ACCOUNT"):
            account = "unset AZURE_STORAGE_ACCOUNT; the storage account belongs in the URL:  "
            return build + account + form
        return build + f'no container specified in "{location}"; expected {form}'
    if scheme == "k8s":
        return f'error loading kubeconfig for "{location}"'
    if scheme == "gs":
        adc = "https://cloud.google.com/docs/authentication/external/set-up-adc"
        return (
            "error reading state store: error building GCS client: credentials: could not find "
            f"default credentials. See {adc} for more information"
        )
    return build + f'unknown / unhandled path type: "{location}"'
