"""Reading a cluster from the state store as the cloud side needs it."""

from kled.sandbox.cloud.file_tasks import Definition
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.definition.completed_spec import complete
from kled.sandbox.store import keysets, places
from kled.sandbox.store.places import Place


def definition(ctx: Context, name: str) -> Definition:
    """Return everything that the tasks of a cluster follow from."""
    cluster = definitions.load_cluster(ctx, name)
    groups = definitions.load_groups(ctx, name)
    where = places.of(ctx, cluster)
    documents = {keyset: _find(where.pki, keyset) for keyset in keysets.expected(cluster)}
    stored = {keyset: document for keyset, document in documents.items() if document is not None}
    former = frozenset(keyset for keyset, document in stored.items() if keysets.is_former(document))
    ids = {keyset: str(document["spec"]["primaryId"]) for keyset, document in stored.items()}
    trusted = {
        keyset: keysets.trusted_certificates(document).decode()
        for keyset, document in stored.items()
    }
    return Definition(cluster, groups, ids, trusted, complete(cluster, groups), where, former)


def _find(pki: Place, keyset: str) -> keysets.Keyset | None:
    try:
        return keysets.find(pki, keyset)
    except KopsFailure as failure:
        told = f"deadline exceeded executing task Keypair/{keyset}. Example error: {failure}"
        raise KopsFailure(f"error running tasks: {told}") from failure


def ssh_key(ctx: Context, name: str) -> str | None:
    """Return the admin's public key, None where the cluster has none."""
    keys = definitions.ssh_keys(ctx, name)
    return keys[0][1] if keys else None
