"""`kops create secret dockerconfig|encryptionconfig|ciliumpassword` (captures 34 to 34e)."""

import json
from pathlib import Path

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.store import keysets
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Store a secret from a file; --force replaces one that is there.

    Raises `KopsFailure`: no such cluster or file, there already, or no JSON where JSON is due.
    """
    name, secret, path = flags["name"], flags["verb"].split()[-1], flags["filename"]
    secrets = definitions.places_of(ctx, name).secrets
    try:
        data = ctx.stdin.read().encode() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise KopsFailure(
            f"reading {_SPOKEN[secret]} {path}: open {path}: no such file or directory"
        ) from error
    if flags["verb"].endswith("dockerconfig"):
        try:
            json.loads(data)
        except ValueError as error:
            raise KopsFailure(f"unable to parse JSON {path}: {error}") from error
    if not flags["force"] and keysets.find_secret(secrets, secret) is not None:
        raise KopsFailure(
            f"failed to create the {secret} secret as it already exists. "
            "Pass the `--force` flag to replace an existing secret"
        )
    keysets.store_secret(secrets, secret, data)
    return 0


_SPOKEN = {
    "dockerconfig": "Docker config",
    "encryptionconfig": "encryption config",
    "ciliumpassword": "Cilium password",
}
