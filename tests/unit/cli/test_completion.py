"""What Tab offers (fault 37: clusters and groups were not completed).

A table for every option of every command; a new one that takes a name has to be in it.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from deployments import catalog
from deployments.outline import parameters
from kled.cli.completing import offers
from kled.cli.completing.following_words import kind_of
from kled.cli.flows.help import metavar
from kled.cli.frame.parameters import Text
from kled.models.spec import ClusterSpec
from tests.unit.cli.tabs import (
    CLUSTER,
    GROUPS,
    IDS,
    KEYSETS,
    LOST,
    SECRETS,
    in_stores,
    inserted,
    offered,
    put,
)
from tests.unit.cli.test_every_option import COMMANDS

__all__ = ["in_stores"]  # the fixture
pytestmark = pytest.mark.usefixtures("in_stores")

FREE: Final = {
    "CHANNEL": "kops' channels, or any URL",
    "HEX": "a digest, which a preview shows",
    "KEY=VALUE": "of people's own choosing",
    "N": "a number",
    "N/M": "two numbers",
    "N|all": "a number",
    "NAME": "of what is new",
    "PREFIX": "a place that is new",
    "REGION": "the cloud lists them",
    "TEXT": "people's own words",
    "TIME": "a time",
    "WORDS": "people's own words",
    "X.Y.Z": "a version; what is served is on the network",
    "[KEY=VALUE]...": "parameters, which have a test of their own",
    "DURATION": "a time",
    "FILE": "a file, which the shell completes",
    "true|false": "itself",
}
"""Kinds of values for which nothing is looked up, and why."""
ONCE_MORE: Final = {"--confirm", "--new-identity"}
EXPECTED: Final = {
    "AFTER": ["latest", *IDS],
    "BEFORE": ["live", "newest"],
    "CLOUD": ["hetzner"],
    "CLUSTER": [CLUSTER],
    "ENV": ["default", "production"],
    "FAULT": ["throttled"],
    "FLOW": ["back-up-state", "roll-cluster"],
    "GROUP": GROUPS,
    "GROUP|INSTANCE": GROUPS,
    "ID": ["latest", *IDS],
    "KEYSET": ["all", *KEYSETS],
    "PATH": ["spec.", "metadata."],
    "PATH=VALUE": ["spec.", "metadata."],
    "SECRET": SECRETS,
}
"""Some of what is offered for each kind."""


def _texts() -> Iterator[tuple[str, click.Parameter]]:
    for path, command in COMMANDS.items():
        for param in command.params:
            if isinstance(param.type, Text) and not getattr(param, "is_flag", False):
                yield path, param


TEXTS: Final = [pytest.param(path, one, id=f"{path} {one.opts[0]}") for path, one in _texts()]
NAMED: Final = [
    pytest.param(path, one, id=f"{path} {one.opts[0]}")
    for path, one in _texts()
    if kind_of(one) in EXPECTED and one.opts[0] not in ONCE_MORE
]


@pytest.mark.parametrize(("path", "param"), TEXTS)
def test_each_option_says_what_kind_of_value_it_takes(path: str, param: click.Parameter) -> None:
    kind = kind_of(param)

    assert (kind in FREE) != offers.is_offered(kind), f"{path} {param.opts[0]} takes {kind}"


@pytest.mark.parametrize(("path", "param"), NAMED)
def test_an_option_that_takes_a_name_is_completed(path: str, param: click.Parameter) -> None:
    named = any(one.opts[0] == "--name" for one in COMMANDS[path].params)
    name = f" --name={CLUSTER}" if named and param.opts[0] != "--name" else ""
    option = f"{param.opts[0]}=" if isinstance(param, click.Option) else ""
    before = "x " if kind_of(param) == "AFTER" else ""

    found = offered(f"{path}{name} {before}{option}")

    assert {f"{option}{one}" for one in EXPECTED[kind_of(param)]} <= set(found)


@pytest.mark.parametrize("option", ["--name=", "--name ", "--name=c", "--name c."])
def test_both_spellings_of_an_option_are_completed(option: str) -> None:
    before = "--name=" if "=" in option else ""

    assert offered(f"kled kops get-instances {option}") == [f"{before}{CLUSTER}"]


@pytest.mark.parametrize("option", ["--confirm", "--new-identity"])
def test_a_name_that_is_typed_once_more_is_not_offered(option: str) -> None:
    command = "delete-cluster" if option == "--confirm" else "update-cluster"

    assert offered(f"kled kops {command} --name={CLUSTER} {option}=") == []
    assert offered(f"kled run {command} name={CLUSTER} {option.removeprefix('--')}=") == []


def test_a_lost_cluster_is_offered_where_its_snapshots_are_meant() -> None:
    assert offered("kled snapshot restore --name=l") == [f"--name={LOST}"]
    assert offered("kled run restore-state name=l") == [f"name={LOST}"]
    assert offered("kled kops get-instances --name=l") == []
    assert offered("kled snapshot create --name=l") == []


def test_groups_are_those_of_the_only_cluster_where_none_is_named(in_stores: Path) -> None:
    line = "kled kops rolling-update --instance-group=n"
    assert offered(line) == ["--instance-group=nodes-us-east-1a"]

    put(in_stores / "state", "d.example.com/config")

    assert offered(line) == []


def test_the_cluster_is_the_last_that_a_repeatable_name_gives(in_stores: Path) -> None:
    put(in_stores / "state", "d.example.com/config", "d.example.com/secrets/only-of-d")

    line = f"kled snapshot create --name={CLUSTER} --name=d.example.com --rotated="
    assert offered(line) == ["--rotated=only-of-d"]


def test_the_store_on_the_line_wins(in_stores: Path) -> None:
    put(in_stores / "other", "other.example.com/config")
    other = (in_stores / "other").as_uri()

    assert offered(f"kled kops get-instances --state={other} --name=") == [
        "--name=other.example.com"
    ]
    assert offered(f"kled run update-cluster --state {other} name=") == ["name=other.example.com"]


@pytest.mark.parametrize(
    ("line", "urls"),
    [
        ("kled kops get-clusters --state=", ["s3://acme-state"]),
        ("kled snapshot list --snapshot-store=", ["gs://acme-second", "s3://acme-kept"]),
        ("kled snapshot restore --to=", ["s3://acme-state"]),
        ("kled snapshot mirror --to=", ["gs://acme-second", "s3://acme-kept"]),
        ("kled kops configure-state-store --endpoint=", []),
    ],
)
def test_stores_of_the_settings_file_are_offered(line: str, urls: list[str]) -> None:
    option = line.rpartition(" ")[2]

    assert offered(line) == [f"{option}{url}" for url in urls]


def test_enumerated_values_flags_and_files_are_completed() -> None:
    assert offered("kled kops get-instances --output=") == [
        f"--output={one}" for one in ("table", "json", "yaml")
    ]
    assert offered("kled kops rotate-keypairs --phase=p") == ["--phase=promote"]
    assert offered("kled kops create-cluster --dns p") == ["public", "private"]
    assert offered("kled kops delete-cluster --ye") == ["--yes"]
    assert offered("kled kops delete-cluster --nam") == ["--name="]
    assert offered("kled kops edit-cluster --file=/tm") == ["--file=/tm"]  # the shell's


@pytest.mark.parametrize("entry", catalog.load(catalog.path()), ids=lambda entry: entry.flow)
def test_the_parameters_of_each_flow_are_completed(entry: catalog.CatalogEntry) -> None:
    taken = [one.name.replace("_", "-") for one in parameters(entry)]
    spec = [name.replace("_", "-") for name in ClusterSpec.model_fields]
    expected = [*(spec if "spec" in taken else ()), *(one for one in taken if one != "spec")]

    found = offered(f"kled run {entry.flow} ")

    assert sorted(found) == sorted(f"{one}=" for one in expected if one != "yes")


@pytest.mark.parametrize("entry", catalog.load(catalog.path()), ids=lambda entry: entry.flow)
def test_a_flows_parameter_that_takes_a_name_is_completed(entry: catalog.CatalogEntry) -> None:
    for one in parameters(entry):
        kind = metavar(one.type).removesuffix(",...")
        assert kind in FREE or kind == "TEXT" or offers.is_offered(kind) or "|" in kind
        if kind in EXPECTED and one.name not in {"confirm", "new_identity"}:
            name = "" if one.name == "name" else f"name={CLUSTER} "
            found = offered(f"kled run {entry.flow} {name}{one.name}=")
            assert {f"{one.name}={each}" for each in EXPECTED[kind]} <= set(found)


def test_a_flows_values_know_their_choices_and_lists() -> None:
    named = f"kled run roll-cluster name={CLUSTER}"

    assert offered(f"{named} instance-group=x,n") == ["instance-group=x,nodes-us-east-1a"]
    assert offered("kled run create-cluster topology=") == ["topology=public", "topology=private"]
    assert offered("kled run create-cluster cloud=h") == ["cloud=hetzner"]
    assert offered("kled run create-cluster bastion=t") == ["bastion=true"]
    assert offered(f"{named} nam") == []  # it is given
    assert offered("kled run nosuch name=") == []


HOSTILE: Final = [
    "$(touch pwned)",
    "`id`",
    "a\nb",
    "a\tb",
    "\x1b]0;t\x07",
    "a b",
    "'",
    "*",
    "\u202ex",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_in_a_store_is_not_offered(in_stores: Path, name: str) -> None:
    put(in_stores / "state", f"{name}/config", f"{CLUSTER}/instancegroup/{name}")
    put(in_stores / "state", f"{CLUSTER}/pki/private/{name}/keyset.yaml")
    put(in_stores / "state", f"{CLUSTER}/secrets/{name}")
    put(in_stores / "kept", f"clusters/{name}/{IDS[0]}/manifest.json")

    assert offered("kled kops get-instances --name=") == [f"--name={CLUSTER}"]
    assert offered("kled snapshot show --name=") == [f"--name={CLUSTER}", f"--name={LOST}"]
    for command, option in (
        ("rolling-update", "--instance-group"),
        ("rotate-keypairs", "--keyset"),
        ("delete-secret", "--secret"),
    ):
        assert not [one for one in offered(f"kled kops {command} {option}=") if name in one]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_file_is_called_reaches_no_shell_as_code(in_stores: Path, name: str) -> None:
    file = in_stores / "home" / "environments" / f"{name}.yaml"
    file.touch()

    for shell in ("bash", "zsh", "fish"):
        for word in inserted("kled deploy --environment=", shell):
            back = subprocess.run(
                ["bash", "-c", f"printf %s {word}"] if shell == "bash" else ["printf", "%s", word],
                capture_output=True,
                text=True,
                check=True,
                cwd=in_stores,
            )
            value = back.stdout.removeprefix("--environment=")
            assert value in {"default", "production", name}
    assert not (in_stores / "pwned").exists()


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("kled kops get-instances --name=c", ["c.example.com"]),
        ("kled kops get-instances --name c", ["c.example.com"]),
        ("kled kops get-instances --name='c", ["c.example.com"]),
        ('kled kops get-instances --name="', ["c.example.com"]),
        ("kled kops get-instances --na", ["--name="]),
        ("kled kops get-clusters --state=s3:/", ["//acme-state"]),
        ("kled kops get-clusters --state s3://a", ["//acme-state"]),
        ("kled run update-cluster name=c", ["c.example.com"]),
        ("kled kops get-instances --name=c\\", []),
        ("kled kops get-instances --name='c'", []),
        ("kled kops get-instances --name=$(id)", []),
        ("kled kops get-instances --name='$(id", []),
    ],
)
def test_bash_gets_what_follows_its_last_break(line: str, rest: list[str]) -> None:
    assert inserted(line) == rest


def test_zsh_and_fish_get_the_whole_word() -> None:
    for shell in ("zsh", "fish"):
        assert inserted("kled kops get-instances --name=c", shell) == [f"--name={CLUSTER}"]
        assert inserted("kled kops get-clusters --state=s3:/", shell) == ["--state=s3://acme-state"]


BROKEN: Final = [
    {"KLED_STATE_STORE": "file:///no/such/directory"},
    {"KLED_STATE_STORE": "nonsense://x"},
    {"KLED_STATE_STORE": "s3://[", "AWS_EC2_METADATA_DISABLED": "true"},
    {"KLED_CONFIG": "/no/such/file"},
    {"KLED_CONFIG": "/dev/zero"},
    {"KLED_NO_SUCH_VARIABLE": "1"},
    {"KLED_SANDBOX": "/no/such/sandbox"},
]


@pytest.mark.parametrize("env", BROKEN, ids=str)
@pytest.mark.parametrize(
    "line",
    [
        "kled kops get-instances --name=",
        "kled kops scale-instance-group --instance-group=",
        "kled run update-cluster name=",
        "kled kops get-instances --state=\x01 --name=",
    ],
)
def test_what_fails_offers_nothing(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], line: str
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    assert offered(line) == []


def test_words_for_snapshots_are_offered_where_no_store_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KLED_SNAPSHOT_STORE", "file:///no/such/directory")

    line = f"kled snapshot show --name={CLUSTER} --snapshot="
    assert offered(line) == ["--snapshot=latest", "--snapshot=newest"]


def test_a_look_up_that_takes_long_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "PATIENCE", 0.05)

    def slow() -> list[str]:
        time.sleep(0.5)
        return ["late"]

    assert offers.look_up_all(slow, lambda: ["in time"]) == ["in time"]


def test_nothing_is_written(in_stores: Path) -> None:
    before = sorted(in_stores.rglob("*"))

    for path in COMMANDS:
        offered(f"{path} --name=")
    offered(f"kled snapshot show --name={CLUSTER} --snapshot=")

    assert sorted(in_stores.rglob("*")) == before
