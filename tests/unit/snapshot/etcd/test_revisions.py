"""One item of etcd's bucket of changes, as it is written and as nobody writes it."""

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.etcd.revisions import Revision, parse

MAIN = 300
NAME = MAIN.to_bytes(8, "big") + b"_" + bytes(8)
RECORD = b"\x0a\x01k" + b"\x18\xac\x02" + b"\x2a\x05value"
"""Its key, its number in two bytes, its value."""


def test_a_change_is_read() -> None:
    assert parse(NAME, RECORD) == Revision(MAIN, b"k", b"value")


@pytest.mark.parametrize("number", [b"\x80", b"\x80" * 9, b"\x80" * 10, b"\x80" * 11 + b"\x01"])
def test_a_number_that_etcd_does_not_write_is_refused(number: bytes) -> None:
    with pytest.raises(SnapshotNotTrustworthy, match="number"):
        parse(NAME, RECORD + b"\x10" + number)


def test_the_longest_number_is_read() -> None:
    assert parse(NAME, RECORD + b"\x20" + b"\xff" * 9 + b"\x01").value == b"value"


@pytest.mark.parametrize("size", range(1, len(RECORD)))
def test_a_record_that_is_cut_is_refused_or_is_whole_fields(size: int) -> None:
    if size == len(RECORD) - len(b"\x2a\x05value"):
        assert parse(NAME, RECORD[:size]).value == b""
    else:
        with pytest.raises(SnapshotNotTrustworthy):
            parse(NAME, RECORD[:size])
