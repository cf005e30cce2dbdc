"""The paths of `--set PATH=VALUE` and `--unset PATH`, read as kops reads them. Pure.

kops takes `/` for `.`, skips blanks, and allows the object's own name in front
(`util/pkg/reflectutils/field_path.go`, `pkg/commands/set_cluster.go`, `set_instancegroups.go`).
"""

import re
from typing import Final

from kled.errors import InvalidInput

Path = tuple[str, ...]
"""The fields from the outside in; an index of a list is `*`, whichever it is."""
_TOKEN: Final = re.compile(r"\s*(?:[./]|(?P<field>\w+)|\[\s*(?:\*|\d+)\s*\])")
_OWN: Final = ("cluster", "instancegroup")


def assignment(text: str) -> tuple[Path, str]:
    """Return path and value of `PATH=VALUE`; raise `InvalidInput` where there is no `=`."""
    path, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput("--set", f"{text!r} is not PATH=VALUE", hint="as in spec.maxSize=4")
    return path_of(path), value


def path_of(text: str) -> Path:
    """Return the path that a text means; what kops could not read ends it, kops says so itself."""
    paths: list[str] = []
    at = 0
    while (token := _TOKEN.match(text, at)) is not None:
        at = token.end()
        field = token["field"]
        if field is not None or token[0].strip().startswith("["):
            paths.append(field if field is not None else "*")
    return tuple(paths[1:] if paths[:1] and paths[0] in _OWN else paths)


def overlap(path: Path, other: Path) -> bool:
    """Whether to change the one changes the other: they are equal, or one holds the other."""
    return all(a == b for a, b in zip(path, other, strict=False))
