"""Every command speaks JSON and YAML: one document on stdout, and nothing else there."""

import json
from pathlib import Path

import pytest
import yaml

from tests.boxes import Box

pytestmark = pytest.mark.slow
NAME = "--name=forms.example.com"
NODES = "--instance-group=nodes"
NEW = ("kops", "create-cluster", "--zones=us-east-1a", "--node-count=2")
COMMANDS = [
    ("kops", "get-clusters"),
    ("kops", "get-instance-groups", NAME),
    ("kops", "get-instances", NAME),
    ("kops", "get-secrets", NAME),
    ("kops", "get-keypairs", NAME),
    ("kops", "validate-cluster", NAME),
    ("kops", "update-cluster", NAME),
    ("kops", "update-cluster", NAME, "--yes"),
    ("kops", "rolling-update", NAME),
    ("kops", "upgrade-cluster", NAME),
    ("kops", "toolbox-dump", NAME),
    ("kops", "export-kubecfg", NAME, "--kubeconfig=exported"),
    ("kops", "scale-instance-group", NAME, NODES, "--min=2", "--max=3"),
    ("kops", "edit-instance-group", NAME, NODES, "--set=spec.maxSize=4"),
    (*NEW, "--name=other.example.com"),
    ("kops", "delete-cluster", NAME),
    ("doctor",),
    ("flows",),
    ("sandbox", "start", "--dir=another"),
    ("sandbox", "status", "--dir=another"),
    ("sandbox", "env", "--dir=another"),
    ("sandbox", "break", "--dir=another"),
    ("sandbox", "stop", "--dir=another"),
]


def test_each_command_writes_one_document(box: Box, tmp_path: Path) -> None:
    made = box.kled(*NEW, NAME, "--yes", "--output=json")
    assert json.loads(made.stdout)["cluster"] == "forms.example.com"

    for command in COMMANDS:
        as_json = box.kled(*command, "--output=json")
        as_yaml = box.kled(*command, "--output=yaml")
        assert as_json.returncode == as_yaml.returncode == 0, (command, as_json.stderr)
        one, other = json.loads(as_json.stdout), yaml.safe_load(as_yaml.stdout)
        assert type(one) is type(other) in (dict, list), command
        if isinstance(one, dict):
            assert list(one) == list(other), command


def test_a_dry_run_writes_the_documents_that_kops_create_reads(box: Box) -> None:
    dry = (*NEW, "--name=third.example.com", "--dry-run")
    documents = [*yaml.safe_load_all(box.kled(*dry, "--output=yaml").stdout)]

    assert [one["kind"] for one in documents] == ["Cluster", "InstanceGroup", "InstanceGroup"]
    assert json.loads(box.kled(*dry, "--output=json").stdout)


def test_a_stored_cluster_comes_with_its_plan(box: Box) -> None:
    stored = json.loads(box.kled(*NEW, NAME, "--output=json").stdout)

    assert [one["step"] for one in stored["steps"]] == [
        "check settings",
        "check that it is new",
        "store definition",
    ]
    assert {one["action"] for one in stored["plan"]["changes"]} == {"create"}


def test_a_healthy_cluster_is_told_node_by_node(box: Box) -> None:
    box.kled(*NEW, NAME, "--yes")

    lines = box.kled("kops", "validate-cluster", NAME).stdout.splitlines()

    assert lines[0].split() == ["NODE", "ROLE", "ZONE", "READY"]
    assert [one.split()[-1] for one in lines[1:]] == ["yes", "yes", "yes"]
