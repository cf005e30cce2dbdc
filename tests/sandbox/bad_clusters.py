"""Clusters that are bad in as many ways, as files of a state store."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GROUP: Final = "instancegroup/nodes-us-east-1a"
CA: Final = "pki/private/kubernetes-ca/keyset.yaml"
OTHER: Final = "good000.example.com"
_BOMB: Final = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{one}: &{one} [{','.join([f'*{before}'] * 9)}]\n"
    for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)
_NO_SPEC: Final = b"""apiVersion: kops.k8s.io/v1alpha2
kind: InstanceGroup
metadata:
  name: nodes-us-east-1a
spec: null
"""


def copy(seed: Path, name: str) -> Path:
    """Copy a cluster's directory under another name, which its objects then name, too."""
    target = seed.parent / name
    for path in (path for path in seed.rglob("*") if path.is_file()):
        place = target / path.relative_to(seed)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes().replace(seed.name.encode(), name.encode()))
    return target


def _writes(key: str, body: bytes) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        (place / key).write_bytes(body)

    return change


def _replaces(key: str, old: str, new: str) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        text = (place / key).read_text()
        assert old in text
        (place / key).write_text(text.replace(old, new))

    return change


def _irregular(key: str, make: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        (place / key).unlink()
        make(place / key)

    return change


def _huge(place: Path) -> None:
    with (place / "config").open("wb") as file:
        file.truncate(5 << 20)  # a hole: it takes no room


def _odd(place: Path) -> None:
    Path(os.fsdecode(os.fsencode(place / "notes\n\x1b]0;x\x07") + b"\xff")).write_bytes(b"x")


def _twice(place: Path) -> None:
    text = (place / "config").read_text()
    (place / "config").write_text(f"{text}---\n{text}")


def _kind(place: Path) -> None:
    (place / "config").write_bytes((place / GROUP).read_bytes())


def _names_another(place: Path) -> None:
    config = place / "config"
    config.write_text(config.read_text().replace(place.name, OTHER))


IRREGULAR: Final = {"fifo": "config", "zero": "config", "pipe": GROUP}
"""What stands in place of a file in these ways: nothing is written over it."""
WAYS: Final[Mapping[str, Callable[[Path], None]]] = {
    "garbage": _writes("config", b"a: [\n"),
    "tag": _writes("config", b"kind: Cluster\nmetadata: {name: x}\nspec: {x: !!bool xyz}\n"),
    "nested": _writes("config", b"[" * 100_000),
    "bomb": _writes("config", _BOMB.encode()),
    "empty": _writes("config", b""),
    "binary": _writes("config", b"\x00\xff\xfe" * 50),
    "huge": _huge,
    "twice": _twice,
    "lost": lambda place: (place / "config").unlink(),
    "other": _names_another,
    "kind": _kind,
    "api": _replaces("config", "kops.k8s.io/v1alpha2", "kops.example.com/v1"),
    "fifo": _irregular("config", os.mkfifo),
    "zero": _irregular("config", lambda path: path.symlink_to("/dev/zero")),
    "pipe": _irregular(GROUP, os.mkfifo),
    "sizes": _replaces(GROUP, "maxSize: ", "maxSize: x"),
    "unnamed": _replaces(GROUP, "  name: nodes-us-east-1a\n", ""),
    "group": _writes(GROUP, b"x: [\n"),
    "spec": _writes(GROUP, _NO_SPEC),
    "groups": lambda place: shutil.rmtree(place / "instancegroup"),
    "name": _replaces(GROUP, "name: nodes-us-east-1a", "name: agents"),
    "keyset": _writes(CA, bytes(range(256)) * 8),
    "secret": _writes("secrets/admin", b'{"Data":' * 100_000),
    "odd": _odd,
}
"""What is done to the directory of a good cluster; the name is part of the cluster's."""
