"""A secret that kops writes in two halves: what is between them hides neither. Fault 56."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled import process
from kled.errors import KopsError
from kled.kops.call import KopsCalls

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "Zk3vQ9xT/7mB2cW8rJ5nL0pYé"
LINES = "first-line-of-a-secret\nsecond-line-of-a-secret"
BODY = "MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY[::-1]}\n-----END RSA PRIVATE KEY-----"
PROGRAM = """#!{python}
import os, sys, time
def write(data):
    for stream in (1, 2):
        os.write(stream, data)
for piece in {pieces!r}:
    write(piece)
    time.sleep(0.02)
sys.exit({status})
"""


@dataclass
class Talk:
    """Every word that a person can come to read of one call of kops."""

    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join((*self.lines, *self.errors))


def said(directory: Path, *pieces: bytes, status: int = 1) -> Talk:
    """Run a program that writes the pieces, one after another, to both of its streams."""
    program = directory / "kops"
    program.write_text(PROGRAM.format(python=sys.executable, pieces=pieces, status=status))
    program.chmod(0o700)
    env = {"PATH": os.environ["PATH"], "HCLOUD_TOKEN": SECRET, "OTHER_SECRET": LINES}
    talk = Talk()
    calls = KopsCalls(
        program,
        run=process.run,
        env=env,
        state_store="s3://state",
        scratch=directory,
        on_line=talk.lines.append,
        timeout=timedelta(seconds=30),
    )
    try:
        talk.lines += calls.change(["update", "cluster", "--name=c.example.com", "--yes=true"])
    except KopsError as error:
        talk.errors += [error.message, error.hint or "", error.stderr]
    return talk


def halves(secret: str, between: str = "") -> tuple[bytes, bytes]:
    """Cut a secret in the middle of it, be it within a character."""
    whole = f"Error: used {secret} there\n".encode()
    at = whole.index(secret.encode()) + len(secret.encode()) // 2
    return whole[:at] + between.encode(), whole[at:]


def holds(text: str, secret: str, length: int = 9) -> list[str]:
    """Return the pieces of that many characters that `text` has of `secret`."""
    pieces = (secret[at : at + length] for at in range(len(secret) - length + 1))
    return [one for one in pieces if one in text]


@pytest.mark.parametrize("between", ["", "\n", "\n\t", "\\\n", "\r\n", "\n  | "])
def test_a_known_secret_that_comes_in_two_writes(tmp_path: Path, between: str) -> None:
    talk = said(tmp_path, *halves(SECRET, between))

    assert "[redacted]" in talk.text
    assert "there" in talk.text
    assert not holds(talk.text, SECRET)


def test_one_that_is_cut_within_a_character_and_never_goes_on(tmp_path: Path) -> None:
    cut = f"Error: used {SECRET}".encode()[:-1]

    talk = said(tmp_path, cut[:20], cut[20:])

    assert "used [redacted]" in talk.text
    assert not holds(talk.text, SECRET)


def test_one_that_is_cut_into_three_lines(tmp_path: Path) -> None:
    talk = said(tmp_path, *(f"{SECRET[at : at + 9]}\n".encode() for at in range(0, 27, 9)))

    assert not holds(talk.text, SECRET, 8)


def test_a_known_secret_of_two_lines(tmp_path: Path) -> None:
    talk = said(tmp_path, *halves(LINES))

    assert "second-line" not in talk.text
    assert "first-line" not in talk.text


@pytest.mark.parametrize("at", [10, 70, 130])
@pytest.mark.parametrize("whole", [True, False])
def test_a_private_key(tmp_path: Path, at: int, whole: bool) -> None:
    text = f"key: {PEM}\nafter it\n" if whole else f"key: {PEM[:140]}"

    talk = said(tmp_path, text.encode()[:at], text.encode()[at:])

    assert ("after it" in talk.text) is whole
    assert not holds(talk.text, BODY, 16)
    assert not holds(talk.text, BODY[::-1], 16)


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ('"token": "abcdefgh', 'ijklmnop"\n'),
        ("password: |\n  abcdefgh", "ijklmnop\n  qrstuvwx\n"),
        ("Authorization: Bea", "rer abcdefghijklmnop\n"),
        ("https://me:abcdefgh", "ijklmnop@proxy/\n"),
        ("ghp_abcdefgh", "ijklmnopqrstuvwx\n"),
        ('"password": "abcdefgh\n', 'ijklmnop"\n'),
    ],
)
def test_a_shape_that_comes_in_two_writes(tmp_path: Path, first: str, rest: str) -> None:
    talk = said(tmp_path, first.encode(), rest.encode(), b"after it\n")

    assert "after it" in talk.text
    assert not holds(talk.text, "abcdefghijklmnopqrstuvwx", 8)
