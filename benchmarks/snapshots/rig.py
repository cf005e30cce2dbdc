"""What a benchmark of snapshots stands on: its options, two stores behind proxies, its peers."""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.aws import Aws
from benchmarks.peers.builds import build_go, made
from benchmarks.peers.peer import Peer, Stores
from benchmarks.peers.rclone import Rclone
from benchmarks.peers.restic import Restic
from benchmarks.snapshots import servers, tools
from benchmarks.snapshots.bench import Bench
from tests.emulators.builds import BUILDS

_PINNED = Path("pinned")
"""Stands for the program that is made from the sources beside its peer."""


def options(description: str) -> argparse.ArgumentParser:
    """Return a parser of what all benchmarks of snapshots may be told."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--minio", type=Path, help="a MinIO; else the one of `make emulators`")
    for peer in ("rclone", "restic", "aws"):
        words = f"a {peer}; without a path the pinned one, which is made once"
        parser.add_argument(f"--{peer}", type=Path, nargs="?", const=_PINNED, help=words)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--full-rounds", type=int, default=1)
    parser.add_argument("--rtt", type=float, default=30, help="milliseconds")
    parser.add_argument("--backup-mib", type=int, default=20, help="of the large job")
    parser.add_argument("--small", action="store_true", help="all jobs, with a tiny fleet")
    parser.add_argument("--save", type=Path, help="a file for the figures")
    return parser


def settle(chosen: argparse.Namespace) -> None:
    """Put in what follows from the options that were given, once they are all known."""
    if chosen.small:
        vars(chosen).update(rounds=1, full_rounds=1, rtt=0, backup_mib=1)
    if chosen.rclone is None:
        installed = shutil.which("rclone")
        small = Path(installed) if installed else None
        chosen.rclone = small if chosen.small else _PINNED
    chosen.minio = (chosen.minio or BUILDS["minio"].command).resolve()


@contextmanager
def rig(scratch: Path, chosen: argparse.Namespace) -> Iterator[Bench]:
    """Start the stores; they end with the block."""
    proxy = scratch / "proxy"
    build_go(Path(__file__).parents[1] / "proxy", proxy)
    with (
        servers.store(chosen.minio, proxy, scratch / "source") as source,
        servers.store(chosen.minio, proxy, scratch / "target") as target,
    ):
        kled = tools.Kled(tools.kled_environment(scratch / "home", source, target))
        stores = Stores(source, target)
        yield Bench(chosen, stores, kled, _peers(chosen, stores, scratch))


def _peers(chosen: argparse.Namespace, stores: Stores, scratch: Path) -> Sequence[Peer]:
    peers: list[Peer] = []
    rclone = _program(chosen.rclone, "rclone")
    if rclone:
        peers.append(Rclone(rclone, stores))
    restic = _program(chosen.restic, "restic")
    if restic:
        if rclone is None:
            raise SystemExit("restic reads no buckets, and there is no rclone to read them for it")
        peers.append(Restic(restic, rclone, stores, scratch / "restic"))
    aws = _program(chosen.aws, "aws")
    if aws:
        peers.append(Aws(aws, stores, scratch / "aws"))
    return peers


def _program(named: Path | None, peer: str) -> Path | None:
    return made(peer) if named == _PINNED else named and named.resolve()
