"""`kops get sshpublickeys` (captures 16*)."""

import json

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, yaml_form
from kled.sandbox.verbs import tables
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Print the fingerprints of a cluster's SSH public keys.

    Raises `KopsFailure`: none, no such cluster, or an unknown output format.
    """
    name, output = flags["name"], flags["output"]
    definitions.load_cluster(ctx, name)
    keys = definitions.ssh_keys(ctx, name)
    items = [{"id": _colons(digest), "publicKey": text.strip()} for digest, text in keys]
    if output == "table":
        if not items:
            raise KopsFailure("no SSH public key found")
        ctx.stdout.write(tables.render(("ID",), [(item["id"],) for item in items]))
    elif output == "json":
        ctx.stdout.write(json.dumps(items, separators=(",", ":")))
    elif output == "yaml":
        ctx.stdout.write(yaml_form.dump(items))
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0


def _colons(digest: str) -> str:
    return ":".join(digest[index : index + 2] for index in range(0, len(digest), 2))
