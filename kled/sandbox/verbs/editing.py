"""The editor loop that `kops edit` runs (captures 30d to 30h), for clusters and instance groups."""

import json
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from kled.process import interactive
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, schema, yaml_form
from kled.sandbox.definition.definitions import Document
from kled.sandbox.definition.go_types import GoTypeError

_HEADER = """# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""


def edit(ctx: Context, document: Document, store: Callable[[Document], str]) -> int:
    """Open the document in $KUBE_EDITOR or $EDITOR until `store` accepts it, which returns "" then.

    An edit that is not stored is never lost: its file stays, and stdout names it.

    Raises `KopsFailure`: the editor failed, the text cannot be read, or nothing valid was saved.
    """
    raw = text = yaml_form.dump(document)
    failure = ""
    while True:
        path = _launch(ctx, _HEADER + (f"# {failure}\n#\n" if failure else "") + text)
        before, text = text, _stripped(path.read_text(encoding="utf-8"))
        if failure and text == before:
            raise _kept(ctx, path, "Edit cancelled: no valid changes were saved.")
        if text == raw or not text.strip():
            path.unlink()
            reason = "no changes made." if text == raw else "saved file was empty."
            ctx.out(f"Edit cancelled: {reason}")
            return 0
        failure = store(_parsed(ctx, path, text, str(document["kind"])))
        if not failure:
            path.unlink()
            return 0


def _launch(ctx: Context, text: str) -> Path:
    command = ctx.env.get("KUBE_EDITOR") or ctx.env.get("EDITOR") or "vi"
    with tempfile.NamedTemporaryFile(
        "w",
        encoding="utf-8",
        prefix="kops-edit-",
        suffix="yaml",
        delete=False,
        dir=ctx.env.get("TMPDIR"),
    ) as file:
        file.write(text)
    if interactive([*shlex.split(command), file.name], env=ctx.env) != 0:
        Path(file.name).unlink(missing_ok=True)
        raise KopsFailure(
            f'error launching editor: there was a problem with the editor "{command}"'
        )
    return Path(file.name)


def _parsed(ctx: Context, path: Path, text: str, kind: str) -> Document:
    what = "config" if kind == "Cluster" else kind
    try:
        read = yaml_form.load(text)
        twice = yaml_form.duplicate(text)
        document: Document = {} if twice else definitions.typed(read)
    except RecursionError as error:
        told = f"error parsing {what}: yaml: exceeded max depth of 10000"
        raise _kept(ctx, path, told) from error
    except (yaml.YAMLError, GoTypeError) as error:
        raise _kept(ctx, path, f"error parsing {what}: {error}") from error
    if twice is not None:
        line, name = twice
        doubled = json.dumps({f"line {line}": f'key "{name}" already set in map'})
        told = f"error parsing {what}: Object 'Kind' is missing in '{doubled}'"
        raise _kept(ctx, path, told.replace('": "', '":"'))
    if document["kind"] != kind:
        raise _kept(
            ctx, path, f"error parsing config: object was not of expected type: *kops.{kind}"
        )
    unknown = schema.unknown_fields(document)
    if unknown:
        raise _kept(ctx, path, "Edit cancelled: no valid changes were saved.")
    return document


def _kept(ctx: Context, path: Path, message: str) -> KopsFailure:
    ctx.out(f'A copy of your changes has been stored to "{path}"')
    return KopsFailure(message)


def _stripped(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(line for line in lines if not line.strip().startswith("#"))
