"""Files of `create -f` and `replace -f`: their documents, and what kops says of faulty ones.

Captures E10, E10b, E10c; unknown fields are dropped unasked (38l-replace-unknown-field).
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, schema, yaml_form
from kled.sandbox.definition.definitions import CLUSTER_LABEL, Document
from kled.sandbox.definition.go_types import GoTypeError

_KINDS = frozenset({"Cluster", "InstanceGroup", "SSHCredential"})
_SCHEME = 'in scheme "pkg/runtime/scheme.go:111"'


def documents(ctx: Context, names: list[str]) -> Iterator[Document]:
    """Yield the documents of the files in turn; `-` is stdin.

    Raises `KopsFailure`: a file is missing, is no YAML, or holds something that kops does not know.
    """
    for name in names:
        for section in _text(ctx, name).split("\n---\n"):
            document = _parsed(name, section)
            if document is not None:
                yield document


def cluster_of(document: Document, verb: str) -> str:
    """Return the cluster that a document's label names.

    Raises `KopsFailure`: it has no such label.
    """
    name = document["metadata"].get("labels", {}).get(CLUSTER_LABEL)
    if not name:
        kind = {"InstanceGroup": "instanceGroup"}.get(document["kind"], document["kind"])
        raise KopsFailure(
            f'must specify "{CLUSTER_LABEL}" label with cluster name to {verb} {kind}'
        )
    return str(name)


def _text(ctx: Context, name: str) -> str:
    if name == "-":
        return ctx.stdin.read()
    try:
        return Path(name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise KopsFailure(f'error reading file "{name}": file does not exist') from error


def _parsed(name: str, section: str) -> Document | None:
    base = f'error parsing file "{name}": '
    try:
        document = yaml_form.load(section)
        if document is None:
            return None
        if isinstance(document, dict) and isinstance(document.get("kind"), str):
            _refuse_kind(document)
        document = definitions.typed(document)
    except (yaml.YAMLError, GoTypeError) as error:
        raise KopsFailure(f"{base}{error}") from error
    return document if document["kind"] == "SSHCredential" else schema.drop_unknown(document)


def _refuse_kind(document: Document) -> None:
    kind = document["kind"]
    if kind and kind not in _KINDS:
        version = document.get("apiVersion", "")
        raise GoTypeError(f'no kind "{kind}" is registered for version "{version}" {_SCHEME}')
