"""`kops create -f` (captures 38g, 38h, 38m, C14-*, E10*): definitions are stored, nothing else."""

from kled.sandbox.cloud import clouds
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, manifests, validation
from kled.sandbox.definition.definitions import Document
from kled.sandbox.definition.new_cluster import cloud_of
from kled.sandbox.verbs.flags import Flags, help_text


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Store the documents of the files, in their order; what came before a faulty one stays.

    Raises `KopsFailure`: unreadable, there already, or without its cluster.
    """
    if not flags["filename"]:
        ctx.stdout.write(help_text(("create",)))
        return 0
    told, name = [""], ""
    for document in manifests.documents(ctx, flags["filename"]):
        kind = document["kind"]
        if kind == "Cluster":
            _create_cluster(ctx, document)
            told.append(f"Created cluster/{document['metadata']['name']}")
            continue
        name = manifests.cluster_of(document, "create")
        if kind == "InstanceGroup":
            _create_group(ctx, name, document)
            told.append(f"Created instancegroup/{document['metadata']['name']}")
        else:
            definitions.store_ssh_key(ctx, name, document["spec"]["publicKey"])
            told.append("Added ssh credential")
    told += ["", f"To deploy these resources, run: kops update cluster --name {name} --yes", ""]
    ctx.out("\n".join(told))
    return 0


def _create_cluster(ctx: Context, document: Document) -> None:
    name, spec = document["metadata"]["name"], document["spec"]
    zones = [subnet.get("zone", "") for subnet in spec["subnets"]]
    clouds.check_credentials(ctx, cloud_of(document), zones, spec.get("project", ""))
    if definitions.find_cluster(ctx, name) is not None:
        where = f"{ctx.store.url}/{name}/config"
        text = f"failed to create file as already exists: {where}"
        ctx.log("W", "commonvfs.go:171", text)
        raise KopsFailure("error creating cluster: file already exists")
    try:
        validation.check(ctx, document, [])
    except KopsFailure as failure:
        raise KopsFailure(f"error creating cluster: {failure}") from failure
    definitions.store_cluster(ctx, document)


def _create_group(ctx: Context, name: str, document: Document) -> None:
    if definitions.find_cluster(ctx, name) is None:
        raise KopsFailure(
            f'error querying cluster "{name}": Cluster.kops.k8s.io "{name}" not found'
        )
    if definitions.find_group(ctx, name, document["metadata"]["name"]) is not None:
        raise KopsFailure("error creating instanceGroup: file already exists")
    definitions.store_group(ctx, name, document)
