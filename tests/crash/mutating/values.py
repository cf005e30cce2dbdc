"""Ways to change bytes, and the values of a parsed document; each by chance, none by rule."""

import copy
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]

NUMBERS: Final = (
    *(0, -1, 1, 2**31, 2**53 - 2, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64, 10**40, -(2**63)),
    *(1.5, 1e300, 9e18, 0.1),
)
DATES: Final = (
    *("2026-11-29T00:00:00", "2026-11-29", "0001-01-01T00:00:00+14:00", "1e999", "1790000000"),
    *("9999-12-31T23:59:59-14:00", "2999-01-01T00:00:00+00:00", "2026-02-30T00:00:00Z"),
)
WIDE: Final = "\uff12\uff10\uff12\uff161129T000000Z-00000000"
IDS: Final = (
    *("99991231T235959Z-ffffffff", "00010101T000000Z-00000000", "20260230T000000Z-00000000", WIDE),
    *("", "~", "../../x", "2026"),
)
DIGESTS: Final = ("0" * 64, "f" * 64, "F" * 64, "0" * 63, "", "e3b0c44298fc1c149afbf4c8996fb924")
URLS: Final = (
    *("file:///a\0b", "s3://elsewhere/x", "s3://state/other.example.com", "s3://kept", "://"),
    *("file:///" + "x/" * 3000, "s3://state", "s3://state/demo.k8s.local/pki", "\0"),
)
MATERIALS: Final = (
    *("é", "=", "A", "QQ==", "-----BEGIN A-----", "LS0tLS1CRUdJTiBBLS0tLS14" * 30_000),
)
TEXTS: Final = (
    *("", "x", "../../../x", "/etc/passwd", ".", "..", "a/../b", "\0", "a\nb", "\x1b]0;title\x07"),
    *("\x1b[2J", "é" * 200, "\U0001f600", "\u202eabc", "x" * 100_000, "null", "~", "!!bool xyz"),
    *("<<", "-1", "other.example.com", "ed25519", "kled 9", "9" * 5000, "1." + "9" * 5000),
    *("gone from the state store", "deleted, and its epoch has ended", "Master", "held", "create"),
    *(DATES[0], IDS[0], DIGESTS[0], URLS[0]),
)
EMPTY: Final[tuple[Any, ...]] = (
    *(None, True, False, [], {}, [[]], [None], {"": None}, [{}], {"a": 1}),
)
_EDGES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (r"\d{4}-\d\d-\d\dT.*", DATES),
    (r"\d{8}T\d{6}Z-[0-9a-f]{8}", IDS),
    (r"[0-9a-f]{64}", DIGESTS),
    (r"[a-z0-9]+://.*", URLS),
    (r"[A-Za-z0-9+/=]{80,}", MATERIALS),
    (r"", TEXTS),
)
"""What a text looks like, and texts of that kind at the ends of what there may be."""


def deep(levels: int) -> Any:
    found: Any = 1
    for number in range(levels):
        found = [found] if number % 2 else {"a": found}
    return found


def any_value(chance: random.Random) -> Any:
    match chance.randrange(12):
        case 0 | 1 | 2:
            return copy.deepcopy(chance.choice(EMPTY))
        case 3 | 4 | 5:
            return chance.choice(NUMBERS)
        case 6:
            return deep(chance.choice((3, 60, 65, 90)))
        case 7:
            return [chance.choice(TEXTS) for _ in range(chance.choice((1, 3, 300)))]
        case _:
            return chance.choice(TEXTS)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield where each value of a document is; the whole has the empty path."""
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, one in inner:
        yield from places(one, (*path, key))


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


@dataclass(frozen=True)
class _Spot:
    """A value of a document that is about to change."""

    chance: random.Random
    document: Any
    parent: Any
    key: Any
    like: Callable[[], Any]

    @property
    def now(self) -> Any:
        return self.parent[self.key]

    def put(self, value: Any) -> None:
        self.parent[self.key] = value


def _set(spot: _Spot) -> None:
    spot.put(any_value(spot.chance))


def _remove(spot: _Spot) -> None:
    del spot.parent[spot.key]


def _add(spot: _Spot) -> None:
    grown = spot.parent if isinstance(spot.parent, dict) else spot.document
    if isinstance(grown, dict):
        names = (*TEXTS[:20], "signature", "format", "metadata", "x")
        grown[spot.chance.choice(names)] = any_value(spot.chance)


def _swap(spot: _Spot) -> None:
    *others, last = spot.chance.choice([one for one in places(spot.document) if one])
    parent = at(spot.document, tuple(others))
    spot.put(copy.deepcopy(parent[last]))


def _double(spot: _Spot) -> None:
    spot.put(spot.now * 2 if isinstance(spot.now, list | str) else [spot.now, spot.now])


def _take_over(spot: _Spot) -> None:
    """Put what another document of the kind has there, as where ids are swapped."""
    like = spot.like()
    same = [one for one in places(like) if one and one[-1] == spot.key]
    spot.put(copy.deepcopy(at(like, spot.chance.choice(same))) if same else like)


def _number(spot: _Spot) -> None:
    now = spot.now
    if isinstance(now, int) and not isinstance(now, bool):
        spot.put(now + spot.chance.choice((1, -1, 2**40, 2**62, -now - 1, 10**30)))
    else:
        spot.put(spot.chance.choice(NUMBERS))


def _edge(spot: _Spot) -> None:
    """Put a value of the same type that is at an end of what there may be."""
    now = spot.now
    if isinstance(now, bool):
        spot.put(not now)
    elif isinstance(now, int | float):
        spot.put(spot.chance.choice(NUMBERS))
    elif isinstance(now, str):
        fitting = (texts for form, texts in _EDGES if re.match(form, now, re.DOTALL))
        spot.put(spot.chance.choice(next(fitting)))
    elif isinstance(now, list):
        spot.put(
            spot.chance.choice(
                ([], now * 300, now[::-1], [*now, *now], [spot.chance.choice(TEXTS)])
            )
        )
    else:
        spot.put(any_value(spot.chance))


_WAYS: Final[tuple[tuple[str, Callable[[_Spot], None]], ...]] = (
    *(("edge", _edge),) * 5,
    *(("set", _set),) * 2,
    ("remove", _remove),
    ("add", _add),
    ("copy", _swap),
    ("double", _double),
    ("take over", _take_over),
    ("number", _number),
)


def changed(chance: random.Random, document: Any, like: Callable[[], Any]) -> tuple[str, Any]:
    """Change one place of a document; return how, and the result. `like` gives another one."""
    document = copy.deepcopy(document)
    paths = [one for one in places(document) if one]
    if not paths:
        return "nothing to change", document
    path, (how, way) = chance.choice(paths), chance.choice(_WAYS)
    way(_Spot(chance, document, at(document, path[:-1]), path[-1], like))
    return f"{how} {'.'.join(map(str, path))[:80]}", document
