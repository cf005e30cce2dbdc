"""What a peer is asked for: the command line that does the same job, or why it cannot."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.snapshots.buckets import bucket
from benchmarks.snapshots.servers import KEY, SECRET, Store

AT_ONCE = 64
"""How many requests each peer may have under way."""
Command = list[str]


class Stores(NamedTuple):
    """Where it copies from and to."""

    source: Store
    target: Store


class Cannot(NamedTuple):
    """What stands in a row that a peer has no figures for."""

    why: str


class Peer(Protocol):
    """A program that copies what kled selects of the bucket `state` into a place of its own."""

    @property
    def name(self) -> str:
        """What its rows are called."""

    @property
    def env(self) -> Mapping[str, str]:
        """Variables that its commands need."""

    def begin(self, state: str) -> list[Command]:
        """Make the place ready, which is empty; what these commands take is not counted."""

    def first(self, state: str) -> Command | Cannot:
        """Copy everything, and tell as much of the copy as kled does of a new snapshot."""

    def again(self, state: str) -> Command | Cannot:
        """Copy what is new."""

    def verify(self, state: str) -> Command | Cannot:
        """Read every byte of the copy and hold it against what it should be."""

    def restore(self, state: str, clusters: Sequence[str], into: str) -> Command | Cannot:
        """Write the copies of some clusters into an empty bucket beside the state store."""

    def copy(self, state: str) -> Command | Cannot:
        """Copy everything, and look at it no more."""

    def copy_checked(self, state: str) -> Command | Cannot:
        """Copy everything, then read the copy and compare every byte."""

    def count(self, state: str) -> int:
        """Return how many objects the copy holds."""


def target_of(peer: str, state: str) -> str:
    """Return the bucket that a peer copies into."""
    return f"{state}-{peer}"


def objects_in(store: Store, name: str) -> int:
    """Return how many objects a bucket holds."""
    return sum(len(page) for page in bucket(store.direct, name).list())


def chain(*commands: Command) -> Command:
    """Return one command that runs these one after the other, and ends where one fails."""
    return ["sh", "-c", " && ".join(shlex.join(command) for command in commands)]


def keys(home: Path) -> dict[str, str]:
    """Return the variables by which programs of AWS' kind know who they are, and where home is."""
    return {
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
