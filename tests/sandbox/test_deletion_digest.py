"""The digest of a deletion stands for what is deleted, and not for its kinds alone. K6.

It was the same before and after the definition was edited and an instance group was added.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from kled.cli.kops import delete_cluster
from kled.models.plan import Plan
from kled.models.plan_changes import differences, is_rest_of
from tests.sandbox.line import typed
from tests.sandbox.test_previews import GROUP, Alone, C

NAME: Final = f"--name={C}"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """A cluster that was applied, with a secret that somebody gave."""
    root = tmp_path_factory.mktemp("digests")
    desk = Alone(root / "box")
    desk.create(C, "--node-count=1")
    desk.apply(C)
    (root / "docker.json").write_text('{"auths": {}}')
    desk.must("create", "secret", "dockerconfig", NAME, "-f", str(root / "docker.json"))
    return desk


@pytest.fixture
def desk(whole: Alone) -> Iterator[Alone]:
    files = whole.files()
    yield whole
    whole.put_back(files)


Preview = Callable[[], Plan]


@pytest.fixture(params=[False, True], ids=["delete", "unregister"])
def preview(
    desk: Alone, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> Preview:
    def shown() -> Plan:
        told: dict[str, Any] = {"name": C, "unregister": request.param}
        ended = typed(
            capsys, desk, delete_cluster.delete_cluster, output="json", env=desk.stores, **told
        )
        assert ended.status == 0, ended.stderr
        return Plan.from_json(json.loads(ended.stdout))

    return shown


def edited_cluster(desk: Alone) -> None:
    desk.must("edit", "cluster", NAME, "--set=spec.channel=alpha")


def edited_group(desk: Alone) -> None:
    desk.must("edit", "ig", GROUP, NAME, "--set=spec.maxSize=7")


def one_more_group(desk: Alone) -> None:
    desk.must("create", "ig", "more", NAME, "--subnet=us-east-1a", "--edit=false")


def one_more_key(desk: Alone) -> None:
    """A member more: whose key it is that goes."""
    desk.must("create", "keypair", "service-account", NAME)


def one_secret_less(desk: Alone) -> None:
    """A member more."""
    desk.must("delete", "secret", "dockerconfig", NAME)


@pytest.mark.parametrize(
    "change", [edited_cluster, edited_group, one_more_group, one_more_key, one_secret_less]
)
def test_what_is_stored_otherwise_has_another_digest(
    desk: Alone, preview: Preview, change: Callable[[Alone], None]
) -> None:
    before = preview()
    assert preview().digest == before.digest

    change(desk)

    after = preview()
    assert after.digest != before.digest
    assert differences(before, after)


def test_what_etcd_copies_meanwhile_changes_nothing(desk: Alone, preview: Preview) -> None:
    before = preview()
    backup = desk.state / C / "backups/etcd/main/2026-11-24T23:45:00Z-000075"
    backup.mkdir(parents=True, exist_ok=True)
    (backup / "_etcd_backup.meta").write_text("{}")

    assert preview().digest == before.digest


def test_what_a_killed_deletion_left_is_the_rest_of_what_was_approved(
    desk: Alone, preview: Preview
) -> None:
    one_more_group(desk)
    before = preview()
    (desk.state / C / "instancegroup" / "more").unlink()
    (desk.state / C / "secrets" / "dockerconfig").unlink()

    left = preview()

    assert is_rest_of(left, before)
    assert not is_rest_of(before, left)
