"""What a cluster's definition implies: the tasks that kops would find, create or change.

A task's fields stand in kops' order and in kops' own rendering (captures 02b and 50), because the
preview prints them and the cloud stores them: drift is a field that no longer reads the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kled.sandbox.store.places import Place


class Where(Enum):
    """Which side holds what a task makes."""

    REGION = "region"
    GLOBAL = "global"
    STORE = "store"


@dataclass(frozen=True)
class Task:
    """One thing that must be: `kind/name` with its fields, or an object in the state store."""

    kind: str
    name: str
    fields: tuple[tuple[str, str], ...] = ()
    where: Where = Where.REGION
    phase: int = 0
    """The executor's round (0 to 9) in which nothing that it depends on is missing any more."""
    hidden: tuple[tuple[str, str], ...] = ()
    """Compared and shown when they change, but not on creation (UserData)."""
    machine_tags: tuple[tuple[str, str], ...] = ()
    """What machines are tagged with that an autoscaling group launches from now on."""
    place: Place | None = None
    """Where an object lies, and below there its key."""
    store_key: str = ""
    body: bytes | None = None
    """The object's content; None where only its presence counts (keypairs, secrets)."""
    held: bool | None = None
    """Whether a keypair is there that kops can read; None for all that is no keypair."""
    former: bool = False
    """Whether it is there under its former name only."""

    @property
    def title(self) -> str:
        """Return `kind/name`, which is also kops' order."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Change:
    """One field of an existing resource that the definition wants otherwise."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Step:
    """A task that is not as it should be: to be created (no changes) or modified."""

    task: Task
    changes: tuple[Change, ...] = ()


def tags(cluster: str, name: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tags that kops gives everything of a cluster, and `extra`."""
    base = {
        "Name": name,
        "KubernetesCluster": cluster,
        f"kubernetes.io/cluster/{cluster}": "owned",
    }
    return {**base, **(extra or {})}


def mapping(values: Mapping[str, str]) -> str:
    """Render a map as kops does: `{a: 1, b: }` (kops' order is random, ours is sorted)."""
    return "{" + ", ".join(f"{name}: {values[name]}" for name in sorted(values)) + "}"


def listing(values: Iterable[Any]) -> str:
    """Render a list as kops does: `[a, b]`."""
    return "[" + ", ".join(str(value) for value in values) + "]"


def flag(*, value: bool) -> str:
    """Render a bool as Go does."""
    return "true" if value else "false"


def reference(name: str) -> str:
    """Refer to a resource that kops knows by name and id alike."""
    return f"name:{name} id:{name}"
