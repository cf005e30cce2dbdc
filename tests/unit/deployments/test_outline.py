"""A flow's parameters, read without importing it."""

import dataclasses
import subprocess
import sys

import pytest

from deployments import catalog, outline
from kled.errors import SettingsError

ENTRIES = catalog.load(catalog.path())


def test_parameters_have_their_defaults_and_descriptions() -> None:
    name, kubeconfig, admin = outline.parameters(catalog.find(ENTRIES, "export-cluster"))

    assert (name.required, name.default, name.description) == (True, None, "The cluster.")
    assert (kubeconfig.required, kubeconfig.default) == (False, "None")
    assert admin.as_json() == {
        "name": "admin",
        "type": "Duration",
        "required": False,
        "default": "'18h'",
        "description": "Lifetime of the admin credentials; 0 exports a context without any.",
    }


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.flow)
def test_every_parameter_of_every_flow_is_described(entry: catalog.CatalogEntry) -> None:
    assert all(one.description for one in outline.parameters(entry))


@pytest.mark.parametrize(
    ("entrypoint", "words"),
    [
        ("flows.nowhere.nothing", "there is no module flows.nowhere"),
        ("flows.export_cluster.nothing", "there is no function flows.export_cluster.nothing"),
    ],
)
def test_an_entrypoint_that_leads_nowhere_is_refused(entrypoint: str, words: str) -> None:
    entry = dataclasses.replace(ENTRIES[0], entrypoint=entrypoint)

    with pytest.raises(SettingsError, match=words):
        outline.parameters(entry)


def test_listing_flows_does_not_import_prefect() -> None:
    code = (
        "import sys; from kled.cli.app import run\n"
        "assert run(['flows']) == 0\n"
        "assert 'prefect' not in sys.modules and 'pydantic' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "create-cluster" in done.stdout
