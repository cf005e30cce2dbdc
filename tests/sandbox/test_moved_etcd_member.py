"""A member of etcd goes to another zone as docs/recovery.md says: its commands, typed in order. K4.

`tests/docs/test_inline_typed` leaves them out, since the others need the cluster:
here is one for them.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.docs import reading
from tests.sandbox.line import Ended
from tests.sandbox.test_previews import Alone, C
from tests.sandbox.test_ways_back import type_

__all__ = ["type_"]
HEADING: Final = "## A member of etcd goes to another zone"
PLANE: Final = "control-plane-us-east-1a"
NEEDS_THE_API: Final = ("kled kops validate-cluster",)
Type = Callable[[str], Ended]


@pytest.fixture
def desk(tmp_path: Path) -> Alone:
    """A cluster of one control plane, with nodes in two zones."""
    desk = Alone(tmp_path / "box")
    desk.create(C, "--zones=us-east-1b", "--control-plane-zones=us-east-1a")
    desk.apply(C)
    return desk


def steps() -> list[str]:
    """Return the whole commands of kled in the section's numbered steps, in their order."""
    lines = Path("docs/recovery.md").read_text().splitlines()
    first = lines.index(HEADING)
    last = next(at for at, line in enumerate(lines) if at > first and line.startswith("## "))
    numbered = {at + 1 for at in range(first, last) if re.match(r"\d\. |   ", lines[at])}
    texts = [each.text for each in reading.inline("docs/recovery.md") if each.line in numbered]
    kled = [text for text in texts if text.startswith("kled ")]
    return [re.sub(r"(?<==)C\b", C, text) for text in kled if not text.startswith(NEEDS_THE_API)]


def test_every_step_works_as_it_is_typed(desk: Alone, type_: Type) -> None:
    """The sandbox keeps no volumes: what kops applied is which members stand, and on what group."""
    before = set(desk.machines(C))
    commands = steps()
    assert len(commands) == 6, commands

    for command in commands:
        done = type_(command)
        assert done.status == 0, (command, done.stderr)

    applied = yaml.safe_load((desk.state / C / "cluster-completed.spec").read_text())["spec"]
    members = [member for etcd in applied["etcdClusters"] for member in etcd["etcdMembers"]]
    assert [each["name"] for each in members] == ["b", "b"]
    group = yaml.safe_load(
        (desk.state / C / "instancegroup" / members[0]["instanceGroup"]).read_text()
    )
    assert group["spec"]["subnets"] == ["us-east-1b"]
    new = {one: name for one, name in desk.machines(C).items() if one not in before}
    assert list(new.values()) == [f"{PLANE}.masters.{C}"]


def test_without_the_word_each_is_refused(desk: Alone, type_: Type) -> None:
    named = [one for one in steps() if "--new-identity" in one and "update-cluster" not in one]

    for command in named:
        done = type_(re.sub(r" --new-identity=\S+", "", command))
        assert done.status == 6, (command, done.stderr)
