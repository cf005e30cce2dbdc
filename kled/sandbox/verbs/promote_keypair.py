"""`kops promote keypair` (capture 35c): the newest trusted key, or the named one, signs now."""

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.store import keysets
from kled.sandbox.store.places import Place
from kled.sandbox.verbs.create_keypair import rotatable
from kled.sandbox.verbs.flags import Flags, UsageFailure


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Promote a key of one keyset or of all.

    Raises `KopsFailure`: no such keyset or key, or one that is distrusted.
    """
    if not args:
        raise UsageFailure("must specify name of keyset promote keypair in")
    if not rotatable(args[0]):
        raise KopsFailure(f'promoting keypairs for "{args[0]}" is not supported')
    name = flags["name"]
    pki = definitions.places_of(ctx, name).pki
    for keyset in keysets.names(pki) if args[0] == "all" else args[:1]:
        _promote(ctx, pki, keyset, args[1] if len(args) > 1 else "")
    return 0


def _promote(ctx: Context, pki: Place, keyset: str, key_id: str) -> None:
    keysets.note_absent(ctx, pki, keyset)
    document = keysets.find(pki, keyset)
    if document is None:
        raise KopsFailure("keyset not found")
    spec = document["spec"]
    trusted = {key["id"]: "distrustTimestamp" not in key for key in spec["keys"]}
    if not key_id:
        key_id = max((key for key, good in trusted.items() if good), key=int)
        if key_id == spec["primaryId"]:
            ctx.out(f"No {keyset} keypair newer than current primary {key_id}")
            return
    if key_id not in trusted:
        raise KopsFailure("keypair not found")
    if not trusted[key_id]:
        raise KopsFailure("keypair is distrusted")
    spec["primaryId"] = key_id
    keysets.store(pki, document)
    ctx.out(f"Promoted {keyset} {key_id}")
