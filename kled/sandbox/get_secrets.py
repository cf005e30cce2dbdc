"""`kops get secrets` (captures 14*, 34f, 34g, E14d, E17, S10)."""

from kled.sandbox import definitions, keysets, tables
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print the names of secrets, or with -o plaintext their values.

    Raises:
        KopsFailure: none, no such cluster, or a format that kops does not have for secrets.
    """
    name, output = flags["name"], flags["output"]
    definitions.load_cluster(ctx, name)
    stored = keysets.secret_names(ctx, name)
    found = [secret for secret in stored if not args or secret in args]
    if not found:
        raise KopsFailure("no secrets found")
    if output in {"yaml", "json"}:
        raise KopsFailure(f"{output} output format is not (currently) supported for secrets")
    if output == "table":
        ctx.stdout.write(tables.render(("NAME",), [(secret,) for secret in found]))
    elif output == "plaintext":
        for secret in found:
            ctx.out((keysets.find_secret(ctx, name, secret) or b"").decode())
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0
