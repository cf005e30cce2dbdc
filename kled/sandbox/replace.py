"""`kops replace -f` (captures 38-replace, 38c-replace-missing, 38d-replace-force-missing)."""

from pathlib import Path

import yaml

from kled.sandbox import definitions, yaml_form
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definitions import CLUSTER_LABEL, Document
from kled.sandbox.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Store the documents of the files, the clusters among them first as they stand.

    Raises:
        KopsFailure: no file, a file that is missing or no YAML, a cluster that is not there and
        no --force.
    """
    if args or not flags["filename"]:
        raise KopsFailure("must specify -f to replace")
    for file in flags["filename"]:
        for document in _documents(ctx, file):
            _store(ctx, document, force=bool(flags["force"]))
    return 0


def _documents(ctx: Context, file: str) -> list[Document]:
    try:
        text = ctx.stdin.read() if file == "-" else Path(file).read_text()
        return [one for one in yaml_form.load_all(text) if one]
    except FileNotFoundError as error:
        raise KopsFailure(f'error reading file "{file}": file does not exist') from error
    except yaml.YAMLError as error:
        raise KopsFailure(f'error parsing file "{file}": yaml: {error}') from error


def _store(ctx: Context, document: Document, *, force: bool) -> None:
    kind, name = document.get("kind"), document["metadata"]["name"]
    if kind == "Cluster":
        if definitions.find_cluster(ctx, name) is None and not force:
            raise KopsFailure(f"cluster {name} does not exist (try adding --force flag)")
        definitions.store_cluster(ctx, document)
    elif kind == "InstanceGroup":
        cluster = document["metadata"].get("labels", {}).get(CLUSTER_LABEL)
        if not cluster:
            raise KopsFailure(f'must specify "{CLUSTER_LABEL}" label with cluster name to replace')
        if definitions.find_group(ctx, cluster, name) is None:
            ctx.log("I", "replace.go:186", _NOT_FOUND.format(name))
        definitions.store_group(ctx, cluster, document)
    else:
        raise KopsFailure(f'unhandled kind "{kind}" in the file')


_NOT_FOUND = "instanceGroup: {} was not found, creating resource now"
