"""A kops that stores clusters in a directory, and a cloud that outlives what is stored."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import yaml

from kled.errors import ClusterExists, KopsError
from kled.kops import parse
from kled.models.definition import Definition, object_name
from kled.models.plan import Change, Plan
from kled.models.spec import ClusterSpec
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.runner import run
from tests.fake_kops import FakeKops
from tests.sites import put_objects, session_at

if TYPE_CHECKING:
    from kled.errors import KledError
    from kled.operations.session import Session
    from kled.operations.step import Operation

C = "c.example.com"
SPEC = ClusterSpec(name=C, zones=("us-east-1a",))
CA_KEY = "pki/private/kubernetes-ca/keyset.yaml"


def definition(spec: ClusterSpec = SPEC) -> Definition:
    """What kops stores for these options, as far as tests look at it."""
    zone = spec.zones[0]
    cluster = {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "Cluster",
        "metadata": {"name": spec.name},
        "spec": {"cloudProvider": "aws", "networking": {"subnets": [{"zone": zone}]}},
    }
    group = {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "InstanceGroup",
        "metadata": {"name": f"control-plane-{zone}"},
    }
    return Definition(cluster, ({**group, "spec": {"role": "ControlPlane"}},))


@dataclass
class Kops(FakeKops):
    """Bound to one state store; the cloud is the same for all."""

    state_store: str
    cloud: list[Change] = field(default_factory=list)
    """What `delete cluster` lists for the name, whichever state store asks."""
    called: list[str] = field(default_factory=list)
    """What it was told to change."""
    fails: list[KopsError] = field(default_factory=list)
    """Raised by the next calls of `create cluster`, when it has stored the definition."""

    def __bool__(self) -> bool:
        """There is no executable with which a snapshot could be proved."""
        return False

    def path(self, name: str) -> Path:
        return Path(urlparse(self.state_store).path) / name

    def definition_find(self, name: str) -> Definition | None:
        config = self.path(name) / "config"
        if not config.exists():
            return None
        groups = sorted((self.path(name) / "instancegroup").glob("*"))
        return Definition(
            yaml.safe_load(config.read_text()),
            tuple(yaml.safe_load(one.read_text()) for one in groups),
        )

    def definition_get(self, name: str) -> Definition:
        stored = self.definition_find(name)
        assert stored is not None
        return stored

    def definition_store(self, stored: Definition) -> None:
        place = self.path(stored.name)
        (place / "instancegroup").mkdir(parents=True, exist_ok=True)
        (place / "config").write_text(yaml.safe_dump(stored.cluster))
        for group in stored.groups:
            name = object_name(group)
            (place / "instancegroup" / name).write_text(yaml.safe_dump(group))

    def definition_create(self, spec: ClusterSpec) -> None:
        if (self.path(spec.name) / "config").exists():
            raise ClusterExists("it is there")
        self.called.append("create")
        self.definition_store(definition(spec))
        if self.fails:
            raise self.fails.pop(0)

    def definition_dry_run(self, spec: ClusterSpec) -> Definition:
        return definition(spec)

    def definition_replace(self, wanted: Definition) -> None:
        self.called.append("replace")
        self.definition_store(wanted)

    def definition_unregister(self, name: str) -> None:
        self.called.append("unregister")
        for one in sorted(self.path(name).rglob("*"), reverse=True):
            if one.is_file() and "/backups/" not in str(one):
                one.unlink()

    def cluster_delete(self, name: str) -> None:
        self.called.append("delete")
        shutil.rmtree(self.path(name))
        self.cloud.clear()

    def cluster_preview_delete(self, name: str) -> Plan:
        assert (self.path(name) / "config").exists()
        return Plan(name, (*self.cloud, Change("delete", "definition", name)))

    def cluster_preview_delete_unstored(self, wanted: Definition) -> Plan:
        return Plan(wanted.name, (*self.cloud, Change("delete", "definition", wanted.name)))

    def definition_complete_ssh_key(self, _spec: ClusterSpec) -> None:
        """There is none."""

    def definition_options(self, _spec: ClusterSpec) -> list[object]:
        return []

    def cluster_list(self) -> tuple[()]:
        return ()

    def version(self) -> Any:
        return parse.version("1.36.2")


@dataclass
class Desk:
    """State stores `state` and `new`, a snapshot store, and one cloud."""

    root: Path
    cloud: list[Change] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    fails: list[KopsError] = field(default_factory=list)
    snapshots: bool = False
    overrides: Overrides = NOTHING
    store: str = "state"

    def __post_init__(self) -> None:
        for name in ("state", "new", "snapshots"):
            (self.root / name).mkdir()

    @property
    def kops(self) -> Kops:
        url = (self.root / self.store).as_uri()
        return Kops(url, self.cloud, self.called, self.fails)

    def session(self, kops: Any = None) -> Session:
        return session_at(
            self.root,
            self.kops if kops is None else kops,
            state=self.store,
            snapshots="snapshots" if self.snapshots else None,
            overrides=self.overrides,
            env={"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
        )

    def put(self, objects: dict[str, bytes], store: str = "state") -> None:
        put_objects(self.root / store / C, objects)

    def keys(self, store: str = "state") -> set[str]:
        """Return the objects of the cluster."""
        place = self.root / store / C
        return {str(one.relative_to(place)) for one in place.rglob("*") if one.is_file()}

    def run(self, operation: Operation) -> dict[str, str]:
        """Return what each step said."""
        return {row.step: row.words for row in run(operation, self.session()).rows}

    def told(self, error: KledError) -> str:
        return f"{error.message} ({error.hint})"
