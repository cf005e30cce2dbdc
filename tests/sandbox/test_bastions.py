"""Bastions are what kops makes of them: a role, firewalls and a load balancer of their own (78)."""

import json
import shlex
from pathlib import Path

import pytest

from tests.sandbox.desk import NO_KUBECONFIG, Desk
from tests.sandbox.done import Done
from tests.sandbox.recorded import BASE_URL, OPERATOR, PUBLIC_KEY
from tests.sandbox.recordings import differences, recording

B, Q = "b.example.com", "q.example.com"
BUILT_IN = "hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260218"
OF_THEIR_CHANNEL = "hvm-ssd/ubuntu-xenial-16.04-amd64-server-20170721"
"""The channel of the recording had another image: a row of docs/sandbox.md."""
PLAYED = (
    "B-create", "B-preview", "B-yes", "B-nochange", "B-get-cluster", "B-get-ig", "B-get-ig-json",
    "B-roll", "B-dump",
    "B-delete-preview", "B-delete-yes",
)  # fmt: skip
IN_PUBLIC = ("B-q", "B-q-ig", "B-q-preview")


def replayed(desk: Desk, name: str) -> Done:
    words = shlex.split(recording(name).cmd.replace(OPERATOR, str(desk.directory / "home")))[1:]
    if words[:2] == ["create", "cluster"]:
        words.append("--cloud=aws")  # the recorded state store, a bucket, told the cloud
    words += [NO_KUBECONFIG] if words[0] == "update" and "--yes" in words else []
    done = desk.run(*words, env={"KOPS_BASE_URL": BASE_URL})
    home = str(desk.directory / "home")
    out, err = (
        text.replace(home, OPERATOR).replace(BUILT_IN, OF_THEIR_CHANNEL)
        for text in (done.stdout, done.stderr)
    )
    return Done(done.returncode, out, err)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    desk = Desk(tmp_path_factory.mktemp("bastions") / "box")
    (desk.directory / "home" / "key.pub").write_text(PUBLIC_KEY)
    played = {}
    for name in (*PLAYED, *IN_PUBLIC, "B-public"):
        played[name] = replayed(desk, name)
        if name == "B-yes":
            desk.must("validate", "cluster", B, "--wait=1h", "--interval=30s")
    return played


@pytest.mark.parametrize(
    "capture", ["B-create", "B-preview", "B-nochange", "B-get-cluster", "B-get-ig",
     "B-get-ig-json", "B-roll", "B-delete-preview",
                "B-q", "B-q-preview", "B-public"],
)  # fmt: skip
def test_the_answer_is_the_recorded_one(answers: dict[str, Done], capture: str) -> None:  # 78
    assert differences(answers[capture], capture) == []


def test_what_is_deleted_is_what_kops_deletes(answers: dict[str, Done]) -> None:  # fault 78
    def kinds(stdout: str) -> list[str]:
        table = stdout.partition("\n\n")[0].splitlines()[1:]
        return sorted(line.split()[0] for line in table)

    left_out = ("dhcp", "elastic", "iam-inst", "internet", "nat", "route", "volume")
    real = [
        kind for kind in kinds(recording("B-delete-yes").stdout) if not kind.startswith(left_out)
    ]

    assert kinds(answers["B-delete-yes"].stdout) == real
    assert answers["B-delete-yes"].stdout.endswith(f'\nDeleted cluster: "{B}"\n')


def test_the_dump_names_both_load_balancers(answers: dict[str, Done]) -> None:  # fault 78
    def balancers(text: str) -> object:
        dump = json.loads(text)
        raws = [each["raw"] for each in dump["resources"] if each["type"] == "load-balancer"]
        shown = sorted((each["LoadBalancerName"], each["DNSName"]) for each in raws)
        return dump["loadBalancers"], shown

    assert balancers(answers["B-dump"].stdout) == balancers(recording("B-dump").stdout)


def test_whoever_applies_it_learns_of_the_bastion(answers: dict[str, Done]) -> None:  # fault 78
    hint = " * to ssh to the bastion, you probably want to configure a bastionPublicName."

    assert hint in recording("B-yes").stdout.splitlines()
    assert hint in answers["B-yes"].stdout.splitlines()


def test_a_bastion_that_goes_takes_its_side_of_the_cloud_along(tmp_path: Path) -> None:
    """One more of fault 78: a group of bastions deleted leaves nothing that a preview hides."""
    desk = Desk(tmp_path / "box")
    desk.create(Q, "--node-count=1")
    desk.must("create", "ig", "bastions", f"--name={Q}", "--role=bastion",
              "--subnet=us-east-1a", "--edit=false")  # fmt: skip
    desk.apply(Q)
    names = {record["name"] for record in desk.cloud()["resources"].values()}

    assert {f"bastion.{Q}", f"bastion-elb.{Q}"} <= names
    assert f"bastions.{Q}" in {r["name"] for r in desk.cloud(everywhere=True)["resources"].values()}
