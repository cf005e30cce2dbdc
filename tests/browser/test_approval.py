"""Fault 32: an approval from the notification to the applied plan, in Prefect's pages and typed.

With KLED_TEST_SCREENSHOTS=docs/pictures (`make pictures`) the pictures of the documentation.
"""

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from kled import config
from tests.browser.chromium import Page, page
from tests.browser.conftest import PYTHON, Place
from tests.browser.test_flow_run_page import newest_first
from tests.pager import listening

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.prefect]

CLUSTER = "prod.example.com"
NAME = f"--name={CLUSTER}"
EDIT = ("kops", "edit-instance-group", NAME, "--instance-group=nodes-us-east-1a")
_TYPED = 2
"""Seconds after which the page has taken what was typed."""
UPDATE = ("run", "update-cluster", f"name={CLUSTER}", "--yes", "--deployment=default")


def _wait_for(heard: list[dict[str, Any]], words: str) -> list[str]:
    """Wait until something with these words in its title was told; return its lines, once."""
    give_up = time.monotonic() + 120
    while not (found := [one for one in heard if words in one["title"]]):
        assert time.monotonic() < give_up, heard
        time.sleep(0.2)
    heard.remove(found[0])
    return str(found[0]["message"]).split("\n")


@contextmanager
def told(place: Place) -> Iterator[Callable[[str], list[str]]]:
    """Yield what waits for a notification with some words in its title; returns its lines."""

    with listening() as (address, heard):
        pager = place.box / "pager"
        pager.write_text(f"json://{address}/")
        rules = config.load(place.env).config_file
        rules.parent.mkdir(parents=True, exist_ok=True)
        rules.write_text(
            f'[approval]\nneeded = ["machines"]\n[notifications]\nurls = ["file:{pager}"]\n'
        )
        place.run("deploy")  # the rules travel with the deployment
        yield partial(_wait_for, heard)


@contextmanager
def following(place: Place) -> Iterator["subprocess.Popen[str]"]:
    """Start an update on the worker and follow it."""
    child = subprocess.Popen(
        [PYTHON, "-m", "kled", *UPDATE],
        env=dict(place.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def fill(shown: Page, field: str, text: str) -> None:
    """Type into the field below a title, as a keyboard does."""
    shown.run(
        "(() => { const label = [...document.querySelectorAll('.p-modal label')]"
        f".find(e => e.innerText.includes({json.dumps(field)}));"
        " const box = label.closest('.p-label') || label.parentElement.parentElement;"
        " const input = box.querySelector('input, textarea'); input.focus(); input.select(); })()"
    )
    shown.call("Input.insertText", text=text)


def press(shown: Page, button: str, within: str = "body") -> None:
    shown.run(
        f"[...document.querySelectorAll('{within} button')]"
        f".filter(e => e.innerText.trim() === {json.dumps(button)}).at(-1).click()"
    )


def test_an_approval_in_the_browser_and_one_that_is_typed(place: Place, tmp_path: Path) -> None:
    create = ("kops", "create-cluster", NAME, "--zones=us-east-1a", "--node-count=2")
    place.run(*create, f"--kubeconfig={place.box / 'kubeconfig'}", "--yes")
    place.run(*EDIT, "--set=spec.machineType=t3.large")
    with told(place) as notified:
        with following(place) as run:
            lines = notified("waits for an approval")
            assert "InstanceType t3.medium -> t3.large" in lines[1]
            assert f"it was started by ada@{socket.gethostname()} (claimed)" in lines
            address = lines[-1].rpartition(" ")[2]
            in_the_browser(address, place, tmp_path)
            _, words = run.communicate(timeout=120)
            assert run.returncode == 0, words
        assert lines[0] in words
        assert "kled approve" in words
        place.run(*EDIT, "--set=spec.machineType=t3.xlarge")
        with following(place) as run:
            lines = notified("waits for an approval")
            waiting = json.loads(_out(place, "approve", "--output=json"))
            command = re.search(r"kled (approve \S+)", lines[-2])
            assert command
            typed = (f"--confirm={CLUSTER}", f"--digest={waiting[0]['digest'][:12]}")
            shown = _out(place, *command[1].split(), *typed)
            assert "        InstanceType: t3.large -> t3.xlarge\n" in shown
            report, words = run.communicate(timeout=120)
            assert run.returncode == 0, words
    assert "(claimed), by kled approve" in report


def in_the_browser(address: str, place: Place, tmp_path: Path) -> None:
    with page(address, tmp_path / "chromium", width=1280, height=1240) as shown:
        shown.shows("Paused", f"update {CLUSTER}")
        newest_first(shown)
        shown.shows("look and answer: kled approve")
        shown.settle()
        shown.picture(place.pictures / "approval-paused.png")
        press(shown, "Resume")
        shown.size(1280, 1300)
        shown.shows("Name of the cluster", "t3.medium -> t3.large")
        shown.settle()
        shown.picture(place.pictures / "approval-form.png")
        fill(shown, "Name of the cluster", "prod-example.com")
        fill(shown, "Your name", "Ada")
        time.sleep(_TYPED)
        press(shown, "Submit")
        shown.shows("'prod-example.com' does not match")
        shown.settle()
        shown.picture(tmp_path / "approval-mistake.png")
        fill(shown, "Name of the cluster", CLUSTER)
        time.sleep(_TYPED)
        press(shown, "Submit")
        shown.size(1280, 900)
        shown.shows("Completed", seconds=120)
        shown.settle()
        shown.picture(tmp_path / "approval-done.png")
    run = address.rpartition("/")[2]
    assert httpx.get(f"{place.address}/api/flow_runs/{run}").json()["state_name"] == "Completed"


def _out(place: Place, *words: str) -> str:
    done = subprocess.run(
        [PYTHON, "-m", "kled", *words],
        env=dict(place.env),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
