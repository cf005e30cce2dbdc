import os
from pathlib import Path

import pytest

from kled import process
from kled.errors import DefinitionRejected, KopsError
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.kops.verbs.edit import reasons

PRELUDE = "# Please edit\n# and\n# reopened\n#\n"
REFUSED = (
    PRELUDE + "# Found fields that are not recognized\n#   spec:\n# +   maxSizes: 9\n#\nspec: {}\n"
)
KOPS = """#!/bin/sh
# opens its editor as kops does: once, and where the text is refused once more with the reasons
dir={directory}
cp "$dir/stored" "$dir/open"; $EDITOR "$dir/open" || exit 1
if grep -q maxSizes "$dir/open"; then
  cp "$dir/refused" "$dir/open"; $EDITOR "$dir/open"
  echo "Error: Edit cancelled: no valid changes were saved." >&2; exit 1
fi
cp "$dir/open" "$dir/stored"; echo "$@" > "$dir/argv"; ls "$TMPDIR" > "$dir/scratch-was"
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    program = tmp_path / "kops"
    program.write_text(KOPS.format(directory=tmp_path))
    program.chmod(0o755)
    (tmp_path / "stored").write_text("spec: {maxSize: 2}\n")
    (tmp_path / "refused").write_text(REFUSED)
    (tmp_path / "scratch").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def kops(world: Path) -> Kops:
    return Kops(
        KopsCalls(
            world / "kops",
            run=process.run,
            env={"PATH": os.defpath, "KUBE_EDITOR": "/bin/false"},
            state_store="file:///nowhere",
            scratch=world / "scratch",
        )
    )


def test_an_edited_text_is_what_the_editor_of_kops_leaves(kops: Kops, world: Path) -> None:
    kops.instance_groups.store_edited("c.example.com", "nodes", "spec: {maxSize: 3}\n")

    assert (world / "stored").read_text() == "spec: {maxSize: 3}\n"
    assert (world / "argv").read_text() == "edit instancegroup nodes --name=c.example.com\n"
    assert list((world / "scratch").iterdir()) == []


def test_a_cluster_s_text_goes_the_same_way(kops: Kops, world: Path) -> None:  # fault 25
    kops.definition.store_edited("c.example.com", "spec: {channel: stable}\n")

    assert (world / "stored").read_text() == "spec: {channel: stable}\n"
    assert (world / "argv").read_text() == "edit cluster --name=c.example.com\n"


def test_a_field_that_kops_does_not_know_is_named_and_nothing_stored(
    kops: Kops, world: Path
) -> None:
    with pytest.raises(DefinitionRejected, match="kops does not know maxSizes: 9"):
        kops.instance_groups.store_edited("c.example.com", "nodes", "spec: {maxSizes: 9}\n")

    assert (world / "stored").read_text() == "spec: {maxSize: 2}\n"
    assert list((world / "scratch").iterdir()) == []


def test_without_reasons_the_error_stays_what_it_is(kops: Kops, world: Path) -> None:
    (world / "refused").write_text("spec: {}\n")

    with pytest.raises(KopsError, match="no valid changes were saved"):
        kops.instance_groups.store_edited("c.example.com", "nodes", "spec: {maxSizes: 9}\n")


def test_other_reasons_are_kept_in_their_words() -> None:
    text = f"{PRELUDE}# validation failed: spec.maxSize: Invalid value\n#\nspec: {{}}\n# a remark\n"

    assert reasons(text) == ("validation failed: spec.maxSize: Invalid value",)


def test_a_difference_without_added_lines_still_says_something() -> None:
    text = f"{PRELUDE}# Found fields that are not recognized\n# - a: 1\n"

    assert reasons(text) == ("kops does not know some of its fields",)
