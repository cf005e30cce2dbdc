"""`kops replace -f` (captures 38-replace to 38d, 38l)."""

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, manifests, validation
from kled.sandbox.definition.definitions import Document
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Store the documents of the files over what is there; with --force also what is not.

    Raises `KopsFailure`: unreadable, refused, or not there.
    """
    for document in manifests.documents(ctx, flags["filename"]):
        if document["kind"] == "Cluster":
            _cluster(ctx, document, force=flags["force"])
        elif document["kind"] == "InstanceGroup":
            _group(ctx, document, force=flags["force"])
        else:
            name = manifests.cluster_of(document, "replace")
            definitions.store_ssh_key(ctx, name, document["spec"]["publicKey"])
    return 0


def _cluster(ctx: Context, document: Document, *, force: bool) -> None:
    name = document["metadata"]["name"]
    old = definitions.find_cluster(ctx, name)
    if old is None and not force:
        raise KopsFailure(f"cluster {name} does not exist (try adding --force flag)")
    try:
        validation.check_version(ctx, document)
        validation.check(ctx, document, [])
    except KopsFailure as failure:
        raise KopsFailure(f"error replacing cluster: {failure}") from failure
    if old is not None and (faults := validation.update_faults(document)):
        raise KopsFailure(f"error replacing cluster: {validation.aggregate(faults)}")
    fresh = document if old is None else definitions.next_generation(old, document)
    definitions.store_cluster(ctx, fresh)


def _group(ctx: Context, document: Document, *, force: bool) -> None:
    name, group = manifests.cluster_of(document, "replace"), document["metadata"]["name"]
    cluster = definitions.find_cluster(ctx, name)
    if cluster is None:
        raise KopsFailure(f'cluster "{name}" not found')
    old = definitions.find_group(ctx, name, group)
    if old is None and not force:
        raise KopsFailure(f"instanceGroup: {group} does not exist (try adding --force flag)")
    faults = validation.group_faults(document)
    if faults:
        raise KopsFailure(f"error replacing instanceGroup: {', '.join(faults)}")
    if old is None:
        text = f"instanceGroup: {group} was not found, creating resource now"
        ctx.log("I", "replace.go:186", text)
        definitions.store_group(ctx, name, document)
    else:
        definitions.store_group(ctx, name, definitions.next_generation(old, document))
