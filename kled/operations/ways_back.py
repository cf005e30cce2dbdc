"""How a step is taken back: in full, with the earlier values, once the step has acted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kled.errors import InvalidInput, KledError
from kled.kops.fields.flags import flags_for
from kled.kops.fields.known_fields import Kind
from kled.models.definition import Definition, object_name
from kled.operations.instance_group.edited_group import changed_fields
from kled.operations.session import Session
from kled.operations.snapshots import definitions_in_snapshots
from kled.operations.snapshots.earlier_definition import Bounds
from kled.redact import Redactor, secret_values
from kled.sentences import options

if TYPE_CHECKING:
    from kled.snapshot.restore.restore_plan import RestorePlan

Document = Mapping[str, Any]

_LONGEST: Final = 1000
"""Characters of a command that a person can still check before typing it."""
UNKNOWN: Final = "none is known: it had not looked what there is to put back"
"""For a step that was interrupted before it had looked."""
NOTHING_BEFORE: Final = "none: nothing of what it wrote was there before, and the rest is as it was"
_INTENT: Final = ("intent",)
_IDENTITY: Final = ("identity",)
_OTHER: Final = "the newest snapshot with another definition"
_WHOLE: Final = (
    "which it does not support; a cluster goes back by a restore of a whole snapshot and of its"
    " etcd backup (docs/recovery.md)"
)
_EDIT: Final = "; edit it back, and update again"


class KnownWayBack:
    """The way back of a step as far as it is known.

    `Step.back` calls it. Empty until it is known.
    """

    def __init__(self) -> None:
        self._words = ""

    def __call__(self) -> str:
        """Return the way back."""
        return self._words

    def are(self, command: str) -> None:
        """Set the way back; of several attempts the first that changed something counts."""
        self._words = self._words or command


def of_edit(
    session: Session, kind: Kind, named: Mapping[str, str], before: Document, after: Document
) -> str:
    """Return the command that turns `after` into `before` again; empty where the two are equal.

    An edit that options cannot express, that is too long to check, or that would show a secret is
    taken back by a restore of the snapshot from before the run; without such a snapshot, a sentence
    says which command to use.
    """
    try:
        command = edit(kind, named, after, before)
    except InvalidInput:
        return restore(session, named["name"], _INTENT) or _by_hand(kind, named)
    redact = Redactor(secret_values(session.settings.environment)).text
    if len(command) <= _LONGEST and redact(command) == command:
        return command
    return restore(session, named["name"], _INTENT) or _by_hand(kind, named)


def of_definitions(session: Session, before: Definition, after: Definition) -> str:
    """Return the commands that give the cluster and its groups their earlier values, as `of_edit`.

    Groups that exist only before or only after are left out.
    """
    groups = {object_name(group): group for group in after.groups}
    name = before.name
    ways = [of_edit(session, "Cluster", {"name": name}, before.cluster, after.cluster)]
    for earlier in before.groups:
        group = object_name(earlier)
        if group in groups:
            named = {"name": name, "instance_group": group}
            ways.append(of_edit(session, "InstanceGroup", named, earlier, groups[group]))
    return " && ".join(dict.fromkeys(filter(None, ways)))


def of_definition(session: Session, cluster: str) -> str:
    """Return the command that restores the whole definition; empty where no snapshot has it."""
    return restore(session, cluster, _INTENT)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """An earlier definition: the snapshot that has it, and what the way to it asks for."""

    cluster: str
    other: definitions_in_snapshots.Other

    def commands(self, *more: str) -> str:
        """Return the commands in their order, those that follow the update last."""
        between = self.other.obstacles
        scalings = [self._scaling(bounds) for bounds in between.shrunk] if between.can_scale else []
        if scalings and between.is_bounds_alone:
            return f"the earlier bounds: {' && '.join(scalings)}{self._older()}"
        typed = (*scalings, f"kled snapshot restore {self._snapshot(yes=True)}", self._update())
        before = f"{_OTHER}: {self._by_hand()}"
        after = [*map(self._deletion, self.other.new_groups), self._older()]
        return before + " && ".join((*typed, *more)) + "".join(after)

    def look(self) -> str:
        """Return the command that shows what a restore would put back, and changes nothing."""
        return f"kled snapshot restore {self._snapshot(yes=False)}"

    def _snapshot(self, *, yes: bool) -> str:
        named = {"name": self.cluster, "snapshot": self.other.id, "class": _INTENT}
        confirm = self.cluster if yes and self.other.obstacles.is_labelled else None
        return options(**named, yes=yes, confirm=confirm)

    def _scaling(self, bounds: Bounds) -> str:
        """Return the command that drains the machines which the earlier bounds do not allow."""
        named = {"name": self.cluster, "instance_group": bounds.group}
        sizes = options(**named, min=bounds.low, max=bounds.high, yes=True)
        return f"kled kops scale-instance-group {sizes}"

    def _update(self) -> str:
        undrained = bool(self.other.obstacles.shrunk) and not self.other.obstacles.can_scale
        return (
            f"kled kops update-cluster {options(name=self.cluster, yes=True, no_drain=undrained)}"
        )

    def _by_hand(self) -> str:
        """Say what people do before, on clouds where kled can keep no group from refilling."""
        between = self.other.obstacles
        if between.can_scale or not between.shrunk:
            return ""
        groups = " and ".join(bounds.group for bounds in between.shrunk)
        return f"drain by hand the nodes of {groups} that go, then "

    def _older(self) -> str:
        """Say where older definitions are, where one update may have applied several edits."""
        if not self.other.is_one_of_several:
            return ""
        advice = "; older ones, where several edits were applied at once: kled snapshot list"
        return f"{advice} {options(name=self.cluster)}"

    def _deletion(self, group: str) -> str:
        named = options(name=self.cluster, instance_group=group)
        return f"; the group {group} is new: kled kops delete-instance-group {named}"


def of_update(session: Session, cluster: str) -> str:
    """Return how an update is taken back: by the newest snapshot with another definition.

    The snapshot from before this run already has the new definition, and no store keeps the one
    that was applied before. Returns a sentence where there is no such snapshot, or none is known.
    Only reads.
    """
    earlier = _earlier(session, cluster)
    return earlier if isinstance(earlier, str) else earlier.commands()


OF_SAME_DEFINITION: Final = (
    "none: machines that were replaced are gone; they ran the definition that runs now"
)
"""The way back of a roll that no machine needed: no earlier definition is what it was about."""


def of_roll(session: Session, cluster: str) -> str:
    """Return how a roll is taken back, as `of_update` does; replaced machines stay gone."""
    earlier = _earlier(session, cluster)
    if isinstance(earlier, str):
        return f"none: machines that were replaced are gone; of their definition: {earlier}"
    roll = f"kled kops rolling-update {options(name=cluster, yes=True)}"
    return f"machines that were replaced are gone; {earlier.commands(roll)}"


def _earlier(session: Session, cluster: str) -> _Earlier | str:
    """Return the earlier definition, or a sentence that says why there is none."""
    if session.overrides.begins_anew(cluster):
        option = options(new_identity=cluster)
        return (
            f"none that is one command: put back what {option} was typed for, by an edit or by a"
            f" restore of the class identity, and update again, each with {option}"
        )
    if session.settings.snapshot_store is None or session.before is None:
        return f"none: no snapshot has the definition that was applied before{_EDIT}"
    try:
        earlier = definitions_in_snapshots.newest_other(session, cluster, session.before)
    except KledError as error:
        return f"not known: the snapshots cannot be asked: {error.message}"
    if earlier is None:
        return f"none: no snapshot that can be trusted has another definition{_EDIT}"
    return _why_refused(cluster, earlier) or _Earlier(cluster, earlier)


def _why_refused(cluster: str, earlier: definitions_in_snapshots.Other) -> str:
    """Say why an update after the restore of the earlier definition would be refused, if so."""
    between = earlier.obstacles
    if earlier.downgrade:
        return f"none: Kubernetes would go back from {earlier.downgrade}, {_WHOLE}"
    if between.unnamed:
        lost = " and ".join(between.unnamed)
        return f"none: the definition before does not name {lost}, by which the cluster lives"
    if between.moved:
        moved = " and ".join(between.moved)
        return f"none: the definition before has {moved} in another zone than its volume"
    if between.planes:
        planes = " and ".join(between.planes)
        return f"none: the definition before takes machines from the control plane: {planes}"
    if between.is_unreadable:
        look = _Earlier(cluster, earlier).look()
        return (
            "not known: the snapshots cannot be opened here; where they can, this shows the"
            f" definition before: {look}"
        )
    return ""


def of_secret(session: Session, cluster: str) -> str:
    """Return the command that puts keys and secrets back; empty where no snapshot has them."""
    return restore(session, cluster, _IDENTITY)


def restore(session: Session, cluster: str, classes: Sequence[str] = ()) -> str:
    """Return the command that shows what the snapshot from before this run would put back.

    Empty where this run has taken none.
    """
    if session.before is None:
        return ""
    untrusted = not session.before_is_trusted
    what = {"name": cluster, "snapshot": session.before, "class": tuple(classes)}
    return f"kled snapshot restore {options(**what, untrusted=untrusted)}"


def of_restore(session: Session, planned: "RestorePlan", *, goes_on: bool) -> str:
    """Return how a restore is taken back; empty where no snapshot was taken before it.

    A restore that `goes_on` with an interrupted one may have replaced objects that the plan no
    longer lists, so the whole snapshot is named. Objects that are new with the restore stay:
    restoring a snapshot takes nothing away.
    """
    if session.before is None or goes_on or planned.replaced() or planned.deletes:
        return restore(session, planned.manifest.cluster)
    return NOTHING_BEFORE


def edit(kind: Kind, named: Mapping[str, str], stored: Document, wanted: Document) -> str:
    """Return the command that turns `stored` into `wanted`; empty where the two are equal.

    Raises `InvalidInput` where options cannot express the difference.
    """
    changed = changed_fields(stored, wanted)
    sets = [f"{field}={_value(field, new)}" for field, _, new in changed if new is not None]
    unsets = [field for field, _, new in changed if new is None]
    if not changed:
        return ""
    for field, old, new in changed:
        if "[" in field and None in (old, new):
            raise InvalidInput(field, "is of an element that only one of the two has")
    flags_for(kind, sets, unsets, stored)
    return f"kled kops {verb(kind)} {options(**named, set=sets, unset=unsets)}"


def _by_hand(kind: Kind, named: Mapping[str, str]) -> str:
    return f"put back what the step says was there: kled kops {verb(kind)} {options(**named)}"


def verb(kind: Kind) -> str:
    """Return the command that edits an object of this kind."""
    return "edit-cluster" if kind == "Cluster" else "edit-instance-group"


def _value(field: str, value: object) -> str:
    """Return a value for `--set`; raises `InvalidInput` for a list, to which `--set` would add."""
    if isinstance(value, list):
        raise InvalidInput(field, "is a list")
    return str(value).lower() if isinstance(value, bool) else str(value)
