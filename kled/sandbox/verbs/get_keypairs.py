"""`kops get keypairs` (captures 15*, 35b, 35d, 35f, E14c)."""

import base64
import json
from typing import Any

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, yaml_form
from kled.sandbox.store import keysets, places
from kled.sandbox.store.places import Place
from kled.sandbox.verbs import tables
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print the keys of all keysets, or of those that are named; distrusted ones with --distrusted.

    Raises `KopsFailure`: none, no such cluster, or an unknown output format.
    """
    name, output = flags["name"], flags["output"]
    cluster = definitions.find_cluster(ctx, name)
    if cluster is None:
        raise KopsFailure(f'Cluster.kops.k8s.io "{name}" not found')
    pki = places.of(ctx, cluster).pki
    items = [
        item
        for keyset, document in _readable(ctx, pki).items()
        if not args or keyset in args
        for item in _items(keyset, document)
        if flags["distrusted"] or "distrustTimestamp" not in item
    ]
    if not items:
        raise KopsFailure("no keypairs found")
    if output == "table":
        ctx.stdout.write(_table(items, distrusted=flags["distrusted"]))
    elif output == "json":
        ctx.stdout.write(json.dumps(items, separators=(",", ":")))
    elif output == "yaml":
        ctx.stdout.write(yaml_form.dump(items))
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0


def _readable(ctx: Context, pki: Place) -> dict[str, keysets.Keyset]:
    """Return the keysets by name; one that is damaged is left out with a warning (N-ca-bad-*)."""
    documents = {}
    for keyset in keysets.names(pki):
        try:
            document = keysets.load(pki, keyset)
        except KopsFailure as failure:
            ctx.log("W", "vfs_castore.go:185", f'ignoring keyset "{keyset}": {failure}')
            continue
        if document is not None:
            documents[keyset] = document
    return documents


def _items(keyset: str, document: keysets.Keyset) -> list[dict[str, Any]]:
    from kled.sandbox.store.certificates import describe  # noqa: PLC0415 - slow to import

    spec = document["spec"]
    items = []
    for key in spec["keys"]:
        item: dict[str, Any] = {"name": keyset, "id": key["id"]}
        if "distrustTimestamp" in key:
            item["distrustTimestamp"] = key["distrustTimestamp"]
        if key["id"] == spec["primaryId"]:
            item["isPrimary"] = True
        item |= describe(base64.b64decode(key["publicMaterial"]))
        items.append(item | {"hasPrivateKey": True})
    return items


def _table(items: list[dict[str, Any]], *, distrusted: bool) -> str:
    extra = ("DISTRUSTED",) if distrusted else ()
    header = ("NAME", "ID", "ISSUED", "EXPIRES", *extra, "PRIMARY", "HASPRIVATE")
    rows = [
        (
            item["name"],
            item["id"],
            item["notBefore"][:10],
            item["notAfter"][:10],
            *((item.get("distrustTimestamp", "")[:10],) if distrusted else ()),
            "*" if item.get("isPrimary") else "",
            "*",
        )
        for item in items
    ]
    return tables.render(header, rows)
