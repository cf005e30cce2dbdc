"""Listings of S3 buckets, and whether what S3 is said to have answered is its answer.

boto3 spends a tenth of a millisecond on each entry of an answer, which for a state store with the
backups of 200 etcds is half a minute. So objects are listed by `s3_requests` and read by `s3_page`;
versions, which are listed seldom, are boto3's.

boto3 reads any XML, and finds nothing in what is of another kind: a portal's page is an empty
bucket to it. So the root of every answer that kled relies on is looked at first, in boto3's event
`before-parse`, which it documents nowhere: a test tells when it is gone, and without it every
listing of versions is an error.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from kled.errors import StoreError
from kled.storage.base import Entry, Version
from kled.storage.pages import Pages, came_instead, local_name
from kled.storage.s3.page import Page

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHECKED: Final = "KledChecked"
_LOOKED_AT: Final = frozenset({200, 500})
"""500 is what boto3 makes of a 200 whose body is no XML, where it sees it before kled."""
_ROOTS: Final = {
    "ListObjectVersions": "ListVersionsResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
}
_ERROR: Final = "Error"
"""What S3 may answer with status 200, too; boto3 knows that."""
_DISORDER: Final = (
    "directory buckets (S3 Express) and some gateways list in no order: name a general purpose"
    " bucket"
)


def entries(
    ask: Callable[[Mapping[str, str]], Page], where: str, below: str, prefix: str, start_after: str
) -> Iterator[Entry]:
    """Yield the entries below `below`, which their keys do not show, in byte order.

    `ask` returns the answer to ListObjectsV2 with these parameters of its query; `where` names the
    bucket for the words of errors. Markers of directories are left out. Raises what `ask` raises,
    and as `Pages` does for an answer that is no page of this listing.
    """
    asked = {"prefix": below + prefix, "encoding-type": "url"}
    if start_after:
        asked["start-after"] = below + start_after
    pages = Pages(where, below + prefix, asked.get("start-after", ""), disorder=_DISORDER)
    while True:
        objects, token = parsed(ask(asked), below, pages)
        yield from objects
        if token is None:
            return
        asked["continuation-token"] = pages.go_on(token)


def versions(client: "S3Client", bucket: str, below: str, prefix: str) -> Iterator[Version]:
    """Yield all versions below `below` in the order of the keys, newest first for each.

    Raises as `entries` does.
    """
    where = _where(client, bucket, below + prefix)
    watched = Pages(where, below + prefix, repeats=True, disorder=_DISORDER)
    asked: dict[str, Any] = {"Bucket": bucket, "Prefix": below + prefix}
    while True:
        page: Any = client.list_object_versions(**asked)
        if _CHECKED not in page:
            raise _unwatched(where)
        versions: list[Any] = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        # versions and markers of one key come as two lists: only their times put them in order
        versions.sort(key=lambda version: version["LastModified"], reverse=True)
        versions.sort(key=lambda version: (version["Key"].encode(), not version["IsLatest"]))
        watched.take([version["Key"] for version in versions])
        for version in versions:
            yield Version(
                version["Key"].removeprefix(below),
                version["VersionId"],
                version.get("ETag", ""),
                version.get("Size", 0),
                version["LastModified"],
                latest=version["IsLatest"],
                deleted="ETag" not in version,
            )
        after = page.get("NextKeyMarker"), page.get("NextVersionIdMarker")
        if not page.get("IsTruncated"):
            return
        if not after[0]:
            watched.refuse("a page says that more follow, and does not name the next one")
        watched.go_on(f"{after[0]}\0{after[1]}")
        asked["KeyMarker"] = after[0]
        if after[1]:
            asked["VersionIdMarker"] = after[1]


def take_over(client: "S3Client", bucket: str) -> None:
    """Let the client's answers be looked at, and refuse what S3 never says.

    Without it `versions` refuses every listing. `bucket` is for the words of errors.
    """
    look = partial(_look, f"s3://{bucket} at {client.meta.endpoint_url}")
    # `*` for S3, whose client it is: among what is registered with as many parts of a name, boto3
    # calls first what has its `*` earlier, and its own, which sees errors only, `before-parse.s3.*`
    for operation in _ROOTS:
        client.meta.events.register(f"before-parse.*.{operation}", look)


def _look(
    where: str,
    operation_model: Any,  # noqa: ANN401 - botocore has no types
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,  # noqa: ANN401 - what else botocore hands to its hooks
) -> None:
    """Require the root of the answer."""
    if response_dict["status_code"] not in _LOOKED_AT:
        return
    operation, body = operation_model.name, response_dict["body"]
    try:
        root = ET.fromstring(body.lstrip())  # noqa: S314 - expat limits expansion
    except ET.ParseError:
        root = ET.Element("")
    if local_name(root) == _ERROR:
        return
    if local_name(root) != _ROOTS[operation]:
        kind = str(response_dict["headers"].get("content-type", ""))
        raise came_instead(where, f"<{_ROOTS[operation]}>", body, kind)
    customized_response_dict[_CHECKED] = True


def parsed(page: Page, below: str, pages: Pages) -> tuple[list[Entry], str | None]:
    """Read an answer to ListObjectsV2; return its entries, and the token of the next page, if any.

    Raises as `Pages` does, and `StoreError` where it does not say whether it is the last page, or
    says it in two ways.
    """
    root = page.root
    space = root.tag[: root.tag.find("}") + 1]
    encoded = root.findtext(f"{space}EncodingType") == "url"
    objects, names = [], []
    try:
        for told, time, tag, length in page.rows:
            size = int(length)
            key = _decoded(told) if encoded else told
            names.append(key)
            if size or not key.endswith("/"):
                objects.append(Entry(key[len(below) :], size, tag, datetime.fromisoformat(time)))
    except ValueError as error:
        pages.refuse(f"an entry of the listing cannot be read: {error}")
    if not all(names) or not all(entry.tag for entry in objects):
        pages.refuse("an entry of the listing cannot be read: it lacks its key or its ETag")
    pages.take(names)
    _require_all(root, space, len(names), pages)
    return objects, _next_token(root, space, pages)


def _next_token(root: ET.Element, space: str, pages: Pages) -> str | None:
    token = root.findtext(f"{space}NextContinuationToken")
    truncated = root.findtext(f"{space}IsTruncated")
    if truncated not in {"true", "false"}:
        pages.refuse("a page does not say whether more follow")
    if truncated == "true" and not token:
        pages.refuse("a page says that more follow, and does not name the next one")
    if truncated == "false" and token:
        pages.refuse("a page says that it is the last one, and names a next one")
    return token or None


def _require_all(root: ET.Element, space: str, number: int, pages: Pages) -> None:
    """Refuse a page that lost entries on its way: it says how many it was sent with."""
    told = root.findtext(f"{space}KeyCount") or ""
    if told.isdecimal() and int(told) > number:
        pages.refuse(f"a page says that it holds {told} entries, and holds {number}")


def _unwatched(where: str) -> StoreError:
    return StoreError(
        f"{where}: this botocore does not let kled look at its answers",
        hint="install the botocore that kled was released with (its requirements name it)",
    )


def _where(client: "S3Client", bucket: str, prefix: str) -> str:
    return f"s3://{bucket}/{prefix} at {client.meta.endpoint_url}"


def _decoded(key: str) -> str:
    """Undo the URL-encoding; what etcd's backups are full of without the slow general way."""
    key = key.replace("%2F", "/").replace("%3A", ":")
    # a key that is no UTF-8 stays what it is: with replacement characters it would be another one
    return unquote_plus(key, errors="surrogateescape") if "%" in key or "+" in key else key
