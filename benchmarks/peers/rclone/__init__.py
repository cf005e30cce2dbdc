"""rclone: it mirrors objects one by one, and compares their MD5 digests with those listed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.peers.peer import AT_ONCE, Command, Stores, chain, objects_in, target_of
from benchmarks.snapshots import fleet
from benchmarks.snapshots.servers import KEY, SECRET


class Rclone:
    """rclone, told to copy just the objects that kled selects."""

    name = "rclone"

    def __init__(self, program: Path, stores: Stores) -> None:
        self._program = str(program)
        self._stores = stores
        self.env: Mapping[str, str] = environment(stores)

    def begin(self, state: str) -> list[Command]:  # noqa: ARG002 - an empty bucket is ready
        return []

    def first(self, state: str) -> Command:
        return self.copy(state)

    def again(self, state: str) -> Command:
        return self.copy(state)

    def verify(self, state: str) -> Command:
        """Read and hash the whole mirror."""
        return [
            *(self._program, "hashsum", "md5", "--download", "--fast-list"),
            *(*_at_once("checkers", "transfers"), self._mirror(state)),
        ]

    def restore(self, state: str, clusters: Sequence[str], into: str) -> Command:
        chosen = [word for name in clusters for word in ("--include", f"/{name}/**")]
        return [
            *(self._program, "copy", "--fast-list", "--checksum", "--s3-no-check-bucket"),
            *(*_at_once("transfers", "checkers"), *chosen),
            *(self._mirror(state), f"source:{into}"),
        ]

    def copy(self, state: str) -> Command:
        return mirror(self._program, f"source:{state}", self._mirror(state))

    def copy_checked(self, state: str) -> Command:
        """Copy, then read both sides and compare every byte: nothing less tells what was copied."""
        check = [
            *(self._program, "check", "--download", "--fast-list", *_at_once("checkers")),
            *(*_filters(), f"source:{state}", self._mirror(state)),
        ]
        return chain(self.copy(state), check)

    def count(self, state: str) -> int:
        return objects_in(self._stores.target, target_of(self.name, state))

    def _mirror(self, state: str) -> str:
        return f"target:{target_of(self.name, state)}"


def mirror(program: str, source: str, target: str) -> Command:
    """Return the command that makes `target` hold what kled selects of `source`."""
    return [
        *(program, "sync", "--fast-list", "--checksum", "--s3-no-check-bucket"),
        *(*_at_once("transfers", "checkers"), *_filters(), source, target),
    ]


def upload(program: str, directory: str, into: str) -> Command:
    """Return the command that writes a directory's files into an empty bucket."""
    return [
        *(program, "copy", "--fast-list", "--checksum", "--s3-no-check-bucket"),
        *(*_at_once("transfers", "checkers"), directory, f"source:{into}"),
    ]


def environment(stores: Stores) -> dict[str, str]:
    """Return variables that define the remotes `source:` and `target:`."""
    variables = {"RCLONE_CONFIG": ""}
    for name, store in (("SOURCE", stores.source), ("TARGET", stores.target)):
        for key, value in {
            "TYPE": "s3",
            "PROVIDER": "Minio",
            "ENDPOINT": store.endpoint,
            "ACCESS_KEY_ID": KEY,
            "SECRET_ACCESS_KEY": SECRET,
            "REGION": "us-east-1",
        }.items():
            variables[f"RCLONE_CONFIG_{name}_{key}"] = value
    return variables


def _at_once(*what: str) -> list[str]:
    return [word for name in what for word in (f"--{name}", str(AT_ONCE))]


def _filters() -> list[str]:
    rules = (
        "- /.kled/**",
        f"+ /*/backups/etcd/*/{fleet.NEWEST}/**",
        "- /*/backups/**",
    )
    return [word for rule in rules for word in ("--filter", rule)]
