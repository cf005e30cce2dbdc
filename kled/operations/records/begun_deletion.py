"""A deletion that has begun, on record until it is proved that nothing is left.

`<state-store>/.kled/deletions/<cluster>.json` holds the definition: after the deletion nothing else
tells where in the cloud to look for what may be left.
"""

from typing import Final

from kled.documents import Fields
from kled.models.definition import Definition
from kled.operations.records.record import Record


def _definition_of(fields: Fields, cluster: str) -> Definition:
    groups = tuple(group.as_dict() for group in fields.children("groups"))
    definition = Definition(fields.child("cluster").as_dict(), groups)
    if definition.name != cluster:
        raise ValueError("it holds the definition of another cluster")
    return definition


RECORD: Final[Record[Definition]] = Record(
    "deletions",
    "kled.io/begun-deletion/v1",
    Definition.as_json,
    _definition_of,
    droppable=False,  # without it nobody would look into the cloud, and the proof would say less
    advice="nothing can be proved without it: put the state back with kled snapshot restore"
    " --name={cluster} --snapshot=latest --yes and delete the cluster again, which writes it again;"
    " or look in the cloud for what is tagged KubernetesCluster={cluster}, remove that, and then"
    " remove the object",
)
read, write, forget = RECORD.read, RECORD.write, RECORD.forget
