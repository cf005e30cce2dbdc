"""`kops get secrets` (captures 14*, 34f-get-secrets, E14d-get-secrets-before)."""

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.store import keysets
from kled.sandbox.verbs import tables
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print the names of a cluster's secrets; the plaintext of one with -o plaintext.

    Raises `KopsFailure`: no cluster, no secrets, a format that kops has not for secrets.
    """
    name, output = flags["name"], flags["output"]
    secrets = definitions.places_of(ctx, name).secrets
    names = [name for name in secrets.listed() if not args or name in args]
    if not names:
        raise KopsFailure("no secrets found")
    if output == "table":
        ctx.stdout.write(tables.render(("NAME",), [(name,) for name in sorted(names)]))
    elif output == "plaintext":
        for secret in names:
            ctx.out((keysets.find_secret(secrets, secret) or b"").decode())
    elif output in {"json", "yaml"}:
        raise KopsFailure(f"{output} output format is not (currently) supported for secrets")
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0
