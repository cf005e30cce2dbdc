"""Definitions that failed a check: they fail in later snapshots, too, until they change or pass.

Making snapshots proves less than verifying them: without a kops at hand, the next run would
otherwise call a state sound again that a kops could not read.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from kled.sentences import options
from kled.snapshot.documents.proofs import shorten_findings
from kled.snapshot.trust.failed_checks import FailedCheck
from kled.snapshot.trust.trust import sum_up

FailedBefore = Callable[[str, str], tuple[str, ...]]
"""Is given a cluster and the digest of its definition."""
_OF_BYTES: Final = frozenset({1, 2})
"""Levels that look at what the definition holds: not at what is stored, a cloud, or at etcd."""
_SAYS: Final = ", which holds the same objects, failed: "


def failed_before(checks: Iterable[FailedCheck], digest: str) -> tuple[str, ...]:
    """Say which snapshots of a cluster hold the definition and failed one of its `checks`."""
    return tuple(_explain_failures(checks, digest))


def rest_on_check(findings: Collection[str]) -> bool:
    """Whether findings of a snapshot rest on a check of another one."""
    return any(_SAYS in finding for finding in findings)


def _explain_failures(checks: Iterable[FailedCheck], digest: str) -> Iterator[str]:
    for manifest, wrong in checks:
        if manifest.definition_digest != digest:
            continue
        of_etcd = set(shorten_findings(manifest.etcd_findings().values()))  # it has other bytes
        findings = [finding for finding in wrong.findings if finding not in of_etcd]
        level = wrong.proof.level
        if findings and level in _OF_BYTES:
            again = options(name=manifest.cluster, snapshot=manifest.id, level=level)
            yield (
                f"the check of level {level} of snapshot {manifest.id}{_SAYS}"
                f"{sum_up(findings)}; to check again: kled snapshot verify {again}"
            )
