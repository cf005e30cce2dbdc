"""Fault 102: a file that somebody names is read within bounds, whatever it is."""

import os
import threading
import time
from pathlib import Path

import pytest

from kled.cli.frame import settings_file
from kled.cli.terminal import editor
from kled.errors import InvalidInput, SettingsError
from kled.files.given import given_bytes, given_text, require_regular
from kled.kubernetes.client import connect
from kled.snapshot.documents.sealing import private_text


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("größe\n", encoding="utf-8")

    assert given_text(file) == "größe\n"


def test_what_a_shells_process_substitution_writes_is_read() -> None:
    reader, writer = os.pipe()

    def write() -> None:
        os.write(writer, b"a: 1\n")
        os.close(writer)

    late = threading.Timer(0.05, write)
    late.start()

    assert given_text(Path(f"/dev/fd/{reader}")) == "a: 1\n"
    os.close(reader)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/dev/zero", "/dev/zero holds more than 65536 bytes"),
        ("/", "cannot read /: it is a directory"),
        ("/proc/x", "cannot read /proc/x: no such file or directory"),
        ("/proc/self/mem", "cannot read /proc/self/mem: input/output error"),
        ("a\0b", "embedded null"),
        ("~nouser/x", "cannot read ~nouser/x: no such file or directory"),
        ("x" * 300, "file name too long"),
        ("/dev/null/x", "cannot read /dev/null/x: not a directory"),
    ],
)
def test_what_is_no_file_is_named(path: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        given_bytes(Path(path), limit=65_536)

    assert words in refused.value.message


def test_a_fifo_that_nobody_writes_to_is_waited_for_within_bounds(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    begun = time.monotonic()

    with pytest.raises(SettingsError, match=r"nothing came in 0\.05 seconds") as refused:
        given_text(fifo, patience=0.05)

    assert time.monotonic() - begun < 2
    assert "another program" in (refused.value.hint or "")


def test_a_socket_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match="is not UTF-8"):
        given_text(binary)


def test_what_another_program_would_read_must_be_a_file(tmp_path: Path) -> None:
    # kops would wait for ever at a FIFO, with the lease held
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    for path, words in (
        (fifo, "a FIFO"),
        (tmp_path, "a directory"),
        (Path("/dev/zero"), "a device"),
    ):
        with pytest.raises(SettingsError, match=words):
            require_regular(path, "--file")
    with pytest.raises(SettingsError, match="no such file"):
        require_regular(tmp_path / "absent", "--file")


def test_every_reader_of_a_given_file_keeps_the_bounds(tmp_path: Path) -> None:
    for path in (Path("/dev/zero"), tmp_path):
        with pytest.raises(SettingsError):
            editor.read(path)
        with pytest.raises(InvalidInput):
            private_text(path, "identity")
        with pytest.raises(InvalidInput):
            connect(path)
    with pytest.raises(SettingsError):
        settings_file.remember(Path("/dev/zero"), "s3://x", {}, default=True)


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "a: &a [*a]", "a: 1\na: 2", "&x " * 50, "\t- a\n b"]
)
def test_a_kubeconfig_given_by_hand_is_read_within_bounds(tmp_path: Path, body: str) -> None:
    # fault 92: nesting ended in a RecursionError
    file = tmp_path / "kubeconfig"
    file.write_text(body)

    with pytest.raises(InvalidInput):
        connect(file)
