"""A way back leads somewhere: what a step tells is typed, and what was there is there again. K4."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

import click
import pytest

from kled.cli.app import ROOT
from kled.operations.guards.overrides import Overrides
from kled.operations.snapshots.back_up import back_up
from kled.snapshot.progress import Quiet
from tests.sandbox.line import Ended, typed
from tests.sandbox.test_previews import GROUP, Alone, C

NAME: Final = f"--name={C}"
NODES: Final = f"--instance-group={GROUP}"
THEN: Final = ("update-cluster", "rolling-update")
BELOW: Final = ("config", "instancegroup", "secrets", "pki/private/kubernetes-ca")


@pytest.fixture
def desk(tmp_path: Path) -> Alone:
    """A cluster that was applied, with a secret that somebody gave, and with a snapshot."""
    desk = Alone(tmp_path / "box")
    desk.create(C, "--node-count=1")
    desk.must("create", "ig", "spare", NAME, "--subnet=us-east-1a", "--edit=false")
    desk.apply(C)
    (tmp_path / "docker.json").write_text('{"auths": {}}')
    (tmp_path / "other.json").write_text('{"auths": {"r": {}}}')
    desk.must("create", "secret", "dockerconfig", NAME, "-f", str(tmp_path / "docker.json"))
    back_up(desk.line().stores, [C], progress=Quiet())
    return desk


@pytest.fixture
def type_(desk: Alone, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Ended]:
    """Return what types a command of kled, or of kops, and says how it ended."""

    def run(text: str) -> Ended:
        words = shlex.split(text)
        if words[0] == "kops":
            done = desk.run(*words[1:])
            return Ended(done.returncode, done.stdout, done.stderr)
        command: click.Command = ROOT
        at = 1
        with ROOT.make_context("kled", [], resilient_parsing=True) as context:
            while isinstance(command, click.Group):
                found = command.get_command(context, words[at])
                assert found is not None, text
                command, at = found, at + 1
            options = words[at:]
            if any("--yes" in one.opts for one in command.params) and "--yes" not in options:
                options.append("--yes")
            with command.make_context(str(command.name), options) as parsed:
                given = dict(parsed.params)
        names = command.callback.__wrapped__.__code__  # type: ignore[union-attr]
        mine = names.co_varnames[: names.co_argcount + names.co_kwonlyargcount]
        loose = bool(names.co_flags & 0x08)  # it takes all others by their names
        known = {one for one in given if one in mine or (loose and one not in GLOBAL)}
        return typed(
            capsys,
            desk,
            command,
            env=desk.stores,
            overrides=Overrides(**{one: given[one] for one in SWITCHES & given.keys()}),
            **{one: given[one] for one in known},
        )

    return run


SWITCHES: Final = frozenset(field.name for field in fields(Overrides))
GLOBAL: Final = SWITCHES.union(
    {"state", "output", "verbose", "config", "snapshot_store", "lease_wait"}
)
Type = Callable[[str], Ended]


def told(ended: Ended) -> list[str]:
    """Return the ways back that a command told."""
    assert ended.status == 0, ended.stderr
    lines = ended.stderr.splitlines()
    return [one.partition(": ")[2] for one in lines if one.startswith("way back from ")]


def commands(way_back: str) -> list[str]:
    """Return the commands of a way back, in their order."""
    parts = re.split(r" && |; ", way_back)
    found = (re.search(r"\b(?:kled (?:kops|snapshot)|kops) .*", part) for part in parts)
    return [one[0] for one in found if one]


def stored(desk: Alone) -> Mapping[str, bytes]:
    """Return what is stored of the cluster's definition and secrets, without kops' own counts.

    kops counts each edit of an object in its `generation`, also one that takes another back.
    """
    root = desk.state / C
    files = (path for one in BELOW for path in (root / one, *(root / one).rglob("*")))
    return {
        str(path.relative_to(root)): re.sub(rb"\n  generation: \d+", b"", path.read_bytes())
        for path in files
        if path.is_file()
    }


CHANGES: Final = (
    f"kled kops edit-cluster {NAME} --set=spec.sshAccess=10.0.0.0/8",
    f"kled kops edit-cluster {NAME} --set=spec.channel=alpha",
    f"kled kops edit-instance-group {NAME} {NODES} --max=3",
    f"kled kops edit-instance-group {NAME} {NODES} --set=spec.nodeLabels.a=b",
    f"kled kops create-instance-group {NAME} --instance-group=more --subnet=us-east-1a",
    f"kled kops delete-instance-group {NAME} --instance-group=spare --no-drain",
    f"kled kops delete-secret {NAME} --secret=dockerconfig",
    f"kled kops create-secret dockerconfig {NAME} --file=OTHER --force",
    f"kled kops upgrade-cluster {NAME} --kubernetes-version=1.36.1",
    f"kled kops delete-cluster {NAME} --unregister",
    f"kled kops delete-cluster {NAME}",
)


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_change_stored_is_taken_back_byte_by_byte(
    desk: Alone, type_: Type, tmp_path: Path, change: str
) -> None:
    before = stored(desk)

    ways = told(type_(change.replace("OTHER", str(tmp_path / "other.json"))))

    assert ways, change
    assert stored(desk) != before
    for command in [one for way in ways for one in commands(way)]:
        done = type_(command)
        assert done.status == 0, (command, done.stderr)
    assert stored(desk) == before


def test_an_update_is_taken_back_to_the_definition_before_the_edit(
    desk: Alone, type_: Type
) -> None:
    """It said "put the earlier definition back", and the snapshot before it had the new one."""
    before = stored(desk)
    type_(f"kled kops edit-instance-group {NAME} {NODES} --set=spec.machineType=t3.large")

    (way,) = told(type_(f"kled kops update-cluster {NAME}"))

    assert len(commands(way)) == 2
    for command in commands(way):
        done = type_(command)
        assert done.status == 0, (command, done.stderr)
    assert stored(desk) == before
    assert "No changes need to be applied" in desk.must("update", "cluster", NAME)


def label(desk: Alone) -> None:
    """Protect the cluster by a label, as somebody does who edits it."""
    config = desk.state / C / "config"
    config.write_text(
        config.read_text().replace(
            "\nmetadata:\n", "\nmetadata:\n  labels: {kled.io/protected: 'yes'}\n", 1
        )
    )


def test_of_a_cluster_with_a_label_that_protects_it_ways_back_name_it_once_more(
    desk: Alone, type_: Type
) -> None:
    """The restore was refused as it was printed: the name is typed once more where it acts."""
    label(desk)
    back_up(desk.line().stores, [C], progress=Quiet())
    type_(f"kled kops edit-instance-group {NAME} {NODES} --set=spec.machineType=t3.large")

    (way,) = told(type_(f"kled kops update-cluster {NAME}"))
    assert f"--yes --confirm={C} && kled kops update-cluster" in way
    for command in commands(way):
        done = type_(command)
        assert done.status == 0, (command, done.stderr)

    gone = type_(f"kled kops delete-cluster {NAME} --unregister --confirm={C}")
    assert gone.status == 0, gone.stderr
    (back,) = re.findall(r"back with (kled .*--yes\S*( --confirm=\S+)?)", gone.stdout)
    done = type_(back[0])
    assert done.status == 0, (back, done.stderr)


@pytest.mark.parametrize("more", ["", " --set=spec.machineType=t3.large"])
def test_of_raised_bounds_the_way_back_drains_the_machines_that_go(
    desk: Alone, type_: Type, more: str
) -> None:
    """Its restore was done, and its update refused: it would have ended machines undrained."""
    type_(f"kled kops edit-instance-group {NAME} {NODES} --min=3 --max=3{more}")

    (way,) = told(type_(f"kled kops update-cluster {NAME}"))

    scale, *then = commands(way)
    assert scale == f"kled kops scale-instance-group {NAME} {NODES} --min=1 --max=1 --yes"
    assert [one.split()[2] for one in then] == (["restore", "update-cluster"] if more else [])


@pytest.mark.parametrize("then", ["update-cluster", "rolling-update --cloudonly --force"])
def test_no_way_back_leads_to_an_earlier_kubernetes(desk: Alone, type_: Type, then: str) -> None:
    """Its restore was done, and its update refused: each update was, from then on."""
    assert type_(f"kled kops upgrade-cluster {NAME} --kubernetes-version=1.36.1").status == 0
    ways = told(type_(f"kled kops update-cluster {NAME}"))
    if not then.startswith("update"):
        ways = told(type_(f"kled kops {then} {NAME}"))

    (way,) = ways
    assert "none: " in way
    assert "Kubernetes would go back from 1.36.1 to 1.35.5, which it does not support" in way
    assert commands(way) == []


def test_of_several_edits_that_one_update_applied_older_definitions_are_told(
    desk: Alone, type_: Type
) -> None:
    """The newest other one was applied by nobody: it takes back the last edit alone."""
    for one in ("machineType=t3.large", "nodeLabels.a=b"):
        type_(f"kled kops edit-instance-group {NAME} {NODES} --set=spec.{one}")

    (way,) = told(type_(f"kled kops update-cluster {NAME}"))

    assert commands(way)[-1] == f"kled snapshot list {NAME}"
    assert "older ones, where several edits were applied at once" in way


def test_a_roll_says_that_machines_are_gone_and_leads_back_to_others(
    desk: Alone, type_: Type
) -> None:
    before = stored(desk)
    type_(f"kled kops edit-instance-group {NAME} {NODES} --set=spec.machineType=t3.large")
    type_(f"kled kops update-cluster {NAME}")

    (way,) = told(type_(f"kled kops rolling-update {NAME} --cloudonly"))

    assert way.startswith("machines that were replaced are gone")
    assert [one.split()[2] for one in commands(way)] == ["restore", *THEN]
    for command in commands(way)[:2]:
        done = type_(command)
        assert done.status == 0, (command, done.stderr)
    assert stored(desk) == before


def test_a_roll_that_no_machine_needed_leads_back_to_no_definition(
    desk: Alone, type_: Type
) -> None:
    """The command that it printed would have undone a change from before it."""
    type_(f"kled kops edit-instance-group {NAME} {NODES} --set=spec.machineType=t3.large")
    type_(f"kled kops update-cluster {NAME}")
    type_(f"kled kops rolling-update {NAME} --cloudonly")

    (way,) = told(type_(f"kled kops rolling-update {NAME} --cloudonly --force"))

    assert way.startswith("none: machines that were replaced are gone; they ran the definition")
    assert commands(way) == []


def test_a_roll_without_another_definition_says_that_there_is_none(
    desk: Alone, type_: Type
) -> None:
    """A member more: after a rotation nothing of the definition is to be put back."""
    type_(f"kled kops rotate-keypairs {NAME} --phase=create --keyset=service-account")
    type_(f"kled kops update-cluster {NAME}")

    (way,) = told(type_(f"kled kops rolling-update {NAME} --cloudonly --force"))

    assert way.startswith("none: machines that were replaced are gone")
    assert commands(way) == []


def test_a_new_keypair_is_distrusted_by_its_own_id(desk: Alone, type_: Type) -> None:
    """It told kops' command with KEYSET and ID, which nobody can type."""
    (way,) = told(type_(f"kled kops rotate-keypairs {NAME} --phase=create --keyset=kubernetes-ca"))

    assert len(commands(way)) == 1
    done = type_(commands(way)[0])
    assert done.status == 0, done.stderr
    assert (
        "distrustTimestamp"
        in (desk.state / C / "pki/private/kubernetes-ca/keyset.yaml").read_text()
    )


def test_of_a_first_update_the_way_back_deletes_what_was_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said "put the earlier definition back": there is none."""
    from kled.cli.kops.update_cluster import update_cluster

    desk = Alone(tmp_path / "box")
    desk.create(C, "--node-count=1")

    ended = typed(capsys, desk, update_cluster, env=desk.stores, name=C, yes=True)

    (way,) = told(ended)
    assert commands(way) == [f"kled kops delete-cluster {NAME}"]
    assert "nothing of it ran before" in way


def test_so_it_does_of_the_first_update_of_a_cluster_that_was_deleted_and_restored(
    desk: Alone, type_: Type
) -> None:
    """Its keys are there, so it counted as applied: it was to be rolled, and edited back."""
    for command in ("kops delete-cluster", "snapshot restore --snapshot=latest"):
        done = type_(f"kled {command} {NAME}")
        assert done.status == 0, done.stderr

    ended = type_(f"kled kops update-cluster {NAME}")

    (way,) = told(ended)
    assert commands(way) == [f"kled kops delete-cluster {NAME}"]
    assert f"next: kled kops validate-cluster {NAME} --wait=15m" in ended.stderr.splitlines()


def test_an_update_of_a_cluster_that_runs_is_followed_by_a_look_at_its_machines(
    desk: Alone, type_: Type
) -> None:
    type_(f"kled kops edit-instance-group {NAME} {NODES} --set=spec.machineType=t3.large")

    ended = type_(f"kled kops update-cluster {NAME}")

    assert f"next: kled kops rolling-update {NAME}" in ended.stderr.splitlines()
