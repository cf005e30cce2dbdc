"""`kops create keypair` (captures 35, 35h, 35i): a further key in a keyset, for rotation."""

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.store import keysets
from kled.sandbox.verbs.flags import Flags, UsageFailure

_ROTATABLE = frozenset({"all", "apiserver-aggregator-ca", "kubernetes-ca", "service-account"})


def rotatable(keyset: str) -> bool:
    """Tell whether kops rotates this keyset."""
    return keyset in _ROTATABLE or keyset.startswith("etcd-")


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Add a key to one keyset or to all; it signs nothing until it is promoted.

    Raises `KopsFailure`: a keyset that kops does not rotate, or no such cluster.
    """
    from kled.sandbox.store.certificates import issue_authority, key_bits  # noqa: PLC0415 - slow

    if not args:
        raise UsageFailure("must specify name of keyset to add keypair to")
    if not rotatable(args[0]):
        raise KopsFailure(f'adding keypair to "{args[0]}" is not supported')
    name = flags["name"]
    pki = definitions.places_of(ctx, name).pki
    for keyset in keysets.names(pki) if args[0] == "all" else args[:1]:
        keysets.note_absent(ctx, pki, keyset)
        document = keysets.find(pki, keyset)
        if document is None:
            raise KopsFailure("the first keypair added to a keyset must be primary")
        made = issue_authority(keyset, ctx.now(), key_bits(ctx.env), rotated=True)
        document["spec"]["keys"].append(keysets.key_entry(made.serial, made.certificate, made.key))
        if flags["primary"]:
            document["spec"]["primaryId"] = str(made.serial)
        keysets.store(pki, document)
        ctx.out(f"Created {keyset} {made.serial}")
    return 0
