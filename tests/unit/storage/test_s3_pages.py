"""However an answer to ListObjectsV2 is parsed, its entries are those that an XML parser finds."""

from __future__ import annotations

from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.storage.s3 import page as s3_page

SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
OPENED = f'<ListBucketResult xmlns="{SPACE}"><Name>b</Name><Prefix></Prefix><StartAfter/>'
CLOSED = "<EncodingType>url</EncodingType></ListBucketResult>"
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'
TIME = "<LastModified>2026-11-25T00:00:00.000Z</LastModified>"
CHECKED = "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
CLASS = "<StorageClass>STANDARD</StorageClass>"

BEGINNINGS = (
    DECLARED + OPENED,
    f"{DECLARED}\n{OPENED}\n",
    OPENED,
    "<?xml version='1.0'?>" + OPENED,
    '<?xml version="1.0" encoding="ISO-8859-1"?>' + OPENED,
    "<ListBucketResult><IsTruncated>false</IsTruncated>",
)
ENDS = (CLOSED, "</ListBucketResult>\n", f"<IsTruncated>false</IsTruncated>\n{CLOSED}")
ENTRIES = (
    "<Contents><Key>{0}</Key>" + TIME + "<ETag>&quot;{1}&quot;</ETag><Size>{2}</Size></Contents>",
    "<Contents><Key>{0}</Key>"
    + TIME
    + "<ETag>&#34;{1}&#34;</ETag>"
    + CHECKED
    + "<Size>{2}</Size>"
    + CLASS
    + "</Contents>",
    "<Contents><Key>{0}</Key>" + TIME + '<ETag>"{1}"</ETag><Size>{2}</Size></Contents>',
    "<Contents><Size>{2}</Size>" + TIME + "<ETag>{1}</ETag><Key>{0}</Key></Contents>\n",
    "<Contents>\n<Key>{0}</Key>" + TIME + "<Owner><ID>x</ID></Owner><Size>{2}</Size></Contents>",
)
PIECES = (
    *("<!--", "-->", "<![CDATA[", "]]>", "<Contents>", "</Contents>", '<a b="', '">', "<a>"),
    *("&amp;", "&lt;", "&#34;", "&quot;", "&x;", "<?x", "?>", "\r\n", "\t", "é", "\x00", "\x7f"),
    *("<!DOCTYPE a [", "]>", ' xmlns="y"', "<x:Contents>", ">", "<", "&", " ", "<Key>", "</Key>"),
    *("<Key/>", "</ListBucketResult>", "<ListBucketResult>", "<Size>7</Size>", DECLARED, "\ufeff"),
    '<!DOCTYPE a [<!ATTLIST Key xmlns CDATA "y"><!ENTITY x "y">]>',
)
KEYS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(" +%/~é\n&<>\"'.,;=?\x7f"),
    max_size=12,
)
KEYS_AS_TOLD = KEYS.map(lambda key: quote(key, safe="/ ")) | KEYS.map(escape)
ETAGS = st.sampled_from(["0123", "0123-4", "", "a b"])
SIZES = st.sampled_from(["0", "1", "12345678901", " 7 ", "", "x"])


@st.composite
def answers(draw: st.DrawFn) -> str:
    """An answer in one of the ways in which services write them."""
    entry = draw(st.sampled_from(ENTRIES))
    told = draw(st.lists(st.tuples(KEYS_AS_TOLD, ETAGS, SIZES), max_size=4))
    entries = "".join(entry.format(*one) for one in told)
    return draw(st.sampled_from(BEGINNINGS)) + entries + draw(st.sampled_from(ENDS))


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An answer with something put into it, or left out of it."""
    text = draw(answers())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 12)) * draw(st.booleans())
        text = text[:start] + draw(st.sampled_from(("", *PIECES))) + text[end:]
    return text


def with_a_tree(body: bytes) -> list[tuple[str, ...]] | None:
    """Entries as a parser tells that makes a tree of the whole answer; None where it is no XML."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat limits expansion
    except (ET.ParseError, LookupError, ValueError):  # the latter for encodings
        return None
    space = root.tag[: root.tag.find("}") + 1]
    return [
        tuple(one.findtext(space + name) or "" for name in ("Key", "LastModified", "ETag", "Size"))
        for one in root.iter(f"{space}Contents")
    ]


def as_read(body: bytes) -> list[tuple[str, ...]] | None:
    try:
        return list(s3_page.read(body).rows)
    except ET.ParseError:
        return None


@settings(max_examples=300, deadline=None)
@given(answers())
def test_an_answer_s_entries_are_those_of_the_tree(text: str) -> None:
    body = text.encode()

    assert as_read(body) == with_a_tree(body)


@settings(max_examples=200, deadline=None)
@given(damaged())
def test_so_are_those_of_a_damaged_or_forged_answer(text: str) -> None:
    body = text.encode()

    assert as_read(body) == with_a_tree(body)


@pytest.mark.parametrize("encoding", ["TF-8", "utf-7", "x" * 50])
def test_an_answer_in_an_encoding_that_nobody_reads_is_no_xml(encoding: str) -> None:
    with pytest.raises(ET.ParseError):
        s3_page.read(f'<?xml version="1.0" encoding="{encoding}"?><a>b</a>'.encode())


@pytest.mark.parametrize("entry", ENTRIES[:2])
@pytest.mark.parametrize("beginning", BEGINNINGS[:3])
@pytest.mark.parametrize("end", ENDS[:2])
def test_of_entries_as_s3_and_minio_write_them_no_tree_is_made(
    beginning: str, entry: str, end: str
) -> None:
    text = beginning + "".join(entry.format(f"c/{at}%20", "0", at) for at in range(3)) + end
    page = s3_page.read(text.encode())

    assert [row[0] for row in page.rows] == ["c/0%20", "c/1%20", "c/2%20"]
    assert page.root.findtext(".//{*}Name") == "b"
    assert page.root.find(".//{*}Key") is None


@pytest.mark.parametrize(
    "hidden",
    [
        OPENED + "<!--{}-->" + CLOSED,
        OPENED + "<![CDATA[{}]]>" + CLOSED,
        OPENED + "<?x {}?>" + CLOSED,
        OPENED + '<a b="{}"/>' + CLOSED,
        OPENED + '<a xmlns="y">{}</a>' + CLOSED,
        f'<x:ListBucketResult xmlns:x="{SPACE}">' + "{}</x:ListBucketResult>",
        '<!DOCTYPE a [<!ATTLIST Key xmlns CDATA "y">]>' + OPENED + "{}" + CLOSED,
        DECLARED.replace("UTF-8", "UTF-16") + OPENED + "{}" + CLOSED,
        DECLARED + "<Error>{}</Error>",
        OPENED + "{}<!--" + CLOSED,
        OPENED + "{}",
        OPENED + ENTRIES[3].format("c", "0", "1") + "{}" + CLOSED,
        OPENED + "{}<Contents/>" + CLOSED,
        OPENED + f'<x:Contents xmlns:x="{SPACE}"/>' + "{}" + CLOSED,
    ],
)
def test_what_only_looks_like_entries_is_read_as_the_parser_reads_it(hidden: str) -> None:
    body = hidden.format(ENTRIES[0].format("c/a", "0", "1")).encode()

    assert as_read(body) == with_a_tree(body)


def test_an_answer_that_grows_when_it_is_parsed_is_no_listing() -> None:
    grows = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10}">' for at in range(1, 12))
    bomb = f'{DECLARED}<!DOCTYPE a [<!ENTITY e0 "xxxxxxxxxx">{grows}]>{OPENED}&e11;{CLOSED}'

    assert as_read(bomb.encode()) is None
