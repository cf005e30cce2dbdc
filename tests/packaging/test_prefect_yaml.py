"""Every entry of prefect.yaml leads to a flow, and the flow takes its parameters."""

import inspect
from pathlib import Path

import pytest

from deployments import catalog, outline
from deployments.catalog import CatalogEntry
from deployments.loading import load_flow
from kled.errors import SettingsError

ENTRIES = catalog.load(catalog.path())
FLOWS = Path(catalog.path()).parent / "flows"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.flow)
def test_the_entry_imports_and_takes_its_parameters(entry: CatalogEntry) -> None:
    flow = load_flow(entry)

    named = [one.name for one in outline.parameters(entry)]
    assert named == list(inspect.signature(flow).parameters)
    assert set(entry.parameters) <= set(named)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.flow)
def test_flow_file_and_function_have_one_name(entry: CatalogEntry) -> None:
    assert entry.module == f"flows.{entry.function}"


def test_every_flow_has_an_entry() -> None:
    files = {file.stem for file in FLOWS.glob("*.py")} - {"__init__"}

    assert files == {entry.function for entry in ENTRIES}


def test_a_function_that_is_no_flow_is_refused() -> None:
    entry = CatalogEntry("x", "flows.create_cluster.timedelta", "", (), {}, "kled", {})

    with pytest.raises(SettingsError, match=r"flows\.create_cluster\.timedelta is not a flow"):
        load_flow(entry)
