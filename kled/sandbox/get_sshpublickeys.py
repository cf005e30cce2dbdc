"""`kops get sshpublickeys` (captures 16-get-sshpublickeys, 16b-get-sshpublickeys-json)."""

import json

from kled.sandbox import definitions, tables
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print the fingerprint of a cluster's SSH public key.

    Raises:
        KopsFailure: no such cluster, none stored, an unknown output format.
    """
    name, output = flags["name"] or next(iter(args), ""), flags["output"]
    definitions.load_cluster(ctx, name)
    keys = [(_colons(key), text) for key, text in definitions.ssh_keys(ctx, name)]
    if not keys:
        raise KopsFailure("no SSH public key found")
    if output == "table":
        ctx.stdout.write(tables.render(("ID",), [(key,) for key, _ in keys]))
    elif output == "json":
        rows = [{"id": key, "public": text} for key, text in keys]
        ctx.stdout.write(json.dumps(rows, separators=(",", ":")))
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0


def _colons(fingerprint: str) -> str:
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2))
