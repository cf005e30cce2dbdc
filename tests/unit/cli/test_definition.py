"""A definition is shown as what kops reads (fault 37)."""

from typing import Any

import pytest

from kled.cli.terminal.definition import show_definition
from kled.models.definition import Definition
from kled.yaml_text import documents

API = "kops.k8s.io/v1alpha2"
CLUSTER = {"apiVersion": API, "kind": "Cluster", "metadata": {"name": "c.example.com"}, "spec": {}}
GROUP = {"apiVersion": API, "kind": "InstanceGroup", "metadata": {"name": "nodes"}, "spec": {}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "djEx"}}


class Spoken:
    """A command line that remembers what it says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, *lines: str) -> None:
        self.lines += lines


@pytest.mark.parametrize("form", ["yaml", "table"])
def test_yaml_is_the_documents_of_kops_create_f(
    form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    call: Any = Spoken()

    show_definition(call, Definition(CLUSTER, (GROUP,)), form)

    out = capfd.readouterr().out
    assert list(documents(out)) == [CLUSTER, GROUP]
    assert "\n---\n" in out
    assert call.lines == []


def test_json_is_one_value(capfd: pytest.CaptureFixture[str]) -> None:
    call: Any = Spoken()

    show_definition(call, Definition(CLUSTER, (GROUP,)), "json")

    assert capfd.readouterr().out.startswith('{\n  "cluster": {')


def test_what_is_hidden_is_said_to_be(capfd: pytest.CaptureFixture[str]) -> None:
    call: Any = Spoken()

    show_definition(call, Definition(CLUSTER, (GROUP,), (SECRET,)), "yaml")

    assert "djEx" not in capfd.readouterr().out
    assert "the Secret s are hidden" in call.lines[0]
