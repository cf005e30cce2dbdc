"""Finding 6: a restore counts on, so that a text from before it stays an old one."""

from typing import Any

import pytest

from kled import yaml_text
from kled.snapshot.restore.generations import LEAP, continue_count, count_of

MADE = "2026-11-23T14:50:31Z"


def stored(size: int, generation: int | None = None, made: str | None = MADE) -> bytes:
    counted = {"creationTimestamp": made, "generation": generation, "name": "nodes"}
    metadata = {key: value for key, value in counted.items() if value is not None}
    group = {"kind": "InstanceGroup", "metadata": metadata, "spec": {"maxSize": size}}
    return yaml_text.to_text([group]).encode()


def read(body: bytes) -> dict[str, Any]:
    found = yaml_text.document(body)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("taken", "there", "count"),
    [
        (stored(1), stored(2, 1), 2),
        (stored(1, 4), stored(2, 1), 5),  # an earlier restore had set the count back
        (stored(1, 1), stored(2, 7), 8),
        (stored(1, 1), b"\0damaged", 1 + LEAP),
        (stored(1, 1), None, 1 + LEAP),  # what is lost tells no count
        (stored(1), None, LEAP),
        (stored(1, 1), stored(2, 7, "2026-11-25T00:00:00Z"), 1 + LEAP),  # another of that name
    ],
)
def test_what_takes_the_place_of_another_object_counts_on(
    taken: bytes, there: bytes | None, count: int
) -> None:
    written = continue_count(taken, there)

    assert read(written)["metadata"]["generation"] == count
    assert read(written)["spec"] == read(taken)["spec"]
    assert continue_count(taken, written) == written  # typed again it writes nothing


@pytest.mark.parametrize(
    ("taken", "there", "written"),
    [
        (stored(1, 1), stored(1, 7), stored(1, 7)),  # they differ in the count alone
        (stored(1, 7), stored(1, 1), stored(1, 7)),
        (stored(1, 7), stored(1, 7) + b"# damage\n", stored(1, 7)),
        (stored(1, 7, None), None, stored(1, 7, None)),
        (stored(1, 7, None), stored(2, 1), stored(1, 7, None)),  # kops made no such object
        (b"\0damaged", stored(1), b"\0damaged"),
        (b"[1]", None, b"[1]"),
    ],
)
def test_what_is_the_same_or_is_not_counted_is_as_it_was(
    taken: bytes, there: bytes | None, written: bytes
) -> None:
    assert continue_count(taken, there) == written


def test_of_kops_own_text_one_line_differs() -> None:
    text = (
        "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nmetadata:\n"
        '  creationTimestamp: "2026-11-30T11:52:41Z"\n{}  name: c\nspec:\n  topology:\n'
        "    dns:\n      type: None\n"
    )

    for count in ("", "  generation: 2\n"):
        written = continue_count(
            text.format(count).encode(), text.format("  generation: 5\n").encode()
        )
        assert written == text.format("  generation: 5\n").encode()
        other = text.format("  generation: 5\n").replace("None", "Public").encode()
        assert (
            continue_count(text.format(count).encode(), other)
            == text.format("  generation: 6\n").encode()
        )


def test_what_is_lost_again_leaps_from_the_highest_count_that_is_known() -> None:
    once = continue_count(stored(1, 1), None)

    again = continue_count(stored(1, 1), None, count_of(once) + 1)

    assert count_of(again) == 2 + 2 * LEAP
    assert continue_count(stored(1, 1), again) == again
