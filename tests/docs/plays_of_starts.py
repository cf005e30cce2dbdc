"""Plays of the documents with which people begin: the first run, flows, the sandbox."""

import time
from typing import Final

import httpx

from tests.docs.play import Play
from tests.docs.plays_of_snapshots import KEYS
from tests.docs.shell import LIMIT, Done
from tests.docs.stage import CLUSTER, PROGRAMS, Stage
from tests.unit.install import mirror

_SUITE: Final = "it is what runs this test"


def _checkout(stage: Stage) -> None:
    """A working directory with what `make install` builds, and nothing else."""
    (stage.work / ".venv").mkdir()
    (stage.work / ".venv" / "bin").symlink_to(PROGRAMS)


def _account(stage: Stage) -> None:
    """Somebody's account: an S3, and a mirror of kops' releases whose kops is simulated."""
    releases = stage.keep(mirror.running())
    releases.publish("1.36.2", (stage.box / "bin" / "kops").read_bytes())
    releases.redirects["/releases/latest"] = "/releases/tag/v1.36.2"
    releases.files["/releases/tag/v1.36.2"] = b""
    stage.new_shell(
        KLED_KOPS_MIRROR=releases.base,
        S3_ENDPOINT=stage.endpoint,
        AWS_ACCESS_KEY_ID="no-key-of-any-cloud",
        AWS_SECRET_ACCESS_KEY="no-secret-of-any-cloud",
        AWS_REGION="us-east-1",
        AWS_ENDPOINT_URL_STS=stage.endpoint,
        AWS_EC2_METADATA_DISABLED="true",
        **KEYS,
    )


def _polls(stage: Stage, _: Done) -> None:
    """Wait until a worker of the pool has said that it is there."""
    ends = time.monotonic() + LIMIT
    while not _workers(stage.api()):
        assert time.monotonic() < ends, "no worker came"
        time.sleep(0.2)


def _workers(api: str) -> list[object]:
    answer = httpx.post(f"{api}/work_pools/kled/workers/filter", json={}, timeout=60)
    found: list[object] = answer.json() if answer.is_success else []
    return found


def _a_box(stage: Stage) -> None:
    stage.do(f"kled sandbox start --dir={stage.directory / 'typed-box'}")


def _web(stage: Stage) -> None:
    stage.in_the_sandbox()
    stage.create()


def _completes(stage: Stage, _: Done) -> None:
    """Ask bash's function for the cluster, as bash does on Tab."""
    line = "kled kops get-instances --name="
    sets = f"COMP_LINE='{line}' COMP_POINT={len(line)} COMP_WORDBREAKS=$' =:'"
    done = stage.do(f"{sets}; _kled_completion kled; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    assert done.out.split() == [CLUSTER]


def _reached(stage: Stage, _: Done) -> None:
    """Make a bucket at the service that was named, and let the next way begin without this one."""
    stage.do("kled kops configure-state-store --state=s3://acme-kops-state --create")
    stage.new_shell()


PLAYS: Final = {
    "README.md": Play(
        _checkout,
        before={"kled kops install": _account},
        left_out={"make test": _SUITE},
    ),
    "docs/completion.md": Play(
        _web,
        after={"source <(kled completion bash)": _completes},
    ),
    "docs/flows.md": Play(
        lambda stage: stage.in_the_sandbox(PREFECT_API_URL=""),
        held={"prefect server start": "tests/standing/servers.py"},
        run_on={"prefect worker start": _polls},
    ),
    "docs/storage.md": Play(
        lambda stage: stage.new_shell(**KEYS),
        after={"export S3_ENDPOINT": _reached, "export AWS_ENDPOINT_URL": _reached},
    ),
    "docs/doctor.md": Play(lambda stage: stage.in_the_sandbox()),
    "docs/sandbox.md": Play(
        _a_box,
        before={"kops export kubeconfig": _web},
        needs=("kubectl",),
    ),
}
