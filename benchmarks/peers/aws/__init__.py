"""`aws s3 sync`: it copies what has another size or a newer date, and compares nothing else.

It knows one endpoint at a time. So the copy goes through a directory, kept from run to run.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.peers.peer import (
    AT_ONCE,
    Cannot,
    Command,
    Stores,
    chain,
    keys,
    objects_in,
    target_of,
)
from benchmarks.snapshots import fleet
from benchmarks.snapshots.servers import Store

_COMPARES_NOTHING = Cannot("it has nothing that reads and compares bytes")


class Aws:
    """The command line of AWS, with a mirror for each state store."""

    name = "aws"

    def __init__(self, program: Path, stores: Stores, scratch: Path) -> None:
        self._program, self._stores, self._scratch = str(program), stores, scratch
        scratch.mkdir(parents=True, exist_ok=True)
        config = scratch / "config"
        config.write_text(f"[default]\ns3 =\n  max_concurrent_requests = {AT_ONCE}\n")
        self.env: Mapping[str, str] = {
            **keys(scratch),
            "AWS_CONFIG_FILE": str(config),
            # it else asks MinIO whether it may send an empty body, and waits half a minute for yes
            "BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE": "true",
        }

    def begin(self, state: str) -> list[Command]:
        return [["rm", "-rf", self._staged(state)]]

    def first(self, state: str) -> Command:
        return self.copy(state)

    def again(self, state: str) -> Command:
        return self.copy(state)

    def verify(self, state: str) -> Cannot:  # noqa: ARG002 - nothing of it matters
        return _COMPARES_NOTHING

    def restore(self, state: str, clusters: Sequence[str], into: str) -> Command:
        directory = tempfile.mkdtemp(dir=self._scratch)
        chosen = [word for name in clusters for word in ("--include", f"{name}/*")]
        return chain(
            self._sync(self._stores.target, self._mirror(state), directory, "--exclude=*", *chosen),
            self._sync(self._stores.source, directory, f"s3://{into}"),
        )

    def copy(self, state: str) -> Command:
        source, staged = f"s3://{state}", self._staged(state)
        return chain(
            self._sync(self._stores.source, source, staged, "--delete", *_filters()),
            self._sync(self._stores.target, staged, self._mirror(state), "--delete"),
        )

    def copy_checked(self, state: str) -> Cannot:  # noqa: ARG002 - nothing of it matters
        return _COMPARES_NOTHING

    def count(self, state: str) -> int:
        return objects_in(self._stores.target, target_of(self.name, state))

    def _sync(self, store: Store, source: str, target: str, *words: str) -> Command:
        sync = [self._program, "s3", "sync", "--only-show-errors", "--endpoint-url", store.endpoint]
        return [*sync, source, target, *words]

    def _mirror(self, state: str) -> str:
        return f"s3://{target_of(self.name, state)}"

    def _staged(self, state: str) -> str:
        return str(self._scratch / state)


def _filters() -> list[str]:
    return [
        *("--exclude", ".kled/*", "--exclude", "*/backups/*"),
        *("--include", f"*/backups/etcd/*/{fleet.NEWEST}/*"),
    ]
