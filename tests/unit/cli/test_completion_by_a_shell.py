"""What a shell gets that asks for completions, in a process of its own."""

import os
import socket
import subprocess
import sys
import time

import pytest

from tests.unit.cli.tabs import BREAKS, CLUSTER, in_stores

__all__ = ["in_stores"]  # the fixture
pytestmark = pytest.mark.usefixtures("in_stores")


def asked(line: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    words = {"_KLED_COMPLETE": "bash_complete", "COMP_LINE": line, "COMP_WORDBREAKS": BREAKS}
    return subprocess.run(
        [sys.executable, "-m", "kled"],
        env=os.environ | words | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shell_is_answered_without_prefect_or_the_client_of_a_cloud() -> None:
    heavy = "{'prefect', 'boto3', 'botocore', 'obstore', 'pydantic', 'rich', 'lightkube'}"
    code = (
        "import os, sys\n"
        "def end(code):\n"
        f"    os.write(1, repr(sorted(set(sys.modules) & {heavy})).encode())\n"
        "    ends(code)\n"
        "ends, os._exit = os._exit, end\n"
        "from kled.cli.app import run\n"
        "run([])\n"
    )
    words = {"_KLED_COMPLETE": "bash_complete", "COMP_LINE": "kled kops get-instances --name="}

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | words,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"plain\t--name={CLUSTER}\t\n[]"


@pytest.mark.parametrize("line", ["kled kops nosuch --name=", "kled 'kops", "", "kled --"])
def test_a_line_that_is_none_is_answered_with_nothing_worse_than_nothing(line: str) -> None:
    done = asked(line)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_store_that_never_answers_keeps_nobody_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        env = {
            "KLED_STATE_STORE": "s3://acme",
            "S3_ENDPOINT": endpoint,
            "S3_ACCESS_KEY_ID": "x",
            "S3_SECRET_ACCESS_KEY": "x",
        }
        began = time.monotonic()
        done = asked("kled kops get-instances --name=", env)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 5  # it takes one second; the machine may be busy
