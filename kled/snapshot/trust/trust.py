"""The rule by which a snapshot can be trusted. Pure.

A snapshot is trustworthy where it was proved complete when it was taken (level 1 or more), holds a
single state, failed no later check that still stands, has its payloads, and is signed where a key
is configured. `latest`, hints, retention, guards, flows and lists all use this rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kled.kops.state_store import derived
from kled.snapshot.documents.manifest import Manifest, Proof
from kled.snapshot.documents.proofs import FailedProof, Later, find_standing

COMPLETE: Final = 1
"""The level that a snapshot has to have reached when it was taken."""
FUZZY: Final = "the state store was written to while it was read, so it may mix two states"
UNDATED: Final = "it is dated after now and no run names it: a machine's clock was wrong"
_UNSAID: Final = "it was not complete when it was taken: only level 0 was proved"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether a snapshot can be trusted, and why not."""

    level: int | None
    """The highest level that is proved now; None where the manifest itself cannot be read."""
    reasons: tuple[str, ...] = ()
    """Why it cannot be trusted, in words; empty: it can."""
    remarks: tuple[str, ...] = ()
    """Oddities that do not lessen the trust."""

    @property
    def trusted(self) -> bool:
        """Whether the snapshot can be trusted."""
        return not self.reasons

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"level": self.level, "trusted": self.trusted, "reasons": list(self.reasons)}


def trust_of_unreadable(why: str) -> Trust:
    """Return the trust in a snapshot whose manifest cannot be used."""
    return Trust(None, (why,))


def trust_of(
    manifest: Manifest,
    later: Later | None = None,
    *,
    lacking: Sequence[str] = (),
    undated: bool = False,
    foreign: str = "",
) -> Trust:
    """Return whether the snapshot of `manifest`, which was read and checked, can be trusted.

    `later` is what was proved after its birth. `lacking` says in words which of its payloads are
    not there, `undated` that its id is dated after now and no run vouches for it, `foreign` of
    which other state store it is.
    """
    beside = later or Later()
    level = max((proof.level for proof in find_standing(manifest.proofs, beside)), default=0)
    return Trust(
        level,
        (
            *([foreign] if foreign else []),
            *reasons_at_birth(manifest),
            *map(_explain_failed, beside.failed),
            *lacking,
            *([UNDATED] if undated else []),
        ),
        (*(birth_findings(manifest) if manifest.level >= COMPLETE else ()), *beside.findings),
    )


def reasons_at_birth(manifest: Manifest) -> tuple[str, ...]:
    """Return why a snapshot could not be trusted when it was taken; empty: it could."""
    findings = birth_findings(manifest) or (_UNSAID,)
    incomplete = findings if manifest.level < COMPLETE else ()
    return (*incomplete, *((FUZZY,) if manifest.fuzzy else ()))


def birth_findings(manifest: Manifest) -> tuple[str, ...]:
    """Return what was wrong when it was made: with the definition, etcd's backups, what is derived.

    Damaged backups beside a whole one are no reason against a snapshot, and neither is what the
    next update writes anew.
    """
    of_etcd = manifest.etcd_findings().values()
    return (*manifest.findings, *of_etcd, *derived.told(manifest.derived_damage))


def sum_up(reasons: Sequence[str]) -> str:
    """Return the first reason, and how many more there are."""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}" if reasons else ""


def _explain_failed(wrong: FailedProof) -> str:
    return f"{_check(wrong.proof)} failed: {sum_up(wrong.findings)}"


def _check(proof: Proof) -> str:
    return f"the check of level {proof.level} at {proof.at:%Y-%m-%d %H:%M} UTC"
