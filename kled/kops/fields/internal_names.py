"""What a stored field is called inside of kops, whose `--set` and `--unset` take that name. Pure.

kops converts between the two when it reads and stores an object (pkg/apis/kops/v1alpha2,
conversion.go). `internal_names.txt` holds both, the stored one first; names that are the same are
left out, what stands there holds for all below it, `*` is any index, and a name after `!` says the
opposite. kops negates `hooks` of a cluster and not those of a group (Convert_*_HookSpec_*).
"""

from functools import cache
from pathlib import Path as FilePath

from kled.kops.fields.known_fields import Kind, Path

Negated = bool
Pair = tuple[Path, Path, Negated]


def internal(kind: Kind, path: Path) -> tuple[Path, bool]:
    """Return the internal path of a stored one, and whether it says the opposite."""
    for name, inner, negated in _pairs()[kind]:
        if _begins(path, name):
            return (*_with_indexes(inner, path[: len(name)]), *path[len(name) :]), negated
    return path, False


def stored(kind: Kind, path: Path) -> Path | None:
    """Return the stored path of an internal one; None where no internal name stands in it."""
    pairs = [pair for pair in _pairs()[kind] if _begins(path, pair[1])]
    if not pairs:
        return None
    name, inner, _ = max(pairs, key=lambda pair: len(pair[1]))
    return (*_with_indexes(name, path[: len(inner)]), *path[len(inner) :])


def is_same_below(kind: Kind, path: Path) -> bool:
    """Say whether all that is stored below `path`, and nothing else, is below its internal path.

    It is not for `spec.networking`, which inside of kops holds the subnets, too.
    """
    pattern = tuple("*" if part.isdigit() else part for part in path)
    inside = internal(kind, pattern)[0]
    return all(
        _begins(name, pattern) == _begins(inner, inside) for name, inner, _ in _pairs()[kind]
    )


def _begins(path: Path, start: Path) -> bool:
    return len(path) >= len(start) and all(
        part == wanted or (wanted == "*" and part.isdigit())
        for part, wanted in zip(path, start, strict=False)
    )


def _with_indexes(pattern: Path, path: Path) -> Path:
    indexes = [part for part in path if part == "*" or part.isdigit()]
    return tuple(indexes.pop(0) if part == "*" else part for part in pattern)


@cache
def _pairs() -> dict[str, list[Pair]]:
    """Return stored and internal paths by kind of object, the longest stored ones first."""
    by_kind: dict[str, list[Pair]] = {}
    file = FilePath(__file__).with_name("internal_names.txt")
    for line in file.read_text(encoding="utf-8").splitlines():
        kind, name, inner = line.split()
        negated = inner.startswith("!")
        pair = tuple(name.split(".")), tuple(inner.removeprefix("!").split(".")), negated
        by_kind.setdefault(kind, []).append(pair)
    return {kind: sorted(pairs, key=lambda pair: -len(pair[0])) for kind, pairs in by_kind.items()}
