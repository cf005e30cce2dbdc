"""What differs between two states of a cluster: fields, groups, keys, secrets, versions.

A `View` is one state reduced to facts (`kled.snapshot.diff.facts`); a comparison needs nothing else
and touches no store. `kled.snapshot.diff.views` makes views of snapshots and of the live state
store.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Literal

from kled.kops.state_store.layout import EtcdBackup
from kled.sentences import number
from kled.snapshot.diff.facts import (
    DefinitionFacts,
    FactName,
    FactValue,
    Fingerprints,
    Subject,
    facts_of,
    opaque_fact,
)

Direction = Literal["added", "removed", "changed"]

_ORDER: Final[tuple[Subject, ...]] = (
    "version", "cluster", "instance-group", "keyset", "secret", "ssh-key", "object",
    "etcd-control", "etcd-backup", "addon", "derived",
)  # fmt: skip
_SUMMED_UP: Final = frozenset({"addon", "derived"})
_WHOLE: Final = frozenset({"cluster", "instance-group", "keyset", "addon"})
_TOLD: Final = ("role", "machineType", "minSize", "maxSize")


@dataclass(frozen=True, slots=True)
class View:
    """One state of a cluster. Holds no secret: those are fingerprints already."""

    label: str
    """What the state is called: a snapshot's id, or `live`."""
    cluster: str
    facts: DefinitionFacts = field(repr=False)

    @property
    def has_definition(self) -> bool:
        """Whether there is a definition of the cluster in it."""
        return any(place.subject == "cluster" for place in self.facts)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; `before` and `after` are None where there was or is nothing."""

    action: Direction
    subject: Subject
    name: str
    """Of the instance group, keyset, secret, …; empty for the cluster's own definition."""
    field: str
    """`spec.kubernetesVersion`, a key's id, a file; empty for the whole."""
    before: FactValue
    after: FactValue

    def line(self) -> str:
        """Return the change as one line for people."""
        where = " ".join(part for part in (self.subject, self.name, self.field) if part)
        match self.action:
            case "added":
                return f"+ {where}{_format_value(self.after)}"
            case "removed":
                return f"- {where}{_format_value(self.before)}"
            case "changed" if self.before is None and not self.field:
                return f"~ {where}{_format_value(self.after)}"
            case "changed":
                return f"~ {where}{_format_value(self.before)} -> {_text(self.after)}"

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "action": self.action,
            "subject": self.subject,
            "name": self.name,
            "field": self.field,
            "before": self.before,
            "after": self.after,
        }


def make_view(
    label: str,
    cluster: str,
    objects: Iterable[tuple[str, bytes]],
    seen: Fingerprints,
    *,
    opaque_objects: Iterable[tuple[str, str]] = (),
    etcd_backups: Iterable[EtcdBackup] = (),
) -> View:
    """Return a state, reduced to facts.

    `objects` are keys relative to the cluster's prefix and bodies, `opaque_objects` keys and the
    sha256 of bodies too large to look into. Of the complete etcd backups, the newest of each etcd
    cluster is a fact. Views can be compared where they were made with one key in `seen`.
    """
    facts: dict[FactName, FactValue] = {}
    for key, body in objects:
        facts.update(facts_of(key, body, seen))
    facts.update(opaque_fact(key, sha256, seen) for key, sha256 in opaque_objects)
    for backup in etcd_backups:  # newest first
        if backup.complete:
            facts.setdefault(FactName("etcd-backup", backup.etcd), backup.name)
    return View(label, cluster, facts)


def diff(before: View, after: View) -> tuple[Difference, ...]:
    """Return what changed from one view to the other, in a stable order; empty where nothing did.

    A definition, group, keyset or add-on that only one of them has is one change. Add-ons and other
    derived files are summed up per name: kops writes them anew at each update.
    """
    places = sorted(
        before.facts.keys() | after.facts.keys(),
        key=lambda place: (_ORDER.index(place.subject), place),
    )
    changes: list[Difference] = []
    for (subject, name), group in groupby(places, key=lambda place: (place.subject, place.name)):
        fields = [place.field for place in group]
        sides = [
            {
                field: facts[place]
                for field in fields
                if (place := FactName(subject, name, field)) in facts
            }
            for facts in (before.facts, after.facts)
        ]
        changes += _compare_name(subject, name, *sides)
    return tuple(changes)


def _compare_name(
    subject: Subject, name: str, old: Mapping[str, FactValue], new: Mapping[str, FactValue]
) -> Iterator[Difference]:
    """Yield the changes of one name, as a single one where the whole was added or removed."""
    if subject in _WHOLE and not old:
        yield Difference("added", subject, name, "", None, _summary(subject, new))
    elif subject in _WHOLE and not new:
        yield Difference("removed", subject, name, "", _summary(subject, old), None)
    else:
        changes = list(_compare_fields(subject, name, old, new))
        if subject in _SUMMED_UP and len(changes) > 1:
            yield Difference(
                "changed", subject, name, "", None, f"{number(len(changes), 'file')} differ"
            )
        else:
            yield from changes


def _compare_fields(
    subject: Subject, name: str, old: Mapping[str, FactValue], new: Mapping[str, FactValue]
) -> Iterator[Difference]:
    for field_ in sorted(old.keys() | new.keys()):
        before, after = old.get(field_), new.get(field_)
        if field_ not in old:
            yield Difference("added", subject, name, field_, None, after)
        elif field_ not in new:
            yield Difference("removed", subject, name, field_, before, None)
        elif (type(before), before) != (type(after), after):
            yield Difference("changed", subject, name, field_, before, after)


def _summary(subject: Subject, facts: Mapping[str, FactValue]) -> FactValue:
    """Describe a whole that came or went in a few words."""
    if subject == "keyset":
        keys = [f"{name} {trust}" for name, trust in facts.items() if " " not in name]
        return ", ".join(sorted(keys))
    if subject == "instance-group":
        told = [f"{name} {facts[f'spec.{name}']}" for name in _TOLD if f"spec.{name}" in facts]
        return ", ".join(told)
    return f"{len(facts)} {'field' if subject == 'cluster' else 'file'}{'s'[: len(facts) != 1]}"


def _format_value(value: FactValue) -> str:
    return "" if value is None else f": {_text(value)}"


def _text(value: FactValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
