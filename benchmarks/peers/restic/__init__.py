"""restic: a repository of packs, encrypted, whose every blob is named by its SHA-256.

It reads directories only. So rclone mirrors the state store into one, kept from run to run, and
writes out what restic restores into another.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.peers import rclone
from benchmarks.peers.peer import AT_ONCE, Command, Stores, chain, keys, target_of


class Restic:
    """restic with a repository for each state store, and rclone before and after it."""

    name = "restic"

    def __init__(self, program: Path, carrier: Path, stores: Stores, scratch: Path) -> None:
        self._program, self._carrier = str(program), str(carrier)
        self._stores, self._scratch = stores, scratch
        scratch.mkdir(parents=True, exist_ok=True)
        self.env: Mapping[str, str] = {
            **rclone.environment(stores),
            **keys(scratch),
            "RESTIC_PASSWORD": "benchmark",
            "RESTIC_HOST": "benchmark",
            "RESTIC_CACHE_DIR": str(scratch / "cache"),
        }

    def begin(self, state: str) -> list[Command]:
        """Forget the directory, and make a repository."""
        return [["rm", "-rf", self._staged(state)], self._restic(state, "init")]

    def first(self, state: str) -> Command:
        """Back up, then read the repository back: every pack and blob against its digest."""
        return self.copy_checked(state)

    def again(self, state: str) -> Command:
        """Back up, and look that every pack which the snapshots need is listed in full length.

        To read back what is new, and only that, is not to be had: all of it, or a random part.
        """
        return chain(*self._backed_up(state), self._restic(state, "check"))

    def verify(self, state: str) -> Command:
        return self._restic(state, "check", "--read-data")

    def restore(self, state: str, clusters: Sequence[str], into: str) -> Command:
        directory = tempfile.mkdtemp(dir=self._scratch)
        chosen = [word for name in clusters for word in ("--include", f"/{name}")]
        snapshot = f"latest:{self._staged(state)}"
        return chain(
            self._restic(state, "restore", snapshot, "--target", directory, *chosen),
            rclone.upload(self._carrier, directory, into),
        )

    def copy(self, state: str) -> Command:
        return chain(*self._backed_up(state))

    def copy_checked(self, state: str) -> Command:
        return chain(*self._backed_up(state), self._restic(state, "check", "--read-data"))

    def count(self, state: str) -> int:
        """Count what the newest snapshot lists."""
        listing = self._restic(state, "ls", "latest", "--json")
        env = {**os.environ, **self.env}
        done = subprocess.run(listing, env=env, check=True, capture_output=True, text=True)
        nodes = map(json.loads, done.stdout.splitlines())
        return sum(node.get("type") == "file" for node in nodes)

    def _backed_up(self, state: str) -> list[Command]:
        staged = self._staged(state)
        return [
            rclone.mirror(self._carrier, f"source:{state}", staged),
            self._restic(state, "backup", "--read-concurrency=8", staged),
        ]

    def _restic(self, state: str, *words: str) -> Command:
        repository = f"s3:{self._stores.target.endpoint}/{target_of(self.name, state)}"
        options = (f"--option=s3.connections={AT_ONCE}", f"--repo={repository}")
        return [self._program, "--quiet", *options, *words]

    def _staged(self, state: str) -> str:
        return str(self._scratch / state)
