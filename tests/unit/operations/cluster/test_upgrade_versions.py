"""A Kubernetes version is checked before anything is stored (fault 65)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kled.errors import InvalidInput, VersionRefused
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.spec import ClusterSpec
from kled.models.version import KopsVersion, kubernetes_version, stored_version
from kled.operations.cluster.create_cluster import StoreCluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster, plan_upgrade
from kled.operations.runner import run
from tests.fake_kops import FakeKops
from tests.sites import session_at
from tests.unit.operations.replayed import session as replayed

if TYPE_CHECKING:
    from pathlib import Path

    from kled.operations.session import Session

C = "c.example.com"


@dataclass
class Kops(FakeKops):
    """Stores whatever it is given, and takes a version that is none for none given: as kops."""

    version_: str = "1.36.2"
    stored: str = "1.35.2"
    recommended: str = "1.36.0"
    calls: list[str] = field(default_factory=list)

    def version(self) -> KopsVersion:
        return KopsVersion(self.version_)

    def definition_get(self, name: str) -> Definition:
        metadata = {"name": name}
        return Definition({"metadata": metadata, "spec": {"kubernetesVersion": self.stored}}, ())

    def definition_options(self, _spec: ClusterSpec) -> None:
        """Finds nothing wrong with the names of fields."""

    def definition_preview_upgrade(
        self, name: str, version: str | None, _channel: str | None
    ) -> Plan:
        wanted = version if version and version[0].isdigit() else self.recommended
        if wanted == self.stored:
            return Plan(name, ())
        change = {"KubernetesVersion": f"{self.stored} -> {wanted}"}
        return Plan(name, (Change("modify", "Cluster", name, change),))

    def definition_upgrade(self, name: str, version: str | None, channel: str | None) -> Plan:
        plan = self.definition_preview_upgrade(name, version, channel)
        self.calls.append(f"upgrade to {version}")
        self.stored = version or self.recommended
        return plan


def session(root: Path, kops: Any, **more: str) -> Session:
    (root / "state").mkdir(exist_ok=True)
    return session_at(root, kops, snapshots=None, env=more)


def upgraded(root: Path, kops: Kops, wish: UpgradeCluster, **more: str) -> dict[str, str]:
    """Make the operation's own steps, guards aside; return what each said."""
    here = session(root, kops, **more)
    return {step.name: step.act(here) for step in wish.steps() if "identity" not in step.name}


@pytest.mark.parametrize(
    "text", ["foo", "1.36", "1", "v", "1.36.0 ", "latest", "\u0661.36.0", "", "1.x.0"]
)
def test_what_is_no_version_is_refused_before_anything_is_asked(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a version: give all three numbers") as refused:
        UpgradeCluster(C, text)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("version", "problem", "advice"),
    [
        ("1.34.0", "1.34.0 would be a downgrade", "snapshot"),
        ("1.35.1", "is at Kubernetes 1.35.2: 1.35.1 would be a downgrade", "etcd backup"),
        ("1.35.2-rc.1", "would be a downgrade", "snapshot"),
        ("1.39.0", "newer than kops 1.36.2 serves, which is up to 1.36", "kled kops install"),
        ("1.37.0-alpha.1", "newer than kops 1.36.2 serves", "--version=1.37.0"),
        ("2.0.0", "newer than kops 1.36.2 serves", "kled kops install"),
        ("1.20.0", "older than kops 1.36.2 serves, which is from 1.31 on", "1.31.0 to 1.36"),
    ],
)
def test_a_version_that_the_cluster_cannot_go_to_is_refused(
    tmp_path: Path, version: str, problem: str, advice: str
) -> None:
    kops = Kops()

    with pytest.raises(VersionRefused, match=problem) as refused:
        upgraded(tmp_path, kops, UpgradeCluster(C, version))

    assert "nothing was stored" in str(refused.value)
    assert advice in str(refused.value.hint)
    assert kops.calls == []
    with pytest.raises(VersionRefused, match=problem):  # the preview, too: not "nothing to change"
        plan_upgrade(session(tmp_path, kops), UpgradeCluster(C, version))


def test_a_step_over_a_minor_version_needs_to_be_asked_for(tmp_path: Path) -> None:
    kops = Kops(stored="v1.33.4")

    with pytest.raises(VersionRefused, match=r"1\.36\.0 would skip 1\.34") as refused:
        upgraded(tmp_path, kops, UpgradeCluster(C, "1.36.0"))
    assert "--kubernetes-version=1.34.0 --yes" in str(refused.value.hint)
    assert "--skip-minor-versions" in str(refused.value.hint)
    assert kops.calls == []

    upgraded(tmp_path, kops, UpgradeCluster(C, "1.36.0", skip_minor_versions=True))
    assert kops.calls == ["upgrade to 1.36.0"]


def test_an_upgrade_that_was_stored_but_never_applied_counts_as_not_made(tmp_path: Path) -> None:
    """A member of fault 65: each of two stored upgrades is one step, both together are two."""
    kops = Kops(stored="1.35.2")
    here = session(tmp_path, kops)
    applied = "spec: {kubernetesVersion: 1.34.5}\n"
    (tmp_path / "state" / C).mkdir()
    (tmp_path / "state" / C / "cluster-completed.spec").write_text(applied)

    with pytest.raises(VersionRefused, match=r"last updated to Kubernetes 1\.34\.5: 1\.36\.0"):
        plan_upgrade(here, UpgradeCluster(C, "1.36.0"))
    assert plan_upgrade(here, UpgradeCluster(C, "1.35.9")).changes


def test_what_the_channel_recommends_is_checked_and_stored_as_it_was_checked(
    tmp_path: Path,
) -> None:
    kops = Kops(recommended="1.36.0")
    said = upgraded(tmp_path, kops, UpgradeCluster(C))
    assert kops.calls == ["upgrade to 1.36.0"]
    assert said["check version"] == "to Kubernetes 1.36.0"

    kops = Kops(recommended="1.37.1")
    with pytest.raises(VersionRefused, match="newer than kops"):
        upgraded(tmp_path, kops, UpgradeCluster(C))
    assert kops.calls == []


def test_the_version_that_the_cluster_has_is_nothing_to_change(tmp_path: Path) -> None:
    said = upgraded(tmp_path, Kops(), UpgradeCluster(C, "1.35.2"))

    assert said == {"check version": "no other version", "upgrade cluster": "no upgrade required"}


def test_who_tells_kops_to_go_on_may(tmp_path: Path) -> None:
    kops = Kops(stored="1.36.0")
    wish = UpgradeCluster(C, "1.37.0")

    upgraded(tmp_path, kops, wish, KOPS_RUN_TOO_NEW_VERSION="1")

    assert kops.calls == ["upgrade to 1.37.0"]


def test_a_channel_that_knows_no_version_is_not_nothing_to_change(tmp_path: Path) -> None:
    """A member of fault 65: kops ends with 0 and `No upgrade required` (capture T-up-prevk)."""
    here = replayed(tmp_path, "T-up-prevk")

    with pytest.raises(VersionRefused, match=r"no version to upgrade Kubernetes 1\.35\.2") as told:
        here.kops.definition.preview_upgrade("up.example.com")

    assert "--kubernetes-version=X.Y.Z" in str(told.value.hint)
    assert replayed(tmp_path, "25c-upgrade-newer").kops.definition.preview_upgrade(C).is_empty


@pytest.mark.parametrize("capture", ["T-up-badk", "T-up-downk"])
def test_kops_itself_says_that_there_is_nothing_to_do(tmp_path: Path, capture: str) -> None:
    """Why kled looks: of `foo` and of a downgrade kops says what it says of the newest version."""
    assert replayed(tmp_path, capture).kops.definition.preview_upgrade(C, "whatever").is_empty


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kubernetes_version": "1.39.0"}, "newer than kops 1.36.2 serves"),
        ({"kubernetes_version": "1.20.0"}, "older than kops 1.36.2 serves"),
        ({"set": ["spec.kubernetesVersion=9.99.0"]}, "newer than kops 1.36.2 serves"),
        ({"set": ["spec.kubernetesVersion=foo"]}, "'foo' is not a version"),
        ({"set": ["cluster.spec/kubernetesVersion=1.39.0"]}, "newer than kops 1.36.2 serves"),
    ],
)
def test_a_cluster_is_not_stored_with_a_version_that_kops_does_not_serve(
    tmp_path: Path, options: dict[str, Any], problem: str
) -> None:
    """A member of fault 65: kops stores it and fails then (captures E09i and E09j)."""
    spec = ClusterSpec(name=C, zones=("us-east-1a",), **options)
    env = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}

    with pytest.raises((VersionRefused, InvalidInput), match=problem):
        run(StoreCluster(spec), session(tmp_path, Kops(), **env))


def test_versions_compare_as_versions_do() -> None:
    rising = ["1.9.9", "1.10.0-alpha.9", "1.10.0-alpha.10", "1.10.0-rc.1", "1.10.0", "1.10.1"]
    versions = [one for text in rising[::-1] if (one := kubernetes_version(text)) is not None]
    assert [str(one) for one in sorted(versions)] == rising
    assert kubernetes_version("v1.10.0") == kubernetes_version("1.10.0+build.5")
    url = stored_version("https://storage.example/ci/v1.36.0-alpha.0.615+cc55e3447816e4")
    assert url is not None
    assert url.minor == (1, 36)
