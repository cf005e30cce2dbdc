"""Proof that `flows`, `tasks` and `deployments` are kled's own.

These names are generic: a `tasks.py` in the working directory or on PYTHONPATH wins over the
installed package, and another distribution that ships a package of the same name overwrites it
without a word, or deletes it when it is uninstalled. A run with a stranger's steps must not start.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Final

from kled.errors import RoomTaken

ROOMS: Final = ("flows", "tasks", "deployments")


def check() -> None:
    """Raise `RoomTaken` unless each room is a package right beside `kled` itself.

    Imports none of them, takes about a millisecond, changes nothing: the first line of the command
    line and of every flow. The error names the stranger's path.
    """
    home = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        _check(room, home)


def _check(room: str, home: Path) -> None:
    own = home / room / "__init__.py"
    place = _found(room)
    if place is None:
        raise RoomTaken(
            f"the package {room} is not at {own.parent}",
            hint="another distribution may have removed it: install kled again, "
            "in an environment of its own",
        )
    if place != own:
        raise RoomTaken(
            f"{place} stands in the place of kled's own {room}",
            hint="start kled in another directory, take that one off PYTHONPATH, or install kled "
            "in an environment of its own",
        )


def _found(room: str) -> Path | None:
    """Return the file or directory that `import room` gives, or gave; None where there is none."""
    loaded = sys.modules.get(room)
    spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec(room)
    if spec is None:
        origin = getattr(loaded, "__file__", None)
        return Path(origin).resolve() if origin else None
    if spec.origin is None:  # a directory without __init__.py
        return next(
            (Path(location).resolve() for location in spec.submodule_search_locations or ()), None
        )
    return Path(spec.origin).resolve()
