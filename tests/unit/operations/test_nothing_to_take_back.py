"""A step that changed nothing tells no way back: what it named would undo somebody else's work."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kled.errors import ApiUnreachable, VersionRefused
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.version import KopsVersion
from kled.operations.cluster.edit_cluster import EditCluster
from kled.operations.cluster.export_cluster import ExportCluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.credentials.secrets import CreateSecret
from kled.operations.instance_group.edit_instance_group import EditInstanceGroup
from kled.operations.runner import Row, run
from kled.operations.session import Session
from kled.operations.step import Effect, Operation, Step, attempt
from kled.retry import ONCE
from tests.fake_kops import FakeKops
from tests.sites import session_at

C = "c.example.com"
GROUP = "nodes"
HEAD = {"apiVersion": "kops.k8s.io/v1alpha2"}


@dataclass
class Kops(FakeKops):
    """Remembers fields of a cluster and of its group, and its secrets."""

    spec: dict[str, Any] = field(default_factory=lambda: {"kubernetesVersion": "1.36.0"})
    group: dict[str, Any] = field(default_factory=lambda: {"maxSize": "2", "role": "Node"})
    secrets: list[str] = field(default_factory=list)

    def version(self) -> KopsVersion:
        return KopsVersion("1.36.2")

    def definition_get(self, name: str) -> Definition:
        cluster = {**HEAD, "kind": "Cluster", "metadata": {"name": name}, "spec": dict(self.spec)}
        labels = {"kops.k8s.io/cluster": name}
        group = {
            **HEAD,
            "kind": "InstanceGroup",
            "metadata": {"name": GROUP, "labels": labels},
            "spec": dict(self.group),
        }
        return Definition(cluster, (group,))

    def definition_edit(self, _name: str, *, stored: object, set: Any, unset: Any) -> None:  # noqa: A002 - kops' word
        self.spec |= _fields(set)

    def instance_groups_edit(self, *_names: str, stored: object, set: Any, unset: Any) -> None:  # noqa: A002 - kops' word
        self.group |= _fields(set)

    def definition_preview_upgrade(
        self, name: str, version: str | None, _channel: str | None
    ) -> Plan:
        old = self.spec["kubernetesVersion"]
        if version in (None, old):
            return Plan(name, ())
        changed = Change("modify", "Cluster", name, {"KubernetesVersion": f"{old} -> {version}"})
        return Plan(name, (changed,))

    def definition_upgrade(self, name: str, version: str | None, channel: str | None) -> Plan:
        plan = self.definition_preview_upgrade(name, version, channel)
        self.spec["kubernetesVersion"] = version or self.spec["kubernetesVersion"]
        return plan

    def kubeconfig_export(self, name: str, path: Path, _admin: object) -> None:
        path.write_text(f"contexts:\n- context: {{}}\n  name: {name}\n")
        path.chmod(0o600)

    def credentials_create_secret(self, _name: str, kind: str, _file: Path, *, force: bool) -> None:
        assert force or kind not in self.secrets
        self.secrets.append(kind)

    def credentials_list_secrets(self, _name: str) -> list[Any]:
        return [SimpleNamespace(name=one) for one in self.secrets]


def _fields(sets: Any) -> dict[str, str]:
    return {text.partition("=")[0][5:]: text.partition("=")[2] for text in sets}


def session(root: Path, kops: Any) -> Session:
    (root / "state" / C).mkdir(parents=True, exist_ok=True)
    return session_at(root, kops, snapshots=None)


@dataclass(frozen=True)
class Only:
    """An operation of one step alone: what comes before it is another test's."""

    step: Step
    name: str = "an operation"
    cluster: str = C

    @property
    def guards(self) -> Any:
        from kled.operations.guards.guards import READS

        return READS

    def steps(self) -> tuple[Step, ...]:
        return (self.step,)


def ended(root: Path, kops: Kops, operation: Operation, at: int = -1) -> Row:
    step = replace(operation.steps()[at])
    return run(Only(step), session(root, kops)).rows[-1]


@pytest.mark.parametrize(
    ("same", "other"),
    [
        (lambda: EditCluster(C, ("spec.team=a",)), lambda: EditCluster(C, ("spec.team=b",))),
        (
            lambda: EditInstanceGroup(C, GROUP, ("spec.maxSize=2",)),
            lambda: EditInstanceGroup(C, GROUP, ("spec.maxSize=3",)),
        ),
        (lambda: UpgradeCluster(C, "1.36.0"), lambda: UpgradeCluster(C, "1.36.1")),
    ],
)
def test_what_says_so_already_has_no_way_back(
    tmp_path: Path, same: Callable[[], Operation], other: Callable[[], Operation]
) -> None:
    kops = Kops({"kubernetesVersion": "1.36.0", "team": "a"})

    assert ended(tmp_path, kops, same()).way_back == ""
    assert ended(tmp_path, kops, other()).way_back != ""


def test_a_secret_in_the_place_of_another_is_not_taken_back_by_deletion(tmp_path: Path) -> None:
    kops, file = Kops(), tmp_path / "file"

    first = ended(tmp_path, kops, CreateSecret(C, "dockerconfig", file, force=True), -2)
    second = ended(tmp_path, kops, CreateSecret(C, "dockerconfig", file, force=True), -2)

    assert "delete-secret" in first.way_back
    assert (second.way_back, second.words) == ("", "stored, in place of the one that was there")


def test_a_context_that_was_there_is_not_taken_back_by_deletion(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "a kubeconfig"
    export = ExportCluster(C, kubeconfig)

    first, second = (ended(tmp_path, Kops(), export).way_back for _ in range(2))

    assert shlex.split(first) == [
        *("kubectl", "config", "delete-context", C, f"--kubeconfig={kubeconfig}"),
    ]
    assert second == ""


@dataclass
class Absent(Kops):
    """Knows no cluster; it may have written a kubeconfig before it says so."""

    writes: bool = False

    def kubeconfig_export(self, name: str, path: Path, _admin: object) -> None:
        if self.writes:
            super().kubeconfig_export(name, path, None)
        raise ApiUnreachable("gone")


@pytest.mark.parametrize("writes", [False, True])
def test_an_export_that_failed_is_taken_back_where_it_wrote(tmp_path: Path, writes: bool) -> None:
    kubeconfig = tmp_path / "kubeconfig"

    with pytest.raises(ApiUnreachable) as caught:
        attempt(
            ExportCluster(C, kubeconfig).steps()[-1],
            session(tmp_path, Absent(writes=writes)),
        )

    assert ("kubectl config delete-context" in str(caught.value.hint)) is writes


def test_a_refused_version_was_not_stored_so_nothing_is_to_be_taken_back(tmp_path: Path) -> None:
    wish = EditCluster(C, ("spec.kubernetesVersion=1.35.0",))

    with pytest.raises(VersionRefused) as caught:
        attempt(wish.steps()[0], session(tmp_path, Kops()))

    assert "taken back so" not in str(caught.value.hint)


def test_an_attempt_that_failed_may_have_changed_what_the_next_one_finds_done() -> None:
    effect = Effect()

    effect.begins()  # it fails
    effect.begins()
    effect.ends(())

    assert effect()


def test_a_step_that_failed_halfway_tells_its_way_back(tmp_path: Path) -> None:
    effect = Effect()

    def act(_session: Session) -> str:
        effect.begins()
        raise ApiUnreachable("gone")

    with pytest.raises(ApiUnreachable) as caught:
        attempt(Step("s", act, ONCE, way_back="undo it", changed=effect), session(tmp_path, Kops()))

    assert "undo it" in str(caught.value.hint)
