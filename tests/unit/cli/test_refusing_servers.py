"""What a Prefect server answers instead of taking a run is said in words. Fault 54."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect import flow
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from kled import config
from kled.cli.checks import prefect_server
from kled.cli.flows import here as flow_here
from kled.cli.flows import there
from kled.cli.flows.run import run
from kled.cli.frame.command import Call
from kled.errors import FlowFailed, FlowServerDenied, InvalidInput, KledError
from tests.unit.cli.prefect_api import server

HTML = b"<!DOCTYPE html><title>Prefect Server</title>"


@flow(name="do-nothing", persist_result=False)
def do_nothing() -> dict[str, Any]:
    return {"steps": [], "next": []}


@contextmanager
def answering(status: int, value: Any) -> Iterator[str]:
    with (
        server(lambda *_: (status, value)) as url,
        temporary_settings({PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 0}),
    ):
        yield url


@pytest.fixture
def call(tmp_path: Path) -> Call:
    return Call(config.load({"HOME": str(tmp_path)}), verbose=False)


def on_a_worker(call: Call) -> None:
    there.run_there(call, "do-nothing/default", {}, run_name="nothing")


def here(call: Call) -> None:
    flow_here.run_here(call, do_nothing, {})


@pytest.mark.parametrize("way", [here, on_a_worker])
@pytest.mark.parametrize(
    ("status", "value", "kind", "words", "hint"),
    [
        (401, {}, FlowServerDenied, "does not accept the credentials", "PREFECT_API_AUTH_STRING"),
        (403, {}, FlowServerDenied, "does not accept the credentials", "PREFECT_API_AUTH_STRING"),
        (500, b"out of disk", FlowFailed, "answers 500: out of disk", "kled doctor"),
        (200, HTML, FlowFailed, "is not a Prefect server", "PREFECT_API_URL ends with /api"),
    ],
    ids=["unauthorized", "forbidden", "broken", "its pages"],
)
def test_a_refusal_is_no_bug_in_kled(  # noqa: PLR0913, PLR0917 - a row of the table
    way: Any, status: int, value: Any, kind: type[KledError], words: str, hint: str, call: Call
) -> None:
    with answering(status, value) as url, pytest.raises(kind) as refused:
        way(call)

    assert url in refused.value.message
    assert words in refused.value.message
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize("way", [here, on_a_worker])
def test_an_address_without_api_is_what_is_wrong_with_a_404(way: Any, call: Call) -> None:
    """The hint was "its log says more"."""
    with (
        server(lambda *_: (404, {"detail": "Not Found"})) as url,
        temporary_settings(
            {PREFECT_API_URL: url.removesuffix("/api"), PREFECT_CLIENT_MAX_RETRIES: 0}
        ),
        pytest.raises(FlowFailed, match="answers 404") as refused,
    ):
        found = prefect_server.answers(url.removesuffix("/api"), {})
        way(call)

    assert "PREFECT_API_URL ends with /api" in found[2]
    assert "PREFECT_API_URL ends with /api" in str(refused.value.hint)


@pytest.mark.parametrize("way", [here, on_a_worker])
@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "ftp://127.0.0.1/api"])
def test_a_server_that_cannot_be_reached_is_named(way: Any, url: str, call: Call) -> None:
    with (
        temporary_settings({PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 0}),
        pytest.raises(FlowFailed, match="does not answer"),
    ):
        way(call)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("validate-cluster/production", "write --deployment=production"),
        ("environments/production.yaml", "write --deployment=production"),
        ("./production.yml", "write --deployment=production"),
        ("/", "kled flows lists those known here"),
    ],
)
def test_what_is_no_environments_name_is_refused_with_the_right_one(typed: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match="is not the name of an environment") as refused:
        run.make_context("run", ["validate-cluster", f"--deployment={typed}"])

    assert (refused.value.field, refused.value.hint) == ("--deployment", hint)


def test_an_environments_name_is_taken() -> None:
    context = run.make_context("run", ["validate-cluster", "--deployment=team.eu"])

    assert context.params["deployment"] == "team.eu"
