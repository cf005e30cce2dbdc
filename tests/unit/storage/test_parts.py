"""Streams of chunks as files, and keys that no store takes."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from kled.storage.base import oddity
from kled.storage.parts import Again, Pipe

ODD = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|(?:^|/)\.{0,2}(?:/|$)")
PIECES = ("a", ".", "/", "..", "é", " ", "\x7f", "\n", "\u200b", "\udcff", "x.y", "")


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map("".join))
def test_a_key_is_odd_where_a_part_of_it_or_a_character_is(key: str) -> None:
    assert (oddity(key) is not None) == (ODD.search(key) is not None)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=9), max_size=6), st.lists(st.integers(-1, 12), max_size=9))
def test_parts_are_read_as_one_file(parts: list[bytes], sizes: list[int]) -> None:
    whole, read = b"".join(parts), b""
    pipe = Pipe(b"", iter(parts))
    for size in sizes:
        found = pipe.read(size)
        assert found == whole[len(read) :][: None if size < 0 else size]
        read += found
        assert pipe.tell() == len(read)


def test_what_is_read_again_is_the_same() -> None:
    file = Again([b"abc", b"de"], 5)
    first = [file.read(2), file.read(9), file.read(9)]
    file.seek(0)

    assert first == [b"ab", b"cde", b""]
    assert file.read() == b"abcde"
