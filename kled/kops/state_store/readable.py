"""Whether kops can read a stored definition: what is wrong with one object by itself.

Pure; whatever the bytes are, it only says so.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from kled import yaml_text
from kled.errors import TextUnreadable
from kled.kops.facts import api_versions
from kled.kops.fields import types

Kind = Literal["Cluster", "InstanceGroup"]


def document(key: str, body: bytes, kind: Kind) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Return the document at `key`, None where it is no such one, and why kops cannot read it.

    The words begin with the key.
    """
    try:
        parsed = yaml_text.document(body)
    except TextUnreadable as error:
        return None, (f"{key} is no {kind}: {error.message}",)
    if not isinstance(parsed, dict) or parsed.get("kind") != kind:
        return None, (f"{key} is no {kind}",)
    return parsed, tuple(_problems(key, body, kind, parsed))


def _problems(key: str, body: bytes, kind: Kind, document: Mapping[str, Any]) -> Iterator[str]:
    yield from api_versions.findings(key, body, document)
    if document.get("apiVersion") in api_versions.WITH_THESE_FIELDS:
        yield from (
            f"{key}: {problem}, and kops reads nothing else"
            for problem in types.wrong(kind, document)
        )
