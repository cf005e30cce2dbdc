"""The process that a test starts: so many mutations, one JSON document of what came of them.

Whatever escapes a consumer that is no answer is in `failures`, with where it came from. A consumer
that computes for longer than the deadline fails; one that hangs otherwise ends the process.
"""

import argparse
import faulthandler
import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.crash.mutating.consumers import Case, every
from tests.crash.mutating.guards import OF_STATE
from tests.crash.mutating.layers import layer_of
from tests.crash.mutating.mutations import Mutation, Mutations
from tests.crash.mutating.world import VARIANTS, World, make_world
from tests.unit.snapshot.signing_keys import signing_key

DEADLINE: Final = 8.0
"""Seconds of computing for one consumer of one mutation; a hundred times what any takes."""
HANGS: Final = 60.0
"""Seconds after which a process that waits for something is ended, with where it waits."""
_GROWTH: Final = 20
MOST: Final = 4 << 30
"""Bytes of address space: a machine is not to be taken down by what the test finds."""


class TooLong(BaseException):
    """A consumer computed past its deadline."""


def main() -> int:
    """Do what the arguments say; print the document."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--only", type=int)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST))
    signal.signal(signal.SIGPROF, _too_long)
    with tempfile.TemporaryDirectory() as scratch:
        found = Run(Path(scratch), arguments.seed, arguments.readers).do(
            arguments.count, arguments.only
        )
    json.dump(found, sys.stdout)
    return 0


def megabytes() -> int:
    """Return the most memory that this program had; `ru_maxrss` is also that of who started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def _too_long(*_: object) -> None:
    raise TooLong


class Run:
    """So many mutations of three worlds."""

    def __init__(self, scratch: Path, seed: int, readers: int) -> None:
        self._readers = readers
        another = signing_key(scratch, "another")
        self._worlds = [make_world(variant, scratch / variant) for variant in VARIANTS]
        self._chances = [random.Random(f"{seed} {one}") for one in VARIANTS]  # noqa: S311
        self._drawn = [
            Mutations(world, chance, another).drawn()
            for world, chance in zip(self._worlds, self._chances, strict=True)
        ]
        self._layers: dict[str, Counter[str]] = {}
        self._seconds: dict[str, float] = {}
        self._memory: list[str] = []
        self.failures: list[dict[str, Any]] = []

    def do(self, count: int, only: int | None = None) -> dict[str, Any]:
        began = time.process_time()
        for number in range(count):
            at = number % len(self._worlds)
            mutation = next(self._drawn[at])
            if only in {None, number}:
                self._one(self._worlds[at], mutation, number)
        return {
            "layers": self._layers,
            "failures": self.failures,
            "seconds": round(time.process_time() - began, 1),
            "by consumer": {
                one: round(took, 1)
                for one, took in sorted(self._seconds.items(), key=lambda pair: -pair[1])
            },
            "megabytes": megabytes(),
            "grew": self._memory,
        }

    def _one(self, world: World, mutation: Mutation, number: int) -> None:
        case = Case(world, mutation, number)
        faulthandler.dump_traceback_later(HANGS, exit=True)
        for name, consumer in (("layer", self._layer), *every(case, OF_STATE, self._readers)):
            began, before = time.process_time(), megabytes()
            signal.setitimer(signal.ITIMER_PROF, DEADLINE)
            try:
                consumer(case)
            except BaseException as error:  # noqa: BLE001 - what else it is, is the finding
                self._failed(name, case, error)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                self._seconds[name] = self._seconds.get(name, 0) + time.process_time() - began
                self._grew(name, case, before)
        faulthandler.cancel_dump_traceback_later()

    def _layer(self, case: Case) -> None:
        kind = f"{case.mutation.side}: {case.mutation.kind}"
        self._layers.setdefault(kind, Counter())[layer_of(case.world, case.mutation)] += 1

    def _grew(self, consumer: str, case: Case, before: int) -> None:
        """Remember what took the most memory: it tells where to look when there is too much."""
        if megabytes() - before >= _GROWTH:
            self._memory.append(f"{before} to {megabytes()} MB: {consumer}, {case.mutation}"[:300])

    def _failed(self, consumer: str, case: Case, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)[-4:]
        self.failures.append(
            {
                "number": case.number,
                "variant": case.world.scene.variant,
                "consumer": consumer,
                "mutation": str(case.mutation)[:400],
                "error": f"{type(error).__name__}: {error}"[:600],
                "where": [
                    f"{one.filename.rpartition('/')[2]}:{one.lineno} {one.name}" for one in frames
                ],
            }
        )


if __name__ == "__main__":
    sys.exit(main())
