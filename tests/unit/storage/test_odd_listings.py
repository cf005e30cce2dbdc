"""A key that is no UTF-8 is listed as what it is, and no store reads it (fault 80)."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from kled.retry import Clock
from kled.storage.base import oddity
from kled.storage.local.store import LocalStore
from kled.storage.pages import Pages
from kled.storage.s3 import page as s3_page
from kled.storage.s3.listing import parsed
from kled.visible import visible

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>
<KeyCount>1</KeyCount><Contents><Key>{}</Key><Size>1</Size><ETag>"e"</ETag>
<LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>"""


def test_s3_lists_bytes_that_are_no_text_as_an_odd_key() -> None:
    page = s3_page.read(PAGE.format("c/a%FFb").encode())

    (entry,), token = parsed(page, "", Pages("s3://b", "", ""))

    assert token is None
    assert oddity(entry.key) == "bytes that are no UTF-8"
    assert visible(entry.key) == "c/a\\udcffb"


def test_a_directory_lists_them_too(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / os.fsdecode(b"a\xffb")).touch()

    (entry,) = LocalStore(tmp_path, Clock(time.monotonic, time.sleep)).entries()

    assert oddity(entry.key) == "bytes that are no UTF-8"
