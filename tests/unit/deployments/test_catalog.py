"""prefect.yaml as values, and what is refused in it."""

from pathlib import Path

import pytest

from deployments import catalog
from kled.errors import InvalidInput, SettingsError

ENTRY = "  - {name: default, entrypoint: flows.create_cluster.create_cluster}\n"


def written(directory: Path, text: str) -> Path:
    source = directory / "prefect.yaml"
    source.write_text(text)
    return source


def test_an_entry_knows_its_flow(tmp_path: Path) -> None:
    (entry,) = catalog.load(written(tmp_path, f"pull: []\ndeployments:\n{ENTRY}"))

    assert (entry.flow, entry.module, entry.function, entry.work_pool) == (
        "create-cluster",
        "flows.create_cluster",
        "create_cluster",
        "kled",
    )


@pytest.mark.parametrize("pull", ["", "pull: null\n", "pull: [{git_clone: {}}]\n"])
def test_runs_may_not_be_tied_to_the_deploying_machine(tmp_path: Path, pull: str) -> None:
    with pytest.raises(InvalidInput, match=r"pull: must be \[\]"):
        catalog.load(written(tmp_path, f"{pull}deployments:\n{ENTRY}"))


@pytest.mark.parametrize(
    "entrypoint",
    [
        "flows/create_cluster.py:create_cluster",
        "flows.create_cluster:create_cluster",
        "os.system",
        "",
    ],
)
def test_only_module_paths_below_flows_are_entrypoints(tmp_path: Path, entrypoint: str) -> None:
    text = f"pull: []\ndeployments:\n  - {{name: x, entrypoint: '{entrypoint}'}}\n"

    with pytest.raises(InvalidInput, match="is not a module path below flows"):
        catalog.load(written(tmp_path, text))


def test_a_key_that_deploy_would_drop_is_refused(tmp_path: Path) -> None:
    text = f"pull: []\ndeployments:\n{ENTRY.replace('name', 'triggers: [], name')}"

    with pytest.raises(InvalidInput, match=r"create_cluster\.triggers: kled deploy does not"):
        catalog.load(written(tmp_path, text))


def test_a_schedule_must_say_whether_it_is_awake(tmp_path: Path) -> None:
    entry = ENTRY.replace("name", "schedules: [{cron: '7 * * * *', timezone: UTC}], name")

    with pytest.raises(InvalidInput, match="needs exactly active, cron, slug, timezone"):
        catalog.load(written(tmp_path, f"pull: []\ndeployments:\n{entry}"))


def test_two_deployments_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="create-cluster/default stands there twice"):
        catalog.load(written(tmp_path, f"pull: []\ndeployments:\n{ENTRY}{ENTRY}"))


@pytest.mark.parametrize(
    ("text", "words"), [("a: [", "is not valid YAML"), ("[]", "is not a mapping")]
)
def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        catalog.load(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read .*nowhere.yaml"):
        catalog.load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("name", ["create-cluster", "create_cluster"])
def test_a_flow_is_found_in_kebab_and_in_snake_case(tmp_path: Path, name: str) -> None:
    entries = catalog.load(written(tmp_path, f"pull: []\ndeployments:\n{ENTRY}"))

    assert catalog.find(entries, name).flow == "create-cluster"


def test_an_unknown_flow_names_the_known_ones(tmp_path: Path) -> None:
    entries = catalog.load(written(tmp_path, f"pull: []\ndeployments:\n{ENTRY}"))

    with pytest.raises(InvalidInput, match="there is no flow destroy") as caught:
        catalog.find(entries, "destroy")
    assert caught.value.hint == "known: create-cluster"
