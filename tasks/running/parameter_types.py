"""What people give to flows: the types of their parameters, with what Prefect's form checks itself.

A pattern in a parameter's schema lets the server refuse a run when it is started, not a worker some
seconds later; the words of a refusal on the command line are kled's own.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, WithJsonSchema

from kled import durations
from kled.kops.state_store.layout import is_cluster_name
from kled.models.counts import MOST
from kled.models.plan import DIGEST

_CLUSTER: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$"
_GROUP: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
_MACHINE: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$"
_DIGEST: Final = f"^{DIGEST}$"
_ID: Final = r"\d{8}T\d{6}Z-[0-9a-f]{8}"
_URL: Final = r"^(s3|gs|azureblob|file|do|scw|hos|memory)://\S+$|^/\S*$"
_LONGEST: Final = 253


def _cluster(typed: str) -> str:
    if not is_cluster_name(typed):
        raise ValueError(f"{typed!r} is not the name of a cluster, such as c.example.com")
    return typed


def _group(typed: str) -> str:
    if len(typed) > _LONGEST or not re.fullmatch(_GROUP, typed):
        raise ValueError(
            f"{typed!r} is not the name of an instance group: small letters, digits, dashes, dots"
        )
    return typed


def _machine(typed: str) -> str:
    if not re.fullmatch(_MACHINE, typed):
        raise ValueError(f"{typed!r} is neither an instance group nor the id of a machine")
    return typed


def _duration(typed: str) -> str:
    durations.parse(typed)
    return typed


def _digest(typed: str) -> str:
    if not re.fullmatch(_DIGEST, typed):
        raise ValueError(f"{typed!r} is not 12 to 64 hexadecimal digits")
    return typed


def _restorable(typed: str) -> str:
    if typed != "latest" and not re.fullmatch(_ID, typed):
        raise ValueError(f"{typed!r} is neither latest nor an id of kled snapshot list")
    return typed


def _snapshot(typed: str) -> str:
    return typed if typed == "newest" else _restorable(typed)


def _text(pattern: str, **more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, **more})


ClusterName = Annotated[str, AfterValidator(_cluster), _text(_CLUSTER, maxLength=_LONGEST)]
"""A cluster that is there: whatever kops has registered."""
GroupName = Annotated[str, AfterValidator(_group), _text(_GROUP, maxLength=_LONGEST)]
"""An instance group, or the start of its name: `nodes` for `nodes-us-east-1a`."""
GroupOrMachine = Annotated[str, AfterValidator(_machine), _text(_MACHINE, maxLength=_LONGEST)]
Duration = Annotated[str, AfterValidator(_duration), _text(durations.PATTERN)]
"""`90s`, `15m`, `1h30m`; it stays a text, so that a run shows what was given."""
Digest = Annotated[str, AfterValidator(_digest), _text(_DIGEST)]
Restorable = Annotated[str, AfterValidator(_restorable), _text(rf"^(latest|{_ID})$")]
"""A snapshot that a restore may take."""
SnapshotName = Annotated[str, AfterValidator(_snapshot), _text(rf"^(latest|newest|{_ID})$")]
StoreUrl = Annotated[str, _text(_URL)]
"""A state store or a snapshot store."""
Machines = Annotated[int, Field(ge=0, le=MOST)]
"""A number of machines."""
Kept = Annotated[int, Field(ge=0, le=100_000)]
"""A number of snapshots."""
