"""An open scale-down on record: what the group's owner had suspended, and which machines go.

`<state-store>/.kled/scales/<cluster>.json`, written by the holder of the cluster's lease alone. It
exists from before the group is held back until it may launch again, so that the next run after a
kill gives the group back what its owner had set.
"""

from dataclasses import asdict, dataclass
from typing import Final

from kled.documents import Fields
from kled.operations.records.record import Record


@dataclass(frozen=True, slots=True)
class OpenScaleDown:
    """A scale-down that has not ended."""

    instance_group: str
    suspended: tuple[str, ...]
    """The processes that the group's owner had suspended before."""
    minimum: int
    maximum: int
    """The wanted final bounds."""
    chosen: tuple[str, ...] = ()
    """Nodes that go, and that nobody had cordoned before."""
    ended: tuple[str, ...] = ()
    """Ids of deleted machines, which the cloud may list for a while."""
    minimum_before: int | None = None
    maximum_before: int | None = None
    """The earlier bounds in the cloud; None where an earlier version of kled began it."""


def _open_scale_down_of(fields: Fields, _cluster: str) -> OpenScaleDown:
    return OpenScaleDown(
        fields.text("instance_group"),
        fields.texts("suspended"),
        fields.whole("minimum"),
        fields.whole("maximum"),
        fields.texts("chosen") if "chosen" in fields else (),
        fields.texts("ended") if "ended" in fields else (),
        fields.whole("minimum_before") if "minimum_before" in fields else None,
        fields.whole("maximum_before") if "maximum_before" in fields else None,
    )


RECORD: Final[Record[OpenScaleDown]] = Record(
    "scales",
    "kled.io/scale/v1",
    asdict,
    _open_scale_down_of,
    droppable=False,  # without it a group would stay held back, its nodes cordoned, and nobody know
    advice="a scale-down of {cluster} was interrupted: uncordon its nodes (kled kops export-kubecfg"
    " --name={cluster} --kubeconfig=./kubeconfig-{cluster}, then kubectl"
    " --kubeconfig=./kubeconfig-{cluster} get nodes, and uncordon NODE in place of get nodes),"
    " compare minSize, maxSize and suspendProcesses of its groups with what you"
    " want (kled kops edit-instance-group --name={cluster} --instance-group=GROUP), then remove"
    " the object",
)
read, write, forget = RECORD.read, RECORD.write, RECORD.forget
