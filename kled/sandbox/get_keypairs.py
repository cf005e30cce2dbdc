"""`kops get keypairs` (captures 15*, 35b-get-keypairs, E14c-get-keypairs-before)."""

import base64
import json
from typing import Any

from kled.sandbox import definitions, keysets, tables
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.flags import Flags

_HEADER = ("NAME", "ID", "ISSUED", "EXPIRES", "PRIMARY", "HASPRIVATE")


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print a cluster's keypairs; distrusted ones only with --distrusted.

    Raises:
        KopsFailure: no cluster, no keypairs, an unknown output format.
    """
    name, output = flags["name"], flags["output"]
    definitions.load_cluster(ctx, name)
    wanted = [one for one in keysets.names(ctx, name) if not args or one in args]
    rows = [
        row
        for keyset in wanted
        for row in _rows(ctx, name, keyset)
        if flags["distrusted"] or "distrustTimestamp" not in row
    ]
    if not rows:
        raise KopsFailure("no keypairs found")
    if output == "table":
        ctx.stdout.write(tables.render(_HEADER, sorted(_cells(row) for row in rows)))
    elif output == "json":
        ctx.stdout.write(json.dumps(rows, separators=(",", ":")))
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0


def _rows(ctx: Context, name: str, keyset: str) -> list[dict[str, Any]]:
    document = keysets.find(ctx, name, keyset)
    if document is None:
        return []
    spec = document["spec"]
    return [_row(keyset, key, primary=key["id"] == spec["primaryId"]) for key in spec["keys"]]


def _row(keyset: str, key: dict[str, str], *, primary: bool) -> dict[str, Any]:
    from cryptography import x509  # noqa: PLC0415 - slow to import

    certificate = x509.load_pem_x509_certificate(base64.b64decode(key["publicMaterial"]))
    row: dict[str, Any] = {"name": keyset, "id": key["id"]}
    if "distrustTimestamp" in key:
        row["distrustTimestamp"] = key["distrustTimestamp"]
    if primary:
        row["isPrimary"] = True
    return row | {
        "subject": f"CN={keyset}",
        "issuer": f"CN={keyset}",
        "isCA": True,
        "notBefore": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "notAfter": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "keyLength": certificate.public_key().key_size,  # type: ignore[union-attr]
        "hasPrivateKey": bool(key.get("privateMaterial")),
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["name"],
        row["id"],
        row["notBefore"][:10],
        row["notAfter"][:10],
        "*" if row.get("isPrimary") else "",
        "*" if row["hasPrivateKey"] else "",
    )
