"""Reading a cluster from the state store as the cloud side needs it."""

from kled.sandbox import definitions, yaml_form
from kled.sandbox.completed_spec import complete
from kled.sandbox.context import Context
from kled.sandbox.file_tasks import KEYPAIRS, Definition


def definition(ctx: Context, name: str) -> Definition:
    """Return everything that the tasks of a cluster follow from."""
    cluster = definitions.load_cluster(ctx, name)
    groups = definitions.load_groups(ctx, name)
    return Definition(cluster, groups, _keypair_ids(ctx, name), complete(cluster, groups))


def ssh_key(ctx: Context, name: str) -> str | None:
    """Return the admin's public key, None where the cluster has none."""
    keys = definitions.ssh_keys(ctx, name)
    return keys[0][1] if keys else None


def _keypair_ids(ctx: Context, name: str) -> dict[str, str]:
    ids = {}
    for keypair in KEYPAIRS:
        body = ctx.store.read(f"{name}/pki/private/{keypair}/keyset.yaml")
        if body is not None:
            ids[keypair] = str(yaml_form.load(body.decode())["spec"].get("primaryId", ""))
    return ids
