"""An option that is empty, and an address with what no address has, are told by their names."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kled.cli import app


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home without settings, in which kops would leave a trace."""
    for name in [name for name in os.environ if name.startswith(("KLED_", "KOPS_", "PREFECT_"))]:
        monkeypatch.delenv(name)
    kops = tmp_path / "kops"
    kops.write_text(f"#!/bin/sh\n: >{tmp_path}/asked\nexit 1\n")
    kops.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KLED_KOPS", str(kops))
    monkeypatch.setenv("KLED_STATE_STORE", f"file://{tmp_path}")
    yield
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("kops get-clusters --name=", "--name"),
        ("kops update-cluster --yes --name=", "--name"),
        ("kops get-instances --state=", "--state"),
        ("snapshot list --name=", "--name"),
        ("snapshot prune --yes --name=", "--name"),
        ("snapshot mirror --to=", "--to"),
        ("kops export-kubecfg --kubeconfig=", "--kubeconfig"),
        ("kops edit-instance-group --name=c.example.com --instance-group=", "--instance-group"),
        ("kops edit-cluster --name=c.example.com --set=", "--set"),
        ("sandbox start --dir=", "--dir"),
        ("plan --name=", "--name"),
    ],
)
def test_an_empty_option_is_no_wish(
    words: str, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """`--name=$CLUSTER` of a variable that is not set was every cluster, or `'' is no name`."""
    typed = words.split()

    for written in (typed, [*typed[:-1], typed[-1].removesuffix("="), ""]):
        assert app.run(written) == 2
        told = capfd.readouterr().err
        assert told.startswith(f"kled: {option}: is empty\nhint: a variable in it may be unset")


def test_words_after_two_dashes_are_no_options(capfd: pytest.CaptureFixture[str]) -> None:
    assert app.run(["sandbox", "break", "--dir=/nowhere", "--", "--dir="]) == 2
    assert "is empty" not in capfd.readouterr().err


@pytest.mark.parametrize("odd", ["\x1b[31m", "\r", "\n", "\x9b"])
@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("kops get-clusters --state=URL", "--state"),
        ("snapshot list --snapshot-store=URL", "--snapshot-store"),
        ("snapshot mirror --to=URL", "--to"),
        ("kops configure-state-store --endpoint=URL", "--endpoint"),
    ],
)
def test_a_control_character_in_an_address_is_named(
    words: str, field: str, odd: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert app.run(words.replace("URL", f"s3://a{odd}").split(" ")) == 2

    told = capfd.readouterr().err
    assert told.startswith(
        f"kled: {field}: s3://a\\x" if odd > "\r" else f"kled: {field}: s3://a\\"
    )
    assert "holds the control character \\" in told


@pytest.mark.parametrize(
    "name",
    [
        "KOPS_STATE_STORE",
        "KLED_SNAPSHOT_STORE",
        "KLED_KOPS_MIRROR",
        "S3_ENDPOINT",
        "AWS_ENDPOINT_URL",
    ],
)
def test_a_line_end_in_a_variable_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "s3://a\r")

    assert app.run(["kops", "get-clusters"]) == 2
    assert capfd.readouterr().err.startswith(
        f"kled: {name}: s3://a\\r holds the control character \\r\nhint: type the address anew"
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('default-state-store = "s3://a\\u001b"', "default-state-store: s3://a\\x1b"),
        ('[state-stores."s3://a\\u001b"]', "state-stores: s3://a\\x1b"),
        (
            '[state-stores."s3://b"]\nendpoint = "x\\u001b"',
            'state-stores."s3://b".endpoint: x\\x1b',
        ),
        (
            '[state-stores."s3://b"]\nsnapshot-store = "s3://c\\u001b"',
            'state-stores."s3://b".snapshot-store: s3://c\\x1b',
        ),
        (
            '[snapshot-stores."s3://b"]\nendpoint = "x\\u001b"',
            'snapshot-stores."s3://b".endpoint: x\\x1b',
        ),
    ],
)
def test_a_control_character_in_the_settings_file_is_named(
    text: str,
    field: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("KLED_STATE_STORE")
    file = tmp_path / ".config" / "kled" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f"{text}\n")

    assert app.run(["kops", "get-clusters"]) == 2
    assert capfd.readouterr().err.startswith(f"kled: {field} holds")
