"""Fault 90: any user id, umask, locale, directory and stream; what can be done is done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kled.cli import app
from kled.cli.terminal import streams
from tests.boxes import Box, measured

KLED = (sys.executable, "-m", "kled")
REPOSITORY = Path(app.__file__).parents[2]
NOBODY = 54_321
"""A user id that no passwd has."""
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def run(
    *args: str, env: dict[str, str], around: str = "exec", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run kled by a shell, whose words come before and after the command."""
    return subprocess.run(
        [
            "bash",
            "-c",
            f'{around.partition("...")[0]} "$@"{around.partition("...")[2]}',
            "x",
            *args,
        ],
        env={"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY), **env, **measured()},
        capture_output=True,
        cwd=cwd,
        check=False,
        timeout=120,
    )


def refused(
    env: dict[str, str], *more: str, around: str = "exec"
) -> "subprocess.CompletedProcess[bytes]":
    return run(*KLED, "kops", "get-clusters", "--state=größe", *more, env=env, around=around)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_a_user_id_without_a_name_and_a_home_is_nobody_special() -> None:
    # the interpreter may lie in a directory of root's: the capability lets it be read
    reads = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    somebody = ("setpriv", f"--reuid={NOBODY}", "--clear-groups", *reads)

    done = run(*somebody, *KLED, "kops", "get-clusters", "--state=file:///nowhere", env={})

    assert done.stderr.startswith(b"kled: there is no kops: "), done.stderr
    assert done.returncode == 2


def test_a_locale_of_few_characters_gets_escapes() -> None:
    done = refused(ASCII)

    assert b"state store: gr\\xf6\\xdfe is of no kind" in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_results_are_whole_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "größe ☃.toml"
    file.write_text('[state-stores."s3://größe"]\nregion = 1\n', encoding="utf-8")

    done = run(
        *KLED, "kops", "get-clusters", f"--config={file}", env={"PYTHONIOENCODING": encoding}
    )

    assert b"Traceback" not in done.stderr
    assert b"must be a string" in done.stderr
    assert done.returncode == 2


@pytest.mark.slow
def test_names_in_a_directory_are_utf_8_in_any_locale(box: Box) -> None:
    # one member more: another locale took them for bytes that are no UTF-8, and left them out
    assert (
        box.kled("kops", "create-cluster", "--name=c.example.com", "--zones=us-east-1a").returncode
        == 0
    )
    (box.directory / "state" / "c.example.com" / "größe").write_text("kept")
    store = {"KLED_SNAPSHOT_STORE": f"file://{box.directory}/snapshots"}

    taken = run(*KLED, "snapshot", "create", "--all", "-ojson", env=box.env | store | ASCII)

    assert b"no UTF-8" not in taken.stdout + taken.stderr
    shown = box.kled(
        "snapshot", "show", "--name=c.example.com", "--snapshot=newest", "-ojson", env=store
    )
    assert "größe" in shown.stdout


def test_a_working_directory_that_is_gone_is_missed_only_where_it_is_needed(
    tmp_path: Path,
) -> None:
    gone = tmp_path / "gone"
    there = f"mkdir {gone}; cd {gone} || exit; rmdir {gone}; exec"

    works = refused({"HOME": str(tmp_path)}, around=there)

    assert (works.returncode, b"of no kind" in works.stderr) == (2, True)


def test_a_working_directory_that_is_gone_is_named_where_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(FileNotFoundError) as missing:
        Path("kubeconfig").absolute()

    assert app._ending(missing.value, verbose=False) == 1
    assert capsys.readouterr().err == (
        "kled: the working directory is gone\nhint: cd to one that is there\n"
    )


def test_closed_streams_end_nothing() -> None:
    done = refused({}, around="exec ... <&- >&- 2>&-")

    assert done.returncode == 2


def test_nobody_who_reads_the_words_changes_no_exit_code() -> None:
    # one member more: Python's own status 120 where stderr could not be flushed
    full = refused({}, around="exec ... 2>/dev/full")
    gone = refused({}, around="set -o pipefail; ... 2>&1 | true")

    assert (full.returncode, gone.returncode) == (2, 2)


def test_a_umask_that_forbids_everything_forbids_kled_nothing(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        assert app.run(["kops", "get-clusters", "--state=nothing"]) == 2
        assert os.umask(0) == 0o077
    finally:
        os.umask(before)


@pytest.mark.parametrize("size", ["0", "-1", "", "x", "²", "٣", "9" * 5000, "1e3"])
def test_sizes_that_are_none_are_forgotten(size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # rich takes `²` for a number, as `str.isdigit` does, and fails over it
    monkeypatch.setenv("COLUMNS", size)
    monkeypatch.setenv("LINES", size)

    streams.prepare()

    assert streams.err().console().width > 0
    assert "COLUMNS" not in os.environ
