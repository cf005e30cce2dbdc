"""Having a kops read a snapshot when it is made.

Level 2 is proved at once where a real kops is at hand and the definition is new; a reused archive
was read before. The snapshot is made even where kops is missing, fails, or cannot read the cluster;
the run reports that. A simulated kops proves nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from kled.errors import KledError
from kled.snapshot.documents.manifest import Manifest, Proof
from kled.snapshot.verify.verify import KOPS, KopsCheck

AT_ONCE: Final = 2
"""Clusters that a kops reads at once: each is a process with some 100 MB."""
BUDGET: Final = timedelta(minutes=10)
"""The time for all reading in one run; the remaining clusters stay at level 1."""


class KopsReading(NamedTuple):
    """The result of a kops reading one cluster."""

    kops: str | None = None
    """The version of the real kops that read all of it; None where level 2 is not proved."""
    seconds: float = 0.0
    unproved: str | None = None
    """Why level 2 is not proved, where the run has to report that."""

    def proofs(self, by: str, now: Callable[[], object]) -> list[dict[str, object]]:
        """Return the proof of level 2 as a manifest has it, or none."""
        if self.kops is None:
            return []
        seconds = round(self.seconds, 3)
        return [{"level": KOPS, "at": now(), "seconds": seconds, "by": by, "kops": self.kops}]


def carry_proofs(earlier: Manifest) -> list[dict[str, object]]:
    """Return the proof of level 2 that an earlier manifest has of the same archive, if any."""
    return [proof.model_dump() for proof in earlier.proofs if _is_of_kops(proof)]


def _is_of_kops(proof: Proof) -> bool:
    return proof.level == KOPS and proof.kops is not None


class KopsReader:
    """Lets a kops read the new definitions of one run; safe for threads."""

    def __init__(
        self,
        check: KopsCheck | None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        budget: timedelta = BUDGET,
    ) -> None:
        """Without a `check` nothing is read."""
        self._check = check
        self._monotonic = monotonic
        self._left = budget.total_seconds()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()

    def read(self, cluster: str, objects: Mapping[str, bytes]) -> KopsReading:
        """Return what a kops makes of the objects, by relative key; raises nothing."""
        with self._turns:
            check = self._check
            if check is None:
                return KopsReading()
            if self._left <= 0:
                return KopsReading(
                    unproved="level 2 is left out: kops took all the time of this run"
                )
            began = self._monotonic()
            reading = self._asked(check, cluster, objects)
            took = self._monotonic() - began
        with self._lock:
            self._left -= took
        return reading._replace(seconds=took)

    def _asked(self, check: KopsCheck, cluster: str, objects: Mapping[str, bytes]) -> KopsReading:
        try:
            verdict = check(cluster, objects)
        except KledError as error:
            return KopsReading(unproved=f"level 2 is not proved: {error.message}")
        except Exception as error:  # a proof more or less keeps no snapshot from being made
            logging.getLogger(__name__).warning("kops could not be asked", exc_info=error)
            return KopsReading(unproved=f"level 2 is not proved: unexpected {type(error).__name__}")
        if verdict.simulated:
            with self._lock:
                self._check = None  # it will be as simulated the next time
            return KopsReading()
        if verdict.findings:
            findings = "; ".join(verdict.findings)
            return KopsReading(
                unproved=f"level 2 is not proved by kops {verdict.version}: {findings}"
            )
        return KopsReading(verdict.version)
