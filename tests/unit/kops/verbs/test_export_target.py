"""Where a kubeconfig goes is tried before anything is made for it."""

import os
from pathlib import Path

import pytest

from kled.errors import DiskUnusable, InvalidInput
from kled.kops.verbs.kubeconfig import require_target

OTHERS = 12_345


def test_a_new_file_and_one_of_ours_can_be_written_and_trying_leaves_nothing(
    tmp_path: Path,
) -> None:
    ours, empty, plain = (tmp_path / name for name in ("ours", "empty", "plain"))
    plain.write_text("contexts: []\n")  # client-go takes it for a kubeconfig
    ours.write_text("apiVersion: v1\nkind: Config\ncontexts: []\n")
    empty.touch()

    for target in (tmp_path / "new", tmp_path / "a" / "b" / "new", ours, empty, plain):
        require_target(target)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["empty", "ours", "plain"]


def test_a_directory_a_device_and_a_file_for_a_directory_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # fault 22

    with pytest.raises(InvalidInput, match="is not a regular file"):
        require_target(tmp_path)
    with pytest.raises(InvalidInput, match="is not a regular file"):
        require_target(Path("/dev/null"))
    with pytest.raises(
        DiskUnusable, match=r"cannot write \S+/file/kubeconfig in \S+/file: not a directory"
    ):
        require_target(tmp_path / "file" / "kubeconfig")


def test_a_directory_that_takes_no_file_is_refused() -> None:
    """As one that is read-only; nobody makes files there, not even root."""
    with pytest.raises(
        DiskUnusable, match=r"cannot write /proc/\d+/task/kubeconfig in /proc/\d+/task: "
    ):  # fault 22
        require_target(Path("/proc/self/task/kubeconfig"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "kubeconfig"
    target.touch()
    os.chown(target, OTHERS, OTHERS)

    with pytest.raises(InvalidInput, match="is another user's"):  # fault 22
        require_target(target)


@pytest.mark.parametrize("body", ["a: [", "words", "kind: Pod\n", "a: 1\na: 2\n", "\xff\x00"])
def test_a_file_to_which_no_context_can_be_added_is_refused(tmp_path: Path, body: str) -> None:
    target = tmp_path / "kubeconfig"
    target.write_text(body, encoding="latin-1")

    with pytest.raises(InvalidInput, match="is not a kubeconfig"):
        require_target(target)
