"""Objects in other spellings of YAML are read, or refused, as the real kops 1.36.2 does it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sandbox.desk import Desk

C = "spelled.example.com"
GROUP = f"{C}/instancegroup/nodes-us-east-1a"

READ: dict[str, Callable[[str], bytes]] = {
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, big end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "a mark of UTF-8": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "YAML 1.1": lambda text: b"%YAML 1.1\n---\n" + text.encode(),
    "the end of a document": lambda text: text.encode() + b"...\n",
}
REFUSED: dict[str, tuple[Callable[[str], bytes], str]] = {
    "YAML 1.2": (
        lambda text: b"%YAML 1.2\n---\n" + text.encode(),
        "yaml: found incompatible YAML document",
    ),
    "Latin-1": (
        lambda text: text.encode().replace(b"name: nodes", b"x: \xfc\n  name: nodes", 1),
        "yaml: invalid leading UTF-8 octet",
    ),
    "half a letter": (
        lambda text: text.encode().replace(b"name: nodes", b"x: \xc3!\n  name: nodes", 1),
        "yaml: invalid trailing UTF-8 octet",
    ),
    "half a letter at the end": (
        lambda text: text.encode() + b"# \xc3",
        "yaml: incomplete UTF-8 octet sequence",
    ),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.create(C)
    return desk


@pytest.fixture
def group(desk: Desk) -> Path:
    return desk.state / GROUP


@pytest.mark.parametrize("how", READ)
def test_what_kops_reads_is_read(desk: Desk, group: Path, how: str) -> None:
    before = group.read_bytes()
    group.write_bytes(READ[how](before.decode()))

    done = desk.run("get", "ig", "nodes-us-east-1a", f"--name={C}")

    group.write_bytes(before)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("how", REFUSED)
def test_what_kops_refuses_is_refused_in_its_words(desk: Desk, group: Path, how: str) -> None:
    before = group.read_bytes()
    spell, words = REFUSED[how]
    group.write_bytes(spell(before.decode()))

    done = desk.run("get", "ig", "nodes-us-east-1a", f"--name={C}")

    group.write_bytes(before)
    assert done.returncode == 1
    assert words in done.stderr
