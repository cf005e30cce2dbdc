"""What kled tells people to type names the places that are meant.

A hint that left out `--state` acted, typed exactly, on whatever store the shell named.
"""

from typing import Final

import click
import pytest

from kled.commands import (
    ADVICE,
    CONFIRMED,
    NOWHERE,
    TAKES,
    Places,
    about,
    advised,
    completed,
    without_snapshots,
)
from tests.unit.cli.test_every_option import COMMANDS

HERE: Final = Places("s3://typed", "s3://kept", "/etc/k.toml")
OLD: Final = "--state=s3://typed"
BARE: Final = f"{OLD} --config=/etc/k.toml"
ALL: Final = f"{OLD} --snapshot-store=s3://kept --config=/etc/k.toml"


def test_the_commands_and_the_places_that_they_take_are_those_of_the_command_line() -> None:
    assert {f"kled {path}" for path in TAKES} == set(COMMANDS)
    for path, command in COMMANDS.items():
        offered = {name for one in command.params for name in one.opts}
        assert TAKES[path.removeprefix("kled ")] <= offered, path
        assert ("--snapshot-store" in offered) == (
            "--snapshot-store" in TAKES[path.removeprefix("kled ")]
        ), path


def test_the_commands_that_want_a_name_once_more_are_those_of_the_command_line() -> None:
    offering = {
        path.removeprefix("kled ")
        for path, command in COMMANDS.items()
        if any("--confirm" in one.opts and "--yes" in names(command) for one in command.params)
    }

    assert offering == CONFIRMED


def names(command: click.Command) -> set[str]:
    return {name for one in command.params for name in one.opts}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "back with kled snapshot restore --name=p.a.b --yes",
            "back with kled snapshot restore --name=p.a.b --yes --confirm=p.a.b",
        ),
        (
            "kled snapshot restore --name=p.a.b --as=a/x --yes && kled plan",
            "kled snapshot restore --name=p.a.b --as=a/x --confirm=a/x --yes && kled plan",
        ),
        (
            "kled kops delete-instance-group --name=p.a.b --yes, at last",
            "kled kops delete-instance-group --name=p.a.b --yes --confirm=p.a.b, at last",
        ),
    ],
)
def test_a_command_that_acts_on_a_protected_cluster_names_it_once_more(
    text: str, whole: str
) -> None:
    """Ways back, hints and results named commands that were refused as they were printed."""
    protecting = Places(protected=("p.*",))

    assert completed(text, protecting) == whole
    assert completed(whole, protecting) == whole


@pytest.mark.parametrize(
    "text",
    [
        "kled snapshot restore --name=prod.a.b --snapshot=latest",
        "kled snapshot restore --name=dev.a.b --snapshot=latest --yes",
        "kled snapshot prune --all --yes",
        "kled kops update-cluster --name=prod.a.b --yes",
    ],
)
def test_what_shows_or_is_of_no_protected_cluster_needs_no_name_once_more(text: str) -> None:
    assert completed(text, Places(protected=("prod.*",))) == text


def test_whatever_names_a_place_and_is_shared_is_known() -> None:
    shared = set.intersection(
        *({name for one in command.params for name in one.opts} for command in COMMANDS.values())
    )
    shown = {"--output", "-o", "--verbose", "-v"}

    assert shared - shown == {"--state", "--config"}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "kled kops delete-cluster --name=c --unregister",
            f"kled kops delete-cluster --name=c --unregister {ALL}",
        ),
        (
            "first kled kops update-cluster --name=c --yes, then kled plan",
            f"first kled kops update-cluster --name=c --yes {ALL}, then kled plan {BARE}",
        ),
        ("(kled doctor tries it)", f"(kled doctor {BARE} tries it)"),
        (
            "(kled snapshot list --name=c), then",
            f"(kled snapshot list --name=c {ALL}), then",
        ),
        (
            "kops trust keypair kubernetes-ca 12 --name=c && kops get all",
            "kops trust keypair --state=s3://typed kubernetes-ca 12 --name=c && kops get all",
        ),
        (
            "kled kops create-secret dockerconfig --name=c",
            f"kled kops create-secret {ALL} dockerconfig --name=c",
        ),
        (
            "kled kops edit-cluster --name=c --set='spec.a=b; c'. It",
            f"kled kops edit-cluster --name=c --set='spec.a=b; c' {ALL}. It",
        ),
        ("`kled plan`", f"`kled plan {OLD} --config=/etc/k.toml`"),
        (
            "kled run update-cluster name=c",
            f"kled run {OLD} --config=/etc/k.toml update-cluster name=c",
        ),
    ],
)
def test_a_command_in_a_sentence_gets_what_it_lacks(text: str, whole: str) -> None:
    assert completed(text, HERE) == whole
    assert completed(whole, HERE) == whole
    assert completed(text, NOWHERE) == text


@pytest.mark.parametrize(
    "text",
    [
        "kled kops install --version=1.36.2",
        "eval $(kled sandbox env)",
        "kled run update-cluster name=c --deployment=production",
        "kled kops no-such-command --name=c",
        "kled kops is a group, /usr/bin/kled kops plan is none",
        "kled approve 1a2b",
    ],
)
def test_what_takes_no_place_is_left_as_it_is(text: str) -> None:
    assert completed(text, HERE) == text


def test_a_place_that_a_command_names_itself_is_kept() -> None:
    text = "kled kops update-cluster --state=s3://new --name=c --snapshot-store s3://b"

    assert completed(text, HERE) == (
        "kled kops update-cluster --state=s3://new --name=c"
        " --config=/etc/k.toml --snapshot-store s3://b"
    )
    assert completed("kled plan --name=c --verbose shows it", Places("s3://a")) == (
        "kled plan --name=c --state=s3://a --verbose shows it"
    )


def test_a_url_is_quoted_for_a_shell() -> None:
    text = completed("kled plan --name=c", Places("file:///a b;rm"))

    assert text == "kled plan --name=c --state='file:///a b;rm'"


def test_in_data_only_sentences_of_kled_are_completed() -> None:
    label = "kled plan --name=c"
    row = dict.fromkeys(ADVICE, "kled plan") | {"labels": {"next-step": label}, "old": label}

    told = advised([row], Places("s3://a"))

    assert told == [
        dict.fromkeys(ADVICE, "kled plan --state=s3://a")
        | {"labels": {"next-step": label}, "old": label}
    ]


def test_a_failure_of_kops_names_the_cluster_of_its_call_in_what_is_to_be_typed() -> None:
    # fault 18, another member: `update-cluster --yes` without --name ends with exit 2
    text = "run kled kops update-cluster --yes first; kled kops get-clusters lists all; kled doctor"

    assert about(text, "c.example.com") == (
        "run kled kops update-cluster --name=c.example.com --yes first; kled kops get-clusters"
        " lists all; kled doctor"
    )
    assert about("kled kops get-instances --name=b", "c.example.com") == (
        "kled kops get-instances --name=b"
    )


def test_kops_itself_is_told_a_directory_by_its_path() -> None:
    """It decodes no URL: file:///srv/a%20b is another directory to it."""
    here = Places(state="file:///srv/a%20b")
    assert completed("kops trust keypair ca 1; kled plan", here) == (
        "kops trust keypair --state='/srv/a b' ca 1; kled plan --state=file:///srv/a%20b"
    )
    other = Places(state="s3://bucket/a b")
    assert completed("kops edit cluster", other) == "kops edit cluster --state='s3://bucket/a b'"


def test_kops_itself_is_told_what_only_kled_knows() -> None:
    """It reads no settings file; where kled installed it, no shell finds it."""
    places = Places(state_of_kops="s3://stored", kops="/home/a b/kops")
    text = "kops distrust keypair ca 7 --name=c; kled kops get-keypairs --name=c"

    said = completed(text, places)

    assert said == (
        "'/home/a b/kops' distrust keypair --state=s3://stored ca 7 --name=c;"
        " kled kops get-keypairs --name=c"
    )
    assert completed(said, places) == said


def test_without_a_snapshot_store_a_hint_names_no_command_on_snapshots() -> None:
    """It named a restore, which ends with exit 2 where no snapshot store is configured."""
    listed, back = "kled kops get-clusters lists them", "it comes back with: kled snapshot restore"

    assert without_snapshots(f"{listed}; {back} --name=c") == listed
    assert without_snapshots(f"{back} --name=c") == ""
    assert without_snapshots(listed) == listed
