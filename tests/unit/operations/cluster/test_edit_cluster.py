"""A cluster's fields are edited with the checks that its version, its keys and its fields need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kled.errors import (
    CloudUnavailable,
    DefinitionRejected,
    InvalidInput,
    PermanentCloudError,
    VersionRefused,
)
from kled.models.definition import Definition
from kled.models.version import KopsVersion
from kled.operations.cluster.edit_cluster import EditCluster
from kled.operations.step import attempt
from tests.fake_kops import FakeKops
from tests.sites import session_at

if TYPE_CHECKING:
    from pathlib import Path

    from kled.operations.session import Session

C = "c.example.com"
BACK = f"kled kops edit-cluster --name={C} --set=spec.kubernetesVersion=1.36.0"
STORED = """\
apiVersion: kops.k8s.io/v1alpha2
kind: Cluster
metadata: {name: c.example.com}
spec: {kubernetesVersion: 1.36.0, configBase: "s3://b/c.example.com", flux: 1}
"""


@dataclass
class Kops(FakeKops):
    """Knows no `flux`, and writes what it knows."""

    spec: dict[str, Any] = field(
        default_factory=lambda: {
            "kubernetesVersion": "1.36.0",
            "configBase": "s3://b/c.example.com",
        }
    )
    calls: list[object] = field(default_factory=list)

    def version(self) -> KopsVersion:
        return KopsVersion("1.36.2")

    def definition_get(self, name: str) -> Definition:
        head = {"apiVersion": "kops.k8s.io/v1alpha2", "kind": "Cluster"}
        return Definition({**head, "metadata": {"name": name}, "spec": dict(self.spec)}, ())

    def definition_edit(self, _name: str, *, stored: object, set: Any, unset: Any) -> None:  # noqa: A002 - kops' word
        assert stored
        self.calls.append((set, unset))
        self.spec |= {text.partition("=")[0][5:]: text.partition("=")[2] for text in set}

    def definition_store(self, text: str) -> None:
        self.calls.append(text)


def session_in(root: Path, kops: Any) -> Session:
    state = root / "state" / C
    state.mkdir(parents=True, exist_ok=True)
    return session_at(root, kops, snapshots=None)


def edit(root: Path, kops: Any, *sets: str, unsets: tuple[str, ...] = (), **more: Any) -> str:
    (step,) = EditCluster(C, sets, unsets, **more).steps()
    return step.act(session_in(root, kops))


def applied(root: Path, version: str) -> None:
    path = root / "state" / C / "cluster-completed.spec"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"spec: {{kubernetesVersion: {version}}}\n")


def test_what_was_changed_is_said(tmp_path: Path) -> None:
    kops = Kops()

    assert edit(tmp_path, kops, "spec.channel=stable") == "spec.channel: (none) -> stable"
    assert edit(tmp_path, kops, "spec.channel=stable") == "no change: it says so already"


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("foo", "'foo' is not a version"),
        ("1.39.0", "newer than kops 1.36.2 serves"),
        ("1.35.9", "would be a downgrade"),
    ],
)
def test_the_version_is_checked_as_an_upgrade_s(
    tmp_path: Path, version: str, problem: str
) -> None:  # fault 65
    kops = Kops()

    with pytest.raises((VersionRefused, InvalidInput), match=problem):
        edit(tmp_path, kops, f"spec.kubernetesVersion={version}")

    assert kops.calls == []


def test_an_upgrade_that_was_never_applied_is_taken_back(tmp_path: Path) -> None:  # fault 65
    """A version that was stored in vain had no way back but a snapshot."""
    kops = Kops()
    applied(tmp_path, "1.34.2")

    assert "1.36.0 -> 1.34.2" in edit(tmp_path, kops, "spec.kubernetesVersion=1.34.2")
    with pytest.raises(VersionRefused, match="would skip"):
        edit(tmp_path, kops, "spec.kubernetesVersion=1.36.0")
    assert edit(tmp_path, kops, "spec.kubernetesVersion=1.36.0", skip_minor_versions=True)


@pytest.mark.parametrize(
    "text", ["spec.configBase=s3://x", "metadata.name=x", "kind=InstanceGroup"]
)
def test_a_cluster_stays_what_and_where_it_is(tmp_path: Path, text: str) -> None:  # fault 64
    kops = Kops()

    with pytest.raises(InvalidInput, match="is refused"):
        edit(tmp_path, kops, text)

    assert kops.calls == []


@pytest.mark.parametrize(
    ("field", "below"),
    [
        ("spec.configStore.base", ""),
        ("spec.configStore.keypairs", "/pki"),
        ("spec.configStore.secrets", "/secrets"),
        ("spec.configBase", ""),
        ("spec.keyStore", "/pki"),
        ("spec.secretStore", "/secrets"),
        ("spec.etcdClusters[0].backups.backupStore", "/backups/etcd/main"),
    ],
)
def test_a_place_is_mended_to_the_clusters_own(tmp_path: Path, field: str, below: str) -> None:
    """K4: the way on of a wrong place was an edit with kops itself, past every guard."""
    own = f"{(tmp_path / 'state').as_uri()}/{C}"

    edit(tmp_path, Kops(), f"{field}={own}{below}")

    for wrong in (f"{own}x{below}", f"{own}/..{below}", own.replace(C, "d.example.com") + below):
        with pytest.raises(InvalidInput, match="is refused"):
            edit(tmp_path, Kops(), f"{field}={wrong}")


def test_a_field_of_a_newer_kops_is_not_lost_by_an_edit(tmp_path: Path) -> None:  # fault 13
    kops = Kops()
    applied(tmp_path, "1.36.0")
    (tmp_path / "state" / C / "config").write_text(STORED)

    with pytest.raises(DefinitionRejected, match=r"does not know spec\.flux of cluster") as refused:
        edit(tmp_path, kops, "spec.channel=stable")
    assert "given up with --unset=spec.flux" in str(refused.value.hint)
    assert kops.calls == []

    assert edit(tmp_path, kops, unsets=("spec.flux",)) == "spec.flux: given up"
    (text,) = kops.calls
    assert "flux" not in str(text)
    assert "given up" in edit(tmp_path, kops, "spec.channel=stable", unsets=("spec.flux",))
    assert kops.calls[-1] == (("spec.channel=stable",), ())


class Refused(Kops):
    """Kops whose cloud refuses an edit; it may have stored it all the same."""

    def __init__(self, *, stores: bool) -> None:
        super().__init__()
        self.stores = stores
        self.refuses = True

    def definition_edit(self, name: str, *, stored: object, set: Any, unset: Any) -> None:  # noqa: A002
        if self.stores:
            super().definition_edit(name, stored=stored, set=set, unset=unset)
        if self.refuses:
            raise PermanentCloudError("the cloud refuses the call", hint="mend it")


@pytest.mark.parametrize(
    ("stores", "hint"),
    [
        (False, "mend it"),
        (
            True,
            f"mend it; what it may have changed is taken back so: {BACK}",
        ),
    ],
    ids=["nothing was stored", "it was stored"],
)
def test_an_edit_that_was_refused_says_the_whole_command_that_takes_it_back(
    tmp_path: Path, *, stores: bool, hint: str
) -> None:
    """It named the command without a value, also where nothing had been stored."""
    session = session_in(tmp_path, Refused(stores=stores))
    (step,) = EditCluster(C, ("spec.kubernetesVersion=1.36.2",)).steps()

    with pytest.raises(PermanentCloudError) as caught:
        attempt(step, session)

    assert caught.value.hint == hint


def test_an_edit_that_could_not_read_the_cluster_has_changed_nothing(tmp_path: Path) -> None:
    class Away(Kops):
        def definition_get(self, name: str) -> Definition:
            raise CloudUnavailable("the cloud is away", hint="wait")

    (step,) = EditCluster(C, ("spec.channel=stable",)).steps()

    with pytest.raises(CloudUnavailable) as caught:
        attempt(step, session_in(tmp_path, Away()))

    assert caught.value.hint == "wait"


def test_a_second_attempt_that_finds_it_stored_says_what_the_first_one_changed(
    tmp_path: Path,
) -> None:
    kops = Refused(stores=True)
    session = session_in(tmp_path, kops)
    (step,) = EditCluster(C, ("spec.channel=stable",)).steps()
    with pytest.raises(PermanentCloudError):
        attempt(step, session)
    kops.refuses = False

    assert attempt(step, session) == "spec.channel: (none) -> stable"
    assert step.told_back == f"kled kops edit-cluster --name={C} --unset=spec.channel"
