"""An engine that something kills from outside leaves no secret behind. Faults 55, 56.

It had no time to tidy up, and kops has just written secrets, in two halves: what is left are files,
the rows of the server, what the worker has written, and processes.
"""

import os
import shutil
import signal
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import get_client

from deployments import catalog
from deployments.apply import apply
from deployments.environment import Environment
from kled.sandbox import faults
from tests.boxes import Box
from tests.flows.box import PLANTED
from tests.flows.server import SPEC, database
from tests.flows.test_kill import running, until
from tests.flows.test_nothing_leaks import HEADER, PASSWORD, stored
from tests.flows.worker import at_work

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
HALF = len(PLANTED) // 2
TOKEN = "ghp_0123456789abcdefghijkl"
SECRETS = (PLANTED, PLANTED[:HALF], PLANTED[HALF:], PASSWORD, HEADER, TOKEN)


def apart(text: str) -> str:
    """Return what a shell takes for `text` within single quotes, though no file holds it."""
    return "''".join(text[at : at + 3] for at in range(0, len(text), 3))


TALKING = f"""#!/bin/sh
echo "$@" >> {{calls}}
printf 'used {apart(PLANTED[:HALF])}' >&2
sleep 0.2
printf '{apart(PLANTED[HALF:])} and token={apart(TOKEN)}\\n' >&2
printf 'once more {apart(PLANTED[:HALF])}\\n{apart(PLANTED[HALF:])} in two lines\\n' >&2
echo 'all is said' >&2
exec {{kops}} "$@"
"""


@pytest.fixture
def talking(box: Box, tmp_path: Path) -> Box:
    """A box whose kops tells secrets, and whose worker knows the server's password."""
    kops = Path(box.env["KLED_KOPS"])
    program = box.directory / "bin" / "kops"
    kops.write_text(TALKING.format(calls=box.counted.file, kops=program))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    known = {"PREFECT_API_AUTH_STRING": f"admin:{PASSWORD}", "TMPDIR": str(temporary)}
    return replace(box, env=box.env | known)


def engine(run: UUID) -> psutil.Process:
    """Return the process that executes a run: the one that the worker started last."""
    mark = f"PREFECT__FLOW_RUN_ID={run}\0".encode()
    found = [one for one in psutil.process_iter() if mark in seen(one, "environ")]
    return max(found, key=lambda one: one.create_time())


def seen(process: psutil.Process, file: str) -> bytes:
    """Return the words or the variables of a process; nothing of one that has ended."""
    try:
        return Path(f"/proc/{process.pid}/{file}").read_bytes()
    except OSError:
        return b""


def of(box: Box) -> Iterator[psutil.Process]:
    """Yield what runs in the box: worker, engine, watchdog, kops, all that they started."""
    mark = f"KLED_SANDBOX={box.directory}\0".encode()
    yield from (one for one in psutil.process_iter() if mark in seen(one, "environ"))


def begun(box: Box, at: Environment, name: str) -> UUID:
    """Return a run that waits for a kops that hangs, and has heard all that it said."""
    faults.inject(box.directory, "hang", verb="update cluster")
    spec = SPEC.model_copy(update={"name": name}).model_dump(mode="json", exclude_unset=True)
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"create-cluster/{at.name}")
        run = client.create_flow_run_from_deployment(deployment.id, parameters={"spec": spec})
    until(lambda: [call for call in box.calls("update") if name in call] and running(box), 120)
    return run.id


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes as Linux shows them")
def test_an_engine_that_is_killed_leaves_no_secret_behind(
    talking: Box, tmp_path: Path, prefect_home: Path
) -> None:
    here = Environment("killed", "killed")
    said = tmp_path / "said"
    with get_client(sync_client=True) as client:
        apply(client, catalog.load(catalog.path()), here)
    with at_work(talking, here.work_pool, tmp_path, said):
        for number, name in ((signal.SIGKILL, "a.example.com"), (signal.SIGTERM, "b.example.com")):
            run = begun(talking, here, name)
            processes = list(of(talking))
            words = b"".join(seen(one, "cmdline") for one in processes)
            kops = b"".join(seen(one, "environ") for one in running(talking))

            os.kill(engine(run).pid, number)

            until(lambda: not running(talking), 30)
            with get_client(sync_client=True) as client:
                until(lambda run=run: client.read_flow_run(run).state.is_final(), 60)  # type: ignore[misc,union-attr]
            assert not [one for one in SECRETS if one.encode() in words]
            assert PLANTED.encode() in kops
            assert PASSWORD.encode() not in kops

    # Prefect's worker hands the variables to what it starts in a private file, which stays where it
    # is stopped halfway
    for place in tmp_path.rglob("prefect-workspace-attempt-*"):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        shutil.rmtree(place)
    everything = stored(database().parent, prefect_home, tmp_path)
    assert b"all is said" in stored(database().parent)
    assert b"[redacted]" in stored(database().parent)
    assert not [one for one in SECRETS if one.encode() in everything]
