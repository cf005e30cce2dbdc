"""The lifecycle rules of a bucket as typed values, whatever service wrote them. Pure.

S3 tells them as `Rules` (`Prefix` beside or in `Filter`, alone or in `And`, tags, sizes), Google as
`lifecycle.rule` (`action`, `condition`). MinIO and moto leave out, or fill in, what Amazon does not
(docs/storage.md). Limits that are not known here, such as a suffix, count as none: a rule is rather
told of once too often.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kled.sentences import number

_ARCHIVES: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Classes whose objects have to be ordered hours before they can be read."""
_OLDER_ONLY: Final = ("numNewerVersions", "daysSinceNoncurrentTime", "noncurrentTimeBefore")
_NAMELESS: Final = "(without a name)"


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One enabled rule, by what it does to objects."""

    name: str
    prefixes: tuple[str, ...] = ("",)
    """Keys of the bucket that it is about begin with one of these."""
    deletes: str = ""
    """When it deletes what is current, in words such as `after 30 days`; empty: it does not."""
    archives: str = ""
    """When it moves what is current to where nobody can read it at once; empty: it does not."""
    forgets: str = ""
    """When it deletes older versions, which an undelete needs; empty: it does not."""
    tags: tuple[str, ...] = ()
    """Only objects that bear these tags, `key=value`; none: with whatever tags."""
    larger_than: int = 0
    """Only objects of more bytes."""

    @property
    def acts(self) -> str:
        """What it does to current objects, in words; empty: nothing."""
        told = (("deletes", self.deletes), ("archives", self.archives))
        return " and ".join(f"{verb} {when}" for verb, when in told if when)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What becomes of the objects of a bucket by themselves."""

    rules: tuple[LifecycleRule, ...] = ()
    """Those that are enabled and do something."""
    locked: bool = False
    """Whether the bucket can keep versions locked, so that a rule hides what is locked, and
    removes none of it."""
    look: str = ""
    """The command that shows the rules; empty where there is none."""


def of_s3(rules: Iterable[Mapping[str, Any]]) -> tuple[LifecycleRule, ...]:
    """Return the enabled rules of GetBucketLifecycleConfiguration that do something to objects."""
    enabled = (rule for rule in rules if rule.get("Status") == "Enabled")
    return tuple(filter(_does_something, map(_s3_rule, enabled)))


def of_google(rules: Iterable[Mapping[str, Any]]) -> tuple[LifecycleRule, ...]:
    """Return the rules of a bucket of Google that do something to objects; they have no names.

    Moves between classes do nothing here: objects of every class answer at once.
    """
    deleting = (
        (place, rule)
        for place, rule in enumerate(rules, 1)
        if _mapping(rule.get("action")).get("type") == "Delete"
    )
    return tuple(filter(_does_something, (_google_rule(place, rule) for place, rule in deleting)))


def _does_something(rule: LifecycleRule) -> bool:
    return bool(rule.acts or rule.forgets)


def _s3_rule(rule: Mapping[str, Any]) -> LifecycleRule:
    chosen = _mapping(rule.get("Filter"))
    both = {**chosen, **_mapping(chosen.get("And"))}
    return LifecycleRule(
        str(rule.get("ID") or _NAMELESS),
        (str(rule.get("Prefix") or both.get("Prefix") or ""),),
        deletes=_expires(_mapping(rule.get("Expiration"))),
        archives=_archives(rule),
        forgets=_forgets(_mapping(rule.get("NoncurrentVersionExpiration"))),
        tags=tuple(_tags(both)),
        larger_than=int(both.get("ObjectSizeGreaterThan") or 0),
    )


def _tags(chosen: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tags of a filter: `Tag` is one alone, `Tags` are those of `And`."""
    single, several = chosen.get("Tag"), chosen.get("Tags")
    for tag in (single, *(several if isinstance(several, list) else ())):
        if isinstance(tag, Mapping):
            yield f"{tag.get('Key', '')}={tag.get('Value', '')}"


def _expires(expiration: Mapping[str, Any]) -> str:
    """Say when current objects go; a rule for left delete markers alone deletes none."""
    if expiration.get("Days"):
        return f"after {number(int(expiration['Days']), 'day')}"
    date = expiration.get("Date")
    return f"on {str(date)[:10]}" if date else ""


def _archives(rule: Mapping[str, Any]) -> str:
    moves = rule.get("Transitions") or rule.get("Transition") or ()
    listed = moves if isinstance(moves, list | tuple) else (moves,)
    for move in map(_mapping, listed):
        if move.get("StorageClass") in _ARCHIVES:
            return _expires(move) or "after 0 days"
    return ""


def _forgets(expiration: Mapping[str, Any]) -> str:
    days, kept = expiration.get("NoncurrentDays"), expiration.get("NewerNoncurrentVersions")
    if not days and not kept:
        return ""
    told = [f"after {number(int(days), 'day')}"] if days else []
    return " ".join([*told, *([f"but for the newest {int(kept)}"] if kept else [])])


def _google_rule(place: int, rule: Mapping[str, Any]) -> LifecycleRule:
    condition = _mapping(rule.get("condition"))
    older = condition.get("isLive") is False or any(name in condition for name in _OLDER_ONLY)
    when = _google_when(condition)
    return LifecycleRule(
        str(place),
        tuple(map(str, condition.get("matchesPrefix") or ("",))),
        deletes="" if older else when,
        forgets=when if older else "",
    )


def _google_when(condition: Mapping[str, Any]) -> str:
    days = condition.get("age", condition.get("daysSinceNoncurrentTime"))
    if days is not None:
        return f"after {number(int(days), 'day')}"
    if "numNewerVersions" in condition:
        return f"but for the newest {int(condition['numNewerVersions'])}"
    return "when its condition holds"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
