"""The facts that decide which case it is, and the table that says which. Pure.

A fact that is not known may be any of its values. So whoever knows less never has fewer cases left:
`possible` goes through every way in which the unknown facts may turn out.
"""

from dataclasses import dataclass, fields
from itertools import product
from typing import Any, Final, Literal, TypeAlias, get_args

State = Literal["whole", "unapplied", "damaged", "gone", "store-gone"]
"""What the state store has of the cluster: all that kops needs; that, though kops never applied it;
a part; nothing; or there is no such store any more."""
Cloud = Literal["machines", "no-control-plane", "nothing"]
"""What the cloud has: a control plane's machines; resources, and none of those; or nothing."""
Api = Literal["ours", "another", "silent"]
"""Who serves its API: the authority that is known of it, another one of that name, or nobody."""
End = Literal["none", "begun", "deleted", "unregistered"]
"""What kled recorded of a deletion: none, one that was not finished, one that was proved, or that
the cluster was only unregistered."""
Home = Literal["here", "elsewhere"]
"""Where the epoch says that it lives: in the state store that was looked at, or in another one."""
Case = Literal[
    "nothing-lost",
    "state-lost",
    "control-plane-lost",
    "region-lost",
    "deleted",
    "several",
    "elsewhere",
    "not-known",
]
_LOST: Final = frozenset({"damaged", "gone", "store-gone"})
_EMPTY: Final = frozenset({"gone", "store-gone"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides; None: it is not known."""

    state: State | None = None
    cloud: Cloud | None = None
    api: Api | None = None
    end: End | None = None
    home: Home | None = None

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the facts that are not known."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is None)


VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "state": get_args(State),
    "cloud": get_args(Cloud),
    "api": get_args(Api),
    "end": get_args(End),
    "home": get_args(Home),
}
"""Each fact with all of its values."""
Cases: TypeAlias = frozenset[Case]


def possible(facts: Facts) -> Cases:
    """Return the cases that the facts leave: one where they decide, never none."""
    given = {name: getattr(facts, name) for name in VALUES}
    ways = product(*(VALUES[name] if value is None else (value,) for name, value in given.items()))
    return frozenset().union(*(_cases(Facts(*way)) for way in ways))


def case_of(facts: Facts) -> Case:
    """Return the one case that the facts leave; `not-known` where they leave several."""
    left = possible(facts)
    return next(iter(left)) if len(left) == 1 else "not-known"


def _cases(facts: Facts) -> Cases:
    """Return the cases where every fact is known: two where even all of them do not tell."""
    if facts.home == "elsewhere":
        return frozenset({"elsewhere"})
    if facts.end == "begun":
        return frozenset({"deleted"})
    if facts.end == "deleted" and facts.state in _EMPTY:
        return frozenset({"several" if _runs(facts) else "deleted"})
    return _without_deletion(facts)


def _without_deletion(facts: Facts) -> Cases:
    if facts.api == "ours":
        return frozenset({_state_alone(facts)})
    if facts.cloud == "nothing":
        return frozenset({_gone_from_cloud(facts)})
    if facts.cloud == "no-control-plane":
        return frozenset({_without_control_plane(facts)})
    if facts.api == "another" or facts.state in _LOST:
        return frozenset({"state-lost"})
    return _silent_machines(facts)


def _runs(facts: Facts) -> bool:
    """Whether something of the cluster runs, though its deletion was proved."""
    return facts.api == "ours" or facts.cloud == "machines"


def _state_alone(facts: Facts) -> Case:
    """Return the case of a cluster whose API answers as it should."""
    if facts.state == "unapplied":  # kops would make other resources beside those that run
        return "several"
    return "state-lost" if facts.state in _LOST else "nothing-lost"


def _gone_from_cloud(facts: Facts) -> Case:
    if facts.state == "unapplied":
        return "nothing-lost"
    return "region-lost" if facts.state == "store-gone" else "deleted"


def _without_control_plane(facts: Facts) -> Case:
    if facts.state == "unapplied":  # a first update that was stopped: the next one does the rest
        return "nothing-lost"
    return "several" if facts.state in _LOST else "control-plane-lost"


def _silent_machines(facts: Facts) -> Cases:
    """Return the cases of machines whose API does not answer: it may be the way to it alone."""
    if facts.state == "unapplied":
        return frozenset({"several"})
    return frozenset({"nothing-lost", "control-plane-lost"})
