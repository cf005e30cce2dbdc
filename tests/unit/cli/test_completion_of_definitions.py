"""What Tab offers of what stands in a definition, and of runs that wait."""

import time
from pathlib import Path
from typing import Any

import pytest

from kled.cli.completing import offers
from tests.unit.cli.prefect_api import server
from tests.unit.cli.tabs import CLUSTER, in_stores, inserted, offered, put

__all__ = ["in_stores"]  # the fixture
CONFIG = """
apiVersion: kops.k8s.io/v1alpha2
kind: Cluster
metadata: {name: c.example.com}
spec:
  cloudLabels: {team: blue, "$(touch pwned)": x}
  kubernetesVersion: 1.36.0
  subnets:
  - {name: utility-a, zone: eu-west-1a, type: Utility}
  - {name: eu-west-1b, zone: eu-west-1b, type: Private}
  - {name: "`id`", zone: "a b"}
  - 7
"""
GROUP = """
kind: InstanceGroup
metadata: {name: nodes-us-east-1a}
spec:
  maxSize: 3
  nodeLabels: {kops.k8s.io/spot: "1"}
  rootVolume: {size: 60}
"""
SET = f"kled kops edit-cluster --name={CLUSTER} --set="
GROUP_SET = f"kled kops edit-instance-group --name={CLUSTER} --instance-group=nodes-us-east-1a"


@pytest.fixture(autouse=True)
def defined(in_stores: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cluster's directory; a machine that is busy has more time than a person."""
    monkeypatch.setattr(offers, "SOON", 10)
    home = in_stores / "state" / CLUSTER
    (home / "config").write_text(CONFIG)
    (home / "instancegroup" / "nodes-us-east-1a").write_text(GROUP)
    return home


def values(line: str) -> list[str]:
    """Return what is offered for the value of the line's last option."""
    option = line.rpartition(" ")[2].partition("=")[0]
    return [one.removeprefix(f"{option}=") for one in offered(line)]


def test_subnets_are_those_of_the_cluster() -> None:
    line = f"kled kops create-instance-group --name={CLUSTER} --instance-group=x --subnet="

    assert values(line) == ["utility-a", "eu-west-1b"]
    assert values(f"{line}u") == ["utility-a"]


@pytest.mark.parametrize("option", ["--zones", "--control-plane-zones"])
def test_zones_are_those_in_which_clusters_are(in_stores: Path, option: str) -> None:
    put(in_stores / "state", "d.example.com/config")  # cannot be read, and hides nothing

    line = f"kled kops create-cluster --name=new.example.com {option}="
    assert values(line) == ["eu-west-1a", "eu-west-1b"]
    assert values(f"{line}eu-west-1b,") == ["eu-west-1b,eu-west-1a"]
    assert values("kled kops create-cluster --name=new.example.com --admin-access=") == []


def test_zones_of_a_flow_are_completed_too() -> None:
    assert offered("kled run create-cluster zones=eu-west-1a,") == ["zones=eu-west-1a,eu-west-1b"]


def test_a_path_is_completed_part_by_part() -> None:
    assert (
        values(SET) == ["metadata.", "spec."]
        or values(SET) == ["spec.", "metadata."]
        or (set(values(SET)) == {"spec.", "metadata."})
    )
    assert values(f"{SET}spec.kubernetesV") == ["spec.kubernetesVersion="]
    assert values(f"{SET}spec.topol") == ["spec.topology."]
    assert values(f"{SET}spec.topology.d") == ["spec.topology.dns."]
    assert values(f"{SET}metadata.") == ["metadata.labels.", "metadata.annotations."]
    assert values(f"{SET}metadata.name") == [], "that is another cluster"
    assert values(f"{SET}spec.nosuch.") == []


def test_elements_and_keys_are_those_that_are_stored() -> None:
    subnets = [f"spec.subnets[{index}]." for index in ("0", "1", "2", "3", "*")]
    assert values(f"{SET}spec.subnets") == subnets
    assert "spec.subnets[1].zone=" in values(f"{SET}spec.subnets[1].")
    assert values(f"{SET}spec.cloudLabels.") == ["spec.cloudLabels.team="]
    keys = values(f"{GROUP_SET} --set=spec.nodeLabels.")
    assert keys == ["spec.nodeLabels.kops.k8s.io/spot="]


def test_the_fields_of_a_group_are_not_those_of_a_cluster() -> None:
    assert values(f"{GROUP_SET} --set=spec.maxS") == ["spec.maxSize="]
    assert values(f"{SET}spec.maxS") == []


def test_what_may_be_left_out_is_there() -> None:
    line = f"{GROUP_SET} --unset="

    assert set(values(f"{line}spec.")) == {"spec.maxSize", "spec.nodeLabels."}, "no others"
    assert values(f"kled kops edit-cluster --name={CLUSTER} --unset=spec.cloudL") == [
        "spec.cloudLabels."
    ]


def test_the_values_of_a_switch_are_two() -> None:
    assert values(f"{SET}spec.useHostCertificates=") == [
        "spec.useHostCertificates=true",
        "spec.useHostCertificates=false",
    ]
    assert values(f"{SET}spec.kubernetesVersion=") == []


def test_a_shell_types_no_blank_behind_what_leads_on() -> None:
    assert inserted(f"{SET}spec.topol") == ["spec.topology."]


@pytest.mark.parametrize("text", ["{", "- 1", "spec: 7", "spec: {subnets: {a: b}}", "a: &a [*a]"])
def test_a_definition_that_is_none_leaves_the_fields_that_kops_knows(
    defined: Path, text: str
) -> None:
    (defined / "config").write_text(text)

    assert values(f"{SET}spec.kubernetesV") == ["spec.kubernetesVersion="]
    assert values(f"kled kops create-instance-group --name={CLUSTER} --subnet=") == []


@pytest.mark.parametrize(
    "typed", ["spec..", "spec.[", "]", "=", "spec.subnets[999999]", "\u202e.", "spec.a[b].c"]
)
def test_whatever_is_typed_is_no_error(typed: str) -> None:
    assert values(f"{SET}{typed}") == []


def test_a_large_definition_is_not_waited_for(
    defined: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "SOON", 0.5)
    (defined / "config").write_text("spec:\n  x: " + "[" * 3_000_000)

    begun = time.monotonic()
    assert values(f"{SET}spec.kubernetesV") == ["spec.kubernetesVersion="]
    assert time.monotonic() - begun < 5 * offers.PATIENCE


IDS = ["3f0c1c1e-0000-4000-8000-00000000000a", "7a0c1c1e-0000-4000-8000-00000000000b"]


@pytest.mark.parametrize("answer", [[{"id": one} for one in IDS], [{}], {}, 3, b"<html>"])
def test_runs_that_wait_are_those_of_the_named_server(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    with server(lambda *_: (200, answer)) as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        found = offered("kled approve 3")

    assert found == (["3f0c1c1e"] if isinstance(answer, list) and answer[0] else [])


def test_without_a_server_no_run_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert offered("kled approve ") == []
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert offered("kled approve ") == []
