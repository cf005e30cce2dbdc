"""`kops create sshpublickey` (captures 36, 36c)."""

from pathlib import Path

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Store a cluster's SSH public key. Raises KopsFailure for a missing cluster or file."""
    path = flags["ssh-public-key"]
    definitions.load_cluster(ctx, flags["name"])
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise KopsFailure(
            f"error reading SSH public key {path}: open {path}: no such file or directory"
        ) from error
    definitions.store_ssh_key(ctx, flags["name"], text)
    return 0
