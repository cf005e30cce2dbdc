"""How a step is taken back, in full once it has acted: with the values that were there before."""

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
from kled.redact import Redactor, secret_values
from kled.sentences import options

if TYPE_CHECKING:
    from kled.snapshot.restore.restore_plan import RestorePlan

Document = Mapping[str, Any]

_LONGEST: Final = 1000
"""Letters of a command that somebody can still look over before typing it."""
UNKNOWN: Final = "none is known: it had not looked what there is to put back"
"""Of a step that has not come so far."""
NOTHING_BEFORE: Final = "none: nothing of what it wrote was there before, and the rest is as it was"
_INTENT: Final = ("intent",)
_IDENTITY: Final = ("identity",)
_OTHER: Final = "the newest snapshot with another definition"
_WHOLE: Final = (
    "which it does not support; a cluster goes back by a restore of a whole snapshot and of its"
    " etcd backup (docs/recovery.md)"
)
_EDIT: Final = "; edit it back, and update again"


class Found:
    """The way back of a step as far as it is known; `Step.back` asks it. Empty until it is told."""

    def __init__(self) -> None:
        self._words = ""

    def __call__(self) -> str:
        """Return the words."""
        return self._words

    def are(self, command: str) -> None:
        """Note the way back; of several attempts the first that changed something holds."""
        self._words = self._words or command


def of_edit(
    session: Session, kind: Kind, named: Mapping[str, str], before: Document, after: Document
) -> str:
    """Return the command that makes `after` what it was `before`; empty where nothing differs.

    Where options cannot say it, it would be too long to look over, or it would hold a secret, that
    is the restore of the snapshot that was taken before; without one, words.
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
    """Return the commands that make the cluster and its groups what they were, as `of_edit` does.

    Groups that only one of both has are left out.
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
    """Return the command that puts the whole definition back; empty where no snapshot has it."""
    return restore(session, cluster, _INTENT)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """An earlier definition: the snapshot that has it, and the groups that it lacks."""

    cluster: str
    snapshot: str
    new_groups: tuple[str, ...]
    is_one_of_several: bool

    def commands(self, *more: str) -> str:
        """Return the restore, the update, and what comes after them."""
        named = {"name": self.cluster, "snapshot": self.snapshot, "class": _INTENT, "yes": True}
        restored = f"{_OTHER}: kled snapshot restore {options(**named)}"
        update = f"kled kops update-cluster {options(name=self.cluster, yes=True)}"
        after = [*map(self._deletion, self.new_groups), self._older()]
        return " && ".join((restored, update, *more)) + "".join(after)

    def _older(self) -> str:
        """Say that it takes back the last of several edits that one update may have applied."""
        advice = "; older ones, where several edits were applied at once: kled snapshot list"
        return f"{advice} {options(name=self.cluster)}" if self.is_one_of_several else ""

    def _deletion(self, group: str) -> str:
        named = options(name=self.cluster, instance_group=group)
        return f"; the group {group} is new: kled kops delete-instance-group {named}"


def of_update(session: Session, cluster: str) -> str:
    """Return how an applied definition is taken back: nothing keeps what was applied before it.

    The snapshot before this run has the new definition already, so that of an older one is named:
    the newest with another. Only reads; a sentence where there is none, or none is known.
    """
    earlier = _earlier(session, cluster)
    return earlier if isinstance(earlier, str) else earlier.commands()


def of_roll(session: Session, cluster: str) -> str:
    """Return how a roll is taken back: machines that are gone stay gone. As `of_update`."""
    earlier = _earlier(session, cluster)
    if isinstance(earlier, str):
        return f"none: machines that were replaced are gone; of their definition: {earlier}"
    roll = f"kled kops rolling-update {options(name=cluster, yes=True)}"
    return f"machines that were replaced are gone; {earlier.commands(roll)}"


def _earlier(session: Session, cluster: str) -> _Earlier | str:
    """Return the earlier definition, or in words why there is none."""
    if session.settings.snapshot_store is None or session.before is None:
        return f"none: no snapshot has the definition that was applied before{_EDIT}"
    try:
        earlier = definitions_in_snapshots.newest_other(session, cluster, session.before)
    except KledError as error:
        return f"not known: the snapshots cannot be asked: {error.message}"
    if earlier is None:
        return f"none: no snapshot that can be trusted has another definition{_EDIT}"
    if earlier.downgrade:
        return f"none: Kubernetes would go back from {earlier.downgrade}, {_WHOLE}"
    return _Earlier(cluster, earlier.id, earlier.new_groups, earlier.is_one_of_several)


def of_secret(session: Session, cluster: str) -> str:
    """Return the command that puts keys and secrets back; empty where no snapshot has them."""
    return restore(session, cluster, _IDENTITY)


def restore(session: Session, cluster: str, classes: Sequence[str] = ()) -> str:
    """Return the command that looks at what the snapshot before this run would put back.

    Empty where none was taken.
    """
    if session.before is None:
        return ""
    untrusted = not session.before_is_trusted
    what = {"name": cluster, "snapshot": session.before, "class": tuple(classes)}
    return f"kled snapshot restore {options(**what, untrusted=untrusted)}"


def of_restore(session: Session, planned: "RestorePlan", *, goes_on: bool) -> str:
    """Return how a restore is taken back; empty where no snapshot was taken before it.

    One that `goes_on` with an interrupted one may have replaced what is not planned any more. What
    was not there before it is not taken away: nothing that a snapshot has does that.
    """
    if session.before is None or goes_on or planned.replaced() or planned.deletes:
        return restore(session, planned.manifest.cluster)
    return NOTHING_BEFORE


def edit(kind: Kind, named: Mapping[str, str], stored: Document, wanted: Document) -> str:
    """Return the command that makes `stored` what is `wanted`, empty where nothing differs.

    Raises `InvalidInput` where options cannot say it.
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
    """Return a value for `--set`; raise `InvalidInput` for a list, which `--set` would add to."""
    if isinstance(value, list):
        raise InvalidInput(field, "is a list")
    return str(value).lower() if isinstance(value, bool) else str(value)
