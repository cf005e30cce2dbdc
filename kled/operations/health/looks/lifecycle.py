"""Judges which lifecycle rules of a bucket could take from clusters what they live by. Pure.

A rule on the "backups" prefix has ended clusters (kops#16416): what lies below `control/` is no
backup. A rule that reaches keys, secrets or definitions is as bad, and one that forgets older
versions says how far back an undelete can reach.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kled.errors import CapabilityMissing, KledError
from kled.models.health_finding import ALL, HealthFinding, Look, State
from kled.sentences import enumerated
from kled.storage.lifecycle_rules import Lifecycle, LifecycleRule

LOOK: Final[Look] = "lifecycle rules"
_SHOWN: Final = 5
_CONTROL_SIZE: Final = 4096  # the control objects are a few hundred bytes
_LARGE: Final = 1 << 20  # of a cluster only etcd's backups are as large
_NARROW: Final = "disable it, or narrow its prefix to what nobody lives by"


@dataclass(frozen=True, slots=True)
class Place:
    """What of a bucket the rules are held against."""

    url: str
    prefix: str
    """Of the store within its bucket, without slashes at its ends."""
    keys: tuple[tuple[str, str], ...]
    """Each cluster with the beginning of its keys in the bucket."""


def place_of(url: str, clusters: Sequence[str]) -> Place:
    """Return what of a state store's bucket the clusters live by."""
    prefix = _prefix(url)
    base = f"{prefix}/" if prefix else ""
    return Place(url, prefix, tuple((cluster, f"{base}{cluster}/") for cluster in clusters))


def judge_state_store(place: Place, lifecycle: Lifecycle | KledError) -> Iterator[HealthFinding]:
    """Yield a finding for each rule that reaches a cluster, or one that none does."""
    if isinstance(lifecycle, KledError):
        yield _unread(place.url, lifecycle)
        return
    judged = [
        finding
        for rule in lifecycle.rules
        if (finding := _judge_rule(place, rule, lifecycle)) is not None
    ]
    yield from judged or [_fine(place.url, lifecycle, "no rule reaches what clusters live by")]


def judge_snapshot_store(url: str, lifecycle: Lifecycle | KledError) -> Iterator[HealthFinding]:
    """Yield a finding for each rule that would take snapshots away, or one that none does."""
    if isinstance(lifecycle, KledError):
        yield _unread(url, lifecycle)
        return
    prefix = _prefix(url)
    below = f"{prefix}/" if prefix else ""
    judged = [
        _of_snapshots(url, rule, lifecycle)
        for rule in lifecycle.rules
        if rule.acts and _meets(rule, below)
    ]
    yield from judged or [_fine(url, lifecycle, "no rule takes snapshots away")]


def _judge_rule(place: Place, rule: LifecycleRule, lifecycle: Lifecycle) -> HealthFinding | None:
    reached = [cluster for cluster, below in place.keys if _meets(rule, below)]
    below = f"{place.prefix}/" if place.prefix else ""
    if not rule.acts or not (reached or (not place.keys and _meets(rule, below))):
        return None
    whose = enumerated(reached, _SHOWN) or "every cluster that will be here"
    told = f"rule {rule.name} {rule.acts} {_what(rule)}, by which {whose} may live"
    if rule.tags:
        message = (
            f"{told}, of objects that bear {', '.join(rule.tags)}, as none does that kops wrote"
        )
        return _finding(place.url, "warning", message, f"let nobody tag them: {lifecycle.look}")
    if all(_only_old_backups(rule, key) for _, key in place.keys if _meets(rule, key)) and reached:
        message = f"{told}: etcd backups, of which etcd-manager removes the old ones itself"
        return _finding(place.url, "warning", message, f"{_NARROW}: {lifecycle.look}")
    return _finding(place.url, "failed", told, f"{_NARROW}: {lifecycle.look}")


def _only_old_backups(rule: LifecycleRule, cluster: str) -> bool:
    """Whether a rule reaches of a cluster nothing but etcd's backups, and no control object."""
    backups = f"{cluster}backups/etcd/"
    large = rule.larger_than >= _CONTROL_SIZE
    for prefix in rule.prefixes:
        if rule.larger_than >= _LARGE or not _meet(prefix, cluster):
            continue
        if not prefix.startswith(backups):
            return False
        name, _, rest = prefix.removeprefix(backups).partition("/")
        whole = bool(name) and prefix.removeprefix(backups) != name
        if not large and not (whole and rest and not _meet(rest, "control/")):
            return False
    return True


def _of_snapshots(url: str, rule: LifecycleRule, lifecycle: Lifecycle) -> HealthFinding:
    told = f"rule {rule.name} {rule.acts} {_what(rule)}, snapshots too, which kled prunes itself"
    mend = f"{_NARROW}: {lifecycle.look}"
    if rule.tags:
        message = f"{told}; only objects that bear {', '.join(rule.tags)}, as none does of kled's"
        return _finding(url, "warning", message, mend)
    if lifecycle.locked:
        message = f"{told}; versions that are locked stay, hidden, until their time ends"
        return _finding(url, "warning", message, mend)
    return _finding(url, "failed", told, mend)


def _fine(url: str, lifecycle: Lifecycle, message: str) -> HealthFinding:
    forgets = [rule for rule in lifecycle.rules if rule.forgets]
    if not forgets:
        return _finding(url, "ok", message)
    first = forgets[0]
    undelete = f"rule {first.name} deletes older versions {first.forgets}: an undelete reaches no"
    return _finding(url, "ok", f"{message}; {undelete} further back")


def _unread(url: str, error: KledError) -> HealthFinding:
    """Return the finding of rules that could not be asked for; a kind of store may have no way."""
    blind = isinstance(error, CapabilityMissing)
    mend = error.hint or (
        "allow whoever runs kled to read the bucket's lifecycle rules"
        " (s3:GetLifecycleConfiguration, storage.buckets.get)"
    )
    message = f"the rules cannot be asked for: {error.message}"
    return HealthFinding(ALL, LOOK, url, "unknown", message, mend, blind=blind)


def _what(rule: LifecycleRule) -> str:
    """Say which objects a rule is about."""
    named = [prefix for prefix in rule.prefixes if prefix]
    return f"what lies below {enumerated(named, _SHOWN)}" if named else "what lies in the bucket"


def _meets(rule: LifecycleRule, below: str) -> bool:
    """Whether some key below could be one that the rule is about."""
    return any(_meet(prefix, below) for prefix in rule.prefixes)


def _meet(prefix: str, below: str) -> bool:
    return prefix.startswith(below) or below.startswith(prefix)


def _prefix(url: str) -> str:
    return url.partition("://")[2].partition("/")[2].strip("/")


def _finding(url: str, state: State, message: str, mend: str = "") -> HealthFinding:
    return HealthFinding(ALL, LOOK, url, state, message, mend)
