"""An update refuses versions that kops does not serve, in kops' words (faults 30 and 34)."""

from pathlib import Path

import pytest

from tests.sandbox.desk import Desk
from tests.sandbox.recorded import CAPTURES
from tests.sandbox.recordings import differences

C = "up.example.com"
UPDATE = ("update", "cluster", f"--name={C}")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "box")
    desk.create(C)
    return desk


def updated_by(desk: Desk, version: str) -> None:
    (desk.state / C / "kops-version.txt").write_text(version)


def running(desk: Desk, version: str) -> None:
    desk.edit(f"{C}/config", lambda document: document["spec"].update(kubernetesVersion=version))


@pytest.mark.parametrize("newer", ["1.36.3", "1.37.0", "1.37.0-alpha.1", "2.0.0\n"])
def test_a_cluster_that_a_newer_kops_updated_is_refused(desk: Desk, newer: str) -> None:
    updated_by(desk, newer)
    before = sorted(desk.state.rglob("*"))

    for words in (UPDATE, (*UPDATE, "--yes"), ("reconcile", "cluster", f"--name={C}", "--yes")):
        done = desk.run(*words)
        assert done.returncode == 1
        told = "Error: kops version older than last used to update the cluster\n"
        assert done.stderr.endswith(told)
        assert f"The cluster was last updated by kops version {newer.strip()}\n" in done.stdout
        assert "run with the --allow-kops-downgrade flag" in done.stdout

    assert sorted(desk.state.rglob("*")) == before
    assert desk.cloud()["resources"] == {}


@pytest.mark.parametrize(
    ("capture", "last"),
    [
        ("N-kv-new-prev", "1.37.0"),
        ("N-kv-new-yes", "1.37.0"),
        ("N-kv-new-roll", "1.37.0"),
        ("N-kv-new-reconcile", "1.37.0"),
        ("N-kv-new-server", "1.37.0"),
        ("N-kv-patch-prev", "1.36.3"),
        ("N-kv-alpha-prev", "1.37.0-alpha.1"),
        ("N-kv-odd-prev", "bananas"),
        ("N-kv-empty-prev", ""),
    ],
)
def test_the_words_are_the_recorded_ones(desk: Desk, capture: str, last: str) -> None:
    name = "v.example.com"
    desk.create(name, "--node-count=1")
    desk.apply(name)
    (desk.state / name / "kops-version.txt").write_text(last)

    assert differences(desk.replay(capture), capture) == []


def test_it_goes_on_where_that_is_allowed_and_writes_its_own_version(desk: Desk) -> None:
    updated_by(desk, "1.37.0")

    preview = desk.must(*UPDATE, "--allow-kops-downgrade")
    desk.must(*UPDATE, "--yes", "--allow-kops-downgrade", "--create-kube-config=false")

    assert "ManagedFile/kops-version.txt" in preview
    assert (desk.state / C / "kops-version.txt").read_text() == "1.36.2"


@pytest.mark.parametrize("older", ["1.36.2", "1.36.2-beta.1", "1.35.9", "1.8.0"])
def test_an_older_or_the_same_kops_is_no_reason(desk: Desk, older: str) -> None:
    updated_by(desk, older)

    assert desk.run(*UPDATE).returncode == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [("bananas", "No Major.Minor.Patch elements found"), ("", "Version string empty")],
)
def test_what_is_no_version_is_refused(desk: Desk, text: str, why: str) -> None:
    updated_by(desk, text)

    done = desk.run(*UPDATE)

    assert done.stderr.endswith(f"Error: error parsing last kops version updated: {why}\n")


def test_the_version_is_looked_for_where_the_base_is(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kops-version.txt").write_text("1.37.0")
    base = {"configBase": f"{tmp_path}/elsewhere"}
    desk.edit(f"{C}/config", lambda document: document["spec"].update(base))

    assert desk.run(*UPDATE).returncode == 1


def test_a_kubernetes_that_is_too_new_is_refused_as_recorded(desk: Desk) -> None:
    running(desk, "1.39.0")

    assert differences(desk.run("update", "cluster", f"--name={C}"), "T-up-39-updk") == []
    told = desk.must(*UPDATE, env={"KOPS_RUN_TOO_NEW_VERSION": "1"})
    assert "this check has been bypassed" in told


def test_a_kubernetes_that_is_old_is_refused_or_frowned_upon(desk: Desk) -> None:
    running(desk, "1.30.5")
    assert desk.run(*UPDATE).stderr.endswith("Error: kubernetes upgrade is required\n")

    running(desk, "1.32.0")
    assert "Kops support for this Kubernetes version is deprecated" in desk.must(*UPDATE)


@pytest.mark.parametrize("capture", ["T-up-badk", "T-up-downk"])
def test_an_upgrade_to_what_it_will_not_is_no_failure_as_recorded(
    desk: Desk, capture: str
) -> None:  # fault 65
    running(desk, "1.36.0")
    version = (CAPTURES / capture / "cmd").read_text().rpartition("=")[2].strip()

    done = desk.run("upgrade", "cluster", f"--name={C}", f"--kubernetes-version={version}")

    assert (done.returncode, done.stdout) == (0, "")
    recorded = (CAPTURES / capture / "stderr").read_text().splitlines()
    said = done.stderr.splitlines()
    for line in recorded:
        if "Custom image" not in line and line:
            assert any(one.endswith(line.rpartition("] ")[2]) for one in said), line


def test_an_upgrade_stores_what_no_update_will_apply(desk: Desk) -> None:  # fault 65
    desk.must("upgrade", "cluster", f"--name={C}", "--kubernetes-version=1.39.0", "--yes")

    assert desk.run(*UPDATE).stderr.endswith("Error: kops upgrade is required\n")
