"""A preview ends as the act would end: the same exit code, words and hint. K4, decision 41.

Every command that has a preview, over every fault of a cluster: whatever the act would be refused
with before it changes anything, a script that runs `preview && act` is told by the preview.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
import pytest

from kled.cli import plan
from kled.cli.kops import (
    delete_cluster,
    delete_instance_group,
    delete_secret,
    reconcile_cluster,
    rolling_update,
    rotate_keypairs,
    update_cluster,
    upgrade_cluster,
    validate_cluster,
)
from kled.cli.snapshot import epoch, prune, restore
from kled.lease.document import Terms, Writer
from kled.lease.writes import acquire
from kled.operations.guards.overrides import Overrides
from kled.operations.records import scale_journal
from kled.operations.records.scale_journal import OpenScaleDown
from kled.operations.snapshots.back_up import back_up
from kled.retry import Clock
from kled.snapshot.epoch import epoch as epochs
from kled.snapshot.progress import Quiet
from tests.sandbox.desk import Desk
from tests.sandbox.done import Done
from tests.sandbox.line import Ended, Line, typed

C: Final = "f.example.com"
NAME: Final = f"--name={C}"
GROUP: Final = "nodes-us-east-1a"
CA: Final = f"{C}/pki/private/kubernetes-ca/keyset.yaml"
CLOCK: Final = Clock(time.monotonic, lambda _: None)


class Alone(Desk):
    """A desk whose cluster has no API that answers: no process starts."""

    def run(self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Done:
        """Run the simulated kops once; it exports no credentials."""
        if args[:2] == ("export", "kubeconfig"):
            return Done(1, "", "Error: dial tcp 127.0.0.1:443: connect: connection refused\n")
        return super().run(*args, stdin=stdin, env=env)

    @property
    def stores(self) -> dict[str, str]:
        """The variable that names the snapshot store."""
        return {"KLED_SNAPSHOT_STORE": (self.directory / "snapshots").as_uri()}

    def line(self) -> Line:
        """Return a command line, for its stores and its session."""
        return Line(self, "table", KLED_SNAPSHOT_STORE=self.stores["KLED_SNAPSHOT_STORE"])

    def files(self) -> dict[Path, bytes]:
        """Return everything that is stored, in state store, snapshot store and cloud."""
        return {path: path.read_bytes() for path in self.directory.rglob("*") if path.is_file()}

    def put_back(self, files: Mapping[Path, bytes]) -> None:
        """Let everything be as it was."""
        now = self.files()
        for path in now.keys() - files.keys():
            path.unlink()
        for path, body in files.items():
            if now.get(path) != body:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)


def cut(desk: Alone, key: str, length: int) -> None:
    path = desk.state / key
    path.write_bytes(path.read_bytes()[:length])


def lost_keyset(desk: Alone) -> None:
    (desk.state / CA).unlink()


def cut_keyset(desk: Alone) -> None:
    cut(desk, CA, 200)


def cut_definition(desk: Alone) -> None:
    """A member more: the end of the cluster's object is gone, and what is left is YAML."""
    cut(desk, f"{C}/config", 300)


def damaged_group(desk: Alone) -> None:
    path = desk.state / C / "instancegroup" / GROUP
    path.write_bytes(path.read_bytes()[:120] + b"\n  x: [")


def damaged_secret(desk: Alone) -> None:
    (desk.state / C / "secrets" / "kubelet").write_bytes(b"{")


def foreign_epoch(desk: Alone) -> None:
    epochs.advance(desk.line().stores.snapshots, C, "s3://elsewhere", desk.state.as_uri())


def open_scale_down(desk: Alone) -> None:
    with desk.line().session() as session:
        scale_journal.write(session, C, OpenScaleDown(GROUP, (), 1, 1))


def lowered_bounds(desk: Alone) -> None:
    """A member more: what is stored ends machines undrained."""
    sizes = {"minSize": 0, "maxSize": 0}
    desk.edit(f"{C}/instancegroup/{GROUP}", lambda group: group["spec"].update(sizes))


def another_account(desk: Alone) -> None:
    """Nothing of the cluster is in the cloud that is asked."""
    for path in (desk.directory / "cloud").rglob("*"):
        if path.is_file():
            path.unlink()


def emptied_snapshots(desk: Alone) -> None:
    """A member more: nothing is mounted where the snapshots were."""
    for path in (desk.directory / "snapshots").rglob("*"):
        if path.is_file():
            path.unlink()


def lost_snapshot(desk: Alone) -> None:
    """A member more: somebody removed the newest snapshot, and no prune did."""
    for path in (desk.directory / "snapshots" / "clusters" / C).rglob("*"):
        if path.is_file() and "epoch" not in path.name:
            path.unlink()


def nothing(_desk: Alone) -> None:
    """All is well."""


FAULTS: Final[tuple[Callable[[Alone], None], ...]] = (
    nothing,
    lost_keyset,
    cut_keyset,
    cut_definition,
    damaged_group,
    damaged_secret,
    foreign_epoch,
    open_scale_down,
    lowered_bounds,
    another_account,
    emptied_snapshots,
    lost_snapshot,
)
Asked = tuple[click.Command, dict[str, Any]]
COMMANDS: Final[dict[str, Asked]] = {
    "update-cluster": (update_cluster.update_cluster, {}),
    "reconcile-cluster": (reconcile_cluster.reconcile_cluster, {}),
    "upgrade-cluster": (upgrade_cluster.upgrade_cluster, {"kubernetes_version": "1.36.1"}),
    "rolling-update": (rolling_update.rolling_update, {"cloudonly": True}),
    "rotate-keypairs": (rotate_keypairs.rotate_keypairs, {"phase": "create", "keyset": "all"}),
    "rotate-keypairs, later": (
        rotate_keypairs.rotate_keypairs,
        {"phase": "promote", "keyset": "all"},
    ),
    "delete-cluster": (delete_cluster.delete_cluster, {}),
    "delete-cluster --unregister": (delete_cluster.delete_cluster, {"unregister": True}),
    "delete-secret": (delete_secret.delete_secret, {"secret": "dockerconfig"}),
    "delete-instance-group": (delete_instance_group.delete_instance_group, {"group": "more"}),
    "delete-instance-group, the last": (
        delete_instance_group.delete_instance_group,
        {"group": "control-plane-us-east-1a"},
    ),
    "snapshot restore": (restore.restore, {"snapshot": "latest"}),
    "snapshot epoch raise": (epoch.raise_, {}),
    "snapshot prune": (prune.prune, {}),
}
LEASELESS: Final = {"delete-instance-group, the last", "snapshot prune"}
"""Acts that are refused before they look for a lease, or that change no cluster."""
KOPS_ALONE: Final = {
    ("delete-instance-group", "cut_definition"),  # kops cannot use what kled can read
    ("reconcile-cluster", "nothing"),  # its act needs the Kubernetes API
    ("reconcile-cluster", "another_account"),
    ("reconcile-cluster", "lowered_bounds"),
    ("reconcile-cluster", "lost_snapshot"),
}
"""Acts that fail, and are not refused, where their previews cannot know it."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """A cluster that was applied, with a snapshot, and with a change that waits."""
    root = tmp_path_factory.mktemp("previews")
    desk = Alone(root / "box")
    desk.create(C, "--node-count=1")
    desk.must("create", "ig", "more", NAME, "--subnet=us-east-1a", "--edit=false")
    desk.apply(C)
    (root / "docker.json").write_text('{"auths": {}}')
    desk.must("create", "secret", "dockerconfig", NAME, "-f", str(root / "docker.json"))
    back_up(desk.line().stores, [C], progress=Quiet())
    key = f"{C}/instancegroup/{GROUP}"
    desk.edit(key, lambda group: group["spec"].__setitem__("machineType", "t3.large"))
    return desk


def run(
    desk: Alone, capsys: pytest.CaptureFixture[str], command: str, *, yes: bool, **more: Any
) -> Ended:
    function, options = COMMANDS[command]
    return typed(capsys, desk, function, env=desk.stores, name=C, yes=yes, **options, **more)


def refusal(ended: Ended) -> list[str]:
    """Return the words and the hint with which a command ended."""
    lines = ended.stderr.splitlines()
    return [line for line in lines if line.startswith(("kled: ", "hint: "))]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_preview_ends_as_the_act_would(
    desk: Alone, capsys: pytest.CaptureFixture[str], fault: Callable[[Alone], None]
) -> None:
    whole = desk.files()
    try:
        fault(desk)
        broken = desk.files()
        for command in COMMANDS:
            shown = run(desk, capsys, command, yes=False)
            changed = {path for path, body in desk.files().items() if broken.get(path) != body}
            assert changed == set(), command
            if (command, fault.__name__) in KOPS_ALONE:
                continue
            confirmed = {"confirm": C} if command == "snapshot restore" else {}
            done = run(desk, capsys, command, yes=True, **confirmed)
            desk.put_back(broken)
            assert shown.status == done.status, (command, shown.stderr, done.stderr)
            assert refusal(shown) == refusal(done), command
    finally:
        desk.put_back(whole)


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - LEASELESS))
def test_a_lease_that_another_writer_holds_refuses_a_preview_until_it_lapses(
    desk: Alone, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    whole = desk.files()
    try:
        writer = Writer("ada", "her run", "her host", 1)
        acquire(desk.line().stores.state, C, writer=writer, terms=Terms(), clock=CLOCK)

        shown = run(desk, capsys, command, yes=False)
        without = run(desk, capsys, command, yes=False, overrides=Overrides(no_lease=True))

        assert shown.status == without.status == 5
        assert f"{C} is held by ada on her host" in shown.stderr
        assert "--no-lease" not in shown.stderr
        assert "--no-lease is for state stores without" in without.stderr, "as the act says"
    finally:
        desk.put_back(whole)


@pytest.mark.parametrize(
    ("told", "root", "code"),
    [
        ({"name": C, "confirm": "g.example.com"}, None, 6),
        ({"everything": True}, b'{"format": 99}', 4),
        (
            {"everything": True},
            b'{"created": "2026-01-01T00:00:00Z", "verification_key": "x"}',
            2,
        ),
    ],
    ids=["another's name", "a newer kled", "no signing key"],
)
def test_a_prune_that_would_be_refused_is_refused_in_its_preview(
    desk: Alone,
    capsys: pytest.CaptureFixture[str],
    told: dict[str, Any],
    root: bytes | None,
    code: int,
) -> None:
    """Members more: confirmed with another name, and where kled may not write."""
    whole = desk.files()
    try:
        if root is not None:
            (desk.directory / "snapshots" / "kled.json").write_bytes(root)
        shown = typed(capsys, desk, prune.prune, env=desk.stores, **told)
        done = typed(capsys, desk, prune.prune, env=desk.stores, yes=True, **told)

        assert shown.status == done.status == code, shown.stderr + done.stderr
        assert refusal(shown) == refusal(done)
    finally:
        desk.put_back(whole)


def test_data_holds_why_and_how_the_act_would_end(
    desk: Alone, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = desk.files()
    try:
        lost_keyset(desk)
        for command in ("update-cluster", "rolling-update", "delete-cluster"):
            function, options = COMMANDS[command]
            shown = typed(capsys, desk, function, output="json", env=desk.stores, name=C, **options)
            told = json.loads(shown.stdout)
            assert told["exit_code"] == shown.status != 0, command
            assert "kubernetes-ca" in told["refused"], command
    finally:
        desk.put_back(whole)


def test_what_is_pending_and_would_be_refused_is_no_green_and_no_3(
    desk: Alone, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = desk.files()
    try:
        assert typed(capsys, desk, plan.plan, env=desk.stores, name=C).status == 3
        for fault, code in ((lost_keyset, 6), (damaged_group, 4), (open_scale_down, 6)):
            fault(desk)
            shown = typed(capsys, desk, plan.plan, env=desk.stores, name=C)
            assert shown.status == code, shown.stderr
            desk.put_back(whole)
    finally:
        desk.put_back(whole)


def test_what_passes_by_itself_is_no_matter_of_a_plan_for_later(
    desk: Alone, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = desk.files()
    try:
        writer = Writer("ada", "her run", "her host", 1)
        acquire(desk.line().stores.state, C, writer=writer, terms=Terms(), clock=CLOCK)

        assert typed(capsys, desk, plan.plan, env=desk.stores, name=C).status == 3
    finally:
        desk.put_back(whole)


@pytest.mark.parametrize("fault", [lost_keyset, cut_keyset], ids=lambda fault: fault.__name__)
def test_whether_a_cluster_is_healthy_is_refused_like_a_change_where_its_keys_are_gone(
    desk: Alone, capsys: pytest.CaptureFixture[str], fault: Callable[[Alone], None]
) -> None:
    """It was 1; and over a damaged keyset it told to update the cluster, which was refused."""
    whole = desk.files()
    try:
        fault(desk)

        asked = typed(capsys, desk, validate_cluster.validate_cluster, env=desk.stores, name=C)

        assert asked.status == 6
        assert "kubernetes-ca" in asked.stderr
        assert "--class=identity" in asked.stderr
        assert "never applied" not in asked.stderr
    finally:
        desk.put_back(whole)


def test_the_preview_of_a_prune_says_the_whole_command(
    desk: Alone, capsys: pytest.CaptureFixture[str]
) -> None:
    env = {**desk.stores, "KLED_PROTECTED": "f.*"}

    each = typed(capsys, desk, prune.prune, env=env, name=C, last=2)
    everyone = typed(capsys, desk, prune.prune, env=env, everything=True)

    assert f"kled snapshot prune {NAME} --last=2 --yes --confirm={C}" in each.stderr
    assert "kled snapshot prune --all --yes" in everyone.stderr


def test_a_roll_is_bound_to_what_was_previewed_as_by_its_flow(
    desk: Alone, capsys: pytest.CaptureFixture[str]
) -> None:
    """The flow took a digest, and the command none."""
    whole = desk.files()
    shown = run(desk, capsys, "rolling-update", yes=False, force=True)
    try:
        (told,) = [one for one in shown.stderr.splitlines() if one.startswith("preview only; ")]
        digest = told.rpartition("--digest=")[2]
        other = [
            run(desk, capsys, "rolling-update", yes=yes, force=True, digest="0" * 12)
            for yes in (False, True)
        ]
        done = run(desk, capsys, "rolling-update", yes=True, force=True, digest=digest)

        assert [one.status for one in other] == [6, 6]
        assert refusal(other[0]) == refusal(other[1])
        assert f"the roll is {digest} now, not {'0' * 12}" in other[0].stderr
        assert done.status == 0, done.stderr
    finally:
        desk.put_back(whole)
