"""Every text of the result that still names the old side: no field is left out, no encoding."""

from collections.abc import Iterator, Sequence, Set

from kled.recovery.rewrite.draft import HIDDEN, Draft, Path, is_free, leaves, shown
from kled.recovery.rewrite.encoded import layers
from kled.recovery.rewrite.sides import Sides
from kled.recovery.rewrite.traces import Trace, Tracer, tracer
from kled.recovery.rewrite.undecided import Undecided

_MEMBER = ("spec", "etcdClusters", "etcdMembers", "name")
"""The names of etcd's members stay: their volumes, and etcd's own configuration, bear them."""
_ISSUERS = ("spec", "kubeAPIServer", "additionalServiceAccountIssuers")
"""Issuers of tokens that pods have: names in them, which nobody asks at."""


def leftovers(
    drafts: Sequence[Draft], sides: Sides, told: Set[str] = frozenset()
) -> Iterator[Undecided]:
    """Yield each field that names the old side, with the option that decides it.

    Fields that were `told` before are left out: what they get instead is looked at then. So are
    those that a person gave a value.
    """
    looking = tracer(sides, sides.target.given)
    told = told | set(sides.target.values)
    for draft in drafts:
        named: set[Path] = set()
        for path, value in leaves(draft.document):
            if draft.is_kept(path) or _stays(path) or draft.field(path) in told:
                continue
            for key in _new_keys(path, named):
                yield from _of_key(draft, key, looking)
            if isinstance(value, str | int) and not isinstance(value, bool):
                yield from _of_text(draft, path, str(value), looking, sides)


def _of_text(
    draft: Draft, path: Path, text: str, looking: Tracer, sides: Sides
) -> Iterator[Undecided]:
    seen: dict[Trace, bool] = {}
    for layer in layers(text):
        if not layer.whole:
            yield _undecided(draft, path, text, "more compressed data than kled looks at", None)
        for trace in looking.traces(layer.text):
            seen.setdefault(trace, layer.encoded)
    for trace, encoded in seen.items():
        where = " in what is encoded there" if encoded else ""
        option = None if encoded else _option(draft, path, trace, sides)
        yield _undecided(draft, path, text, f"{trace}{where}", option)


def _of_key(draft: Draft, path: Path, looking: Tracer) -> Iterator[Undecided]:
    for trace in looking.traces(str(path[-1])):
        yield _undecided(draft, path, "", f"{trace} in its own name", None)


def _undecided(draft: Draft, path: Path, text: str, names: str, option: str | None) -> Undecided:
    field = draft.field(path)
    value = HIDDEN if is_free(path) else str(shown(path, text))
    return Undecided(field=field, names=names, value=value, option=option or f"values[{field}]")


def _option(draft: Draft, path: Path, trace: Trace, sides: Sides) -> str:
    """Return the member of `Target` that maps what a field names."""
    if path == ("spec", "image"):
        return f"images[{draft.owner}]"
    if path == ("spec", "serviceAccountIssuerDiscovery", "discoveryStore"):
        return "discovery_store"
    if trace.kind == "region" and trace.token != sides.regions[0]:
        return f"zones[{trace.token}]"
    return f"resources[{trace.token}]"


def _new_keys(path: Path, named: set[Path]) -> Iterator[Path]:
    """Yield the keys on the way to a field that nobody looked at yet."""
    for end in range(1, len(path) + 1):
        key = path[:end]
        if isinstance(key[-1], str) and key not in named:
            named.add(key)
            yield key


def _stays(path: Path) -> bool:
    return tuple(step for step in path if isinstance(step, str)) in {_MEMBER, _ISSUERS}
