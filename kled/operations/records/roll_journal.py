"""The rolls of a cluster on record, beside its state: the open one, and past ones.

`<state-store>/.kled/rolls/<cluster>.json`, written by the holder of the cluster's lease alone. A
roll that was killed leaves it open, so that the next one knows which nodes others had cordoned
before it began, and which groups a forced roll has done.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Final

from kled.documents import Fields
from kled.models.cluster import Role
from kled.models.rolled import ORDER, Rolled
from kled.operations.records.record import Record
from kled.operations.session import Session

_ROLES: Final[dict[str, Role]] = {role: role for role in ORDER}
_MOST_MACHINES: Final = 1_000_000
_LONGEST: Final = 366 * 24 * 3600.0
"""Seconds for one group's roll; a longer one is useless for estimates."""
_KEPT: Final = 50
"""Past groups on record: a year of monthly rolls of four groups."""


@dataclass(frozen=True, slots=True)
class OpenRoll:
    """A roll that has not ended."""

    cordoned: tuple[str, ...]
    """Nodes that somebody else had cordoned before it began."""
    forced: bool = False
    done: tuple[str, ...] = ()
    """Groups that a forced roll has replaced."""
    groups: tuple[str, ...] = ()
    """The groups that it was asked for; empty: all."""
    cloudonly: bool = False
    """Whether it was to work without the Kubernetes API."""


@dataclass(frozen=True, slots=True)
class Journal:
    """The document."""

    begun: OpenRoll | None = None
    past: tuple[Rolled, ...] = field(default=())

    def with_rolled(self, rolled: Rolled) -> "Journal":
        """Return the journal with one more group; the oldest ones are dropped."""
        past = (*self.past, rolled)[-_KEPT:]
        begun = self.begun
        if begun is not None:
            begun = replace(begun, done=(*begun.done, rolled.instance_group))
        return Journal(begun, past)


def _fields_of(journal: Journal) -> dict[str, object]:
    return {
        "begun": None if journal.begun is None else asdict(journal.begun),
        "past": [
            {
                "instance_group": rolled.instance_group,
                "role": rolled.role,
                "machines": rolled.machines,
                "seconds": round(rolled.seconds, 1),
                "at": rolled.at.isoformat(),
            }
            for rolled in journal.past
        ],
    }


def _journal_of(fields: Fields, _cluster: str) -> Journal:
    begun = _open_roll_of(fields.child("begun")) if "begun" in fields else None
    return Journal(begun, tuple(map(_rolled_of, fields.children("past"))))


def _open_roll_of(fields: Fields) -> OpenRoll:
    roll = OpenRoll(fields.texts("cordoned"), fields.flag("forced"), fields.texts("done"))
    if "groups" not in fields:  # an earlier kled recorded no more
        return roll
    return replace(roll, groups=fields.texts("groups"), cloudonly=fields.flag("cloudonly"))


def _rolled_of(fields: Fields) -> Rolled:
    role = _ROLES.get(fields.text("role"))
    if role is None:
        raise ValueError("a past group has no role that kled knows")
    return Rolled(
        fields.text("instance_group"),
        role,
        fields.whole("machines", most=_MOST_MACHINES),
        fields.number("seconds", most=_LONGEST),
        fields.moment("at"),
    )


RECORD: Final[Record[Journal]] = Record(
    "rolls",
    "kled.io/rolls/v1",
    _fields_of,
    _journal_of,
    droppable=True,  # a roll looks at the cluster itself; what is lost is said
    advice="times are not estimated; an interrupted roll starts from the beginning, and nodes"
    " that it had cordoned stay cordoned as if by somebody else (kled kops export-kubecfg"
    " --name={cluster} --kubeconfig=./kubeconfig-{cluster}, then kubectl"
    " --kubeconfig=./kubeconfig-{cluster} get nodes, and uncordon NODE in place of get nodes)",
)


class KeptJournal:
    """The journal of a cluster during a roll: read once, written at each change.

    Only the holder of the lease writes it, so what was read stays true. A document that is damaged
    meanwhile does not make the roll forget whose cordons to leave.
    """

    def __init__(self, session: Session, cluster: str) -> None:
        self.session = session
        self.cluster = cluster
        self.journal = read(session, cluster)

    def write(self, journal: Journal) -> None:
        """Write the journal. Atomic; safe to repeat."""
        RECORD.write(self.session, self.cluster, journal)
        self.journal = journal


def read(session: Session, cluster: str) -> Journal:
    """Return the journal; an empty one where there is none."""
    return RECORD.read(session, cluster) or Journal()
