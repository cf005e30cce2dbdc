"""`kops distrust keypair` and `kops trust keypair` (captures 35e, 35g, 35j)."""

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.store import keysets
from kled.sandbox.verbs.flags import Flags, UsageFailure


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Take a key out of the trusted ones, or back into them.

    Raises `KopsFailure`: no such keyset or key, or the one that signs.
    """
    if not args:
        raise UsageFailure("must specify name of keyset")
    name, distrust = flags["name"], flags["verb"].startswith("distrust")
    pki = definitions.places_of(ctx, name).pki
    for keyset in keysets.names(pki) if args[0] == "all" else args[:1]:
        keysets.note_absent(ctx, pki, keyset)
        document = keysets.find(pki, keyset)
        if document is None:
            raise KopsFailure("keyset not found")
        for key_id in args[1:] or (_older(document) if distrust else []):
            if _mark(ctx, document, key_id, distrust=distrust):
                keysets.store(pki, document)
                ctx.out(f"{'Distrusted' if distrust else 'Trusted'} {keyset} {key_id}")
    return 0


def _older(document: keysets.Keyset) -> list[str]:
    spec = document["spec"]
    ids = [key["id"] for key in spec["keys"] if "distrustTimestamp" not in key]
    return [key_id for key_id in ids if int(key_id) < int(spec["primaryId"])]


def _mark(ctx: Context, document: keysets.Keyset, key_id: str, *, distrust: bool) -> bool:
    spec = document["spec"]
    if distrust and key_id == spec["primaryId"]:
        raise KopsFailure("cannot distrust the primary keypair")
    key = next((key for key in spec["keys"] if key["id"] == key_id), None)
    if key is None:
        raise KopsFailure("keypair not found")
    if ("distrustTimestamp" in key) == distrust:
        return False
    if distrust:
        key["distrustTimestamp"] = ctx.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        del key["distrustTimestamp"]
    return True
