import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.kops import command
from kled.kops.fields.spec_flags import flags
from kled.models.rolling import Roll
from kled.models.spec import parse_spec
from tests.unit.kops.replay import CAPTURES

C = "demo.k8s.local"
HOUR = timedelta(hours=1)
ROLL = Roll(("nodes",), True, True, HOUR, HOUR, HOUR, HOUR, HOUR, HOUR, 2, "https://x")
SPEC = {
    "name": C,
    "zones": ["us-east-1a"],
    "node_count": 2,
    "topology": "private",
    "bastion": True,
    "set": ["spec.a=1,2"],
    "labels": ["a=b"],
    "unset": ["spec.b"],
    "ssh_public_key": "k.pub",
    "networking": "cilium",
    "dns": "none",
    "admin_access": ["1.2.3.4/32"],
}
BUILT = [
    command.version(),
    command.get_clusters(),
    command.get_clusters(C),
    command.get_definition(C),
    command.dry_run(flags(parse_spec(SPEC)), "s3://b/x"),
    command.create_cluster(flags(parse_spec(SPEC))),
    command.update(C),
    command.update(C, yes=True, admin=HOUR),
    command.validate(C, "https://x"),
    command.export_kubeconfig(C, "/f", HOUR, "https://x"),
    command.delete_cluster(C, yes=True),
    command.unregister(C, yes=True),
    command.get_instance_groups(C),
    command.get_instances(C, "https://x"),
    command.get_secrets(C),
    command.get_keypairs(C, distrusted=True),
    command.create_ssh_public_key(C, "/k"),
    command.toolbox_dump(C),
    command.replace("/f"),
    command.edit_cluster(C, ["spec.a=1"], ["spec.b"]),
    command.edit_instance_group(C, "nodes", ["spec.a=1"], ["spec.b"]),
    command.create_instance_group(C, "extra", "node", ["us-east-1a"]),
    command.delete_instance_group(C, "extra"),
    command.delete_instance(C, "i-1", cloudonly=True, surge=False, yes=True),
    command.rolling_update(C, ROLL, yes=True),
    command.upgrade(C, "1.36.1", "stable", yes=True),
    command.reconcile(C, yes=True, api_server="https://x"),
    command.create_secret(C, "dockerconfig", "/f", force=True),
    command.delete_secret(C, "dockerconfig"),
    command.create_keypair(C, "all"),
    command.promote_keypair(C, "kubernetes-ca", "1"),
    command.distrust_keypair(C, "kubernetes-ca", ["1"]),
]


def flags_of(argv: list[str]) -> set[str]:
    """The flags that the most specific help page of argv's verb knows."""
    for length in (3, 2, 1):
        page = CAPTURES / "help" / f"kops_{'_'.join(argv[:length])}.txt"
        if page.is_file():
            return set(re.findall(r"--([a-z][a-z0-9-]*)", page.read_text()))
    raise AssertionError(argv)


@pytest.mark.parametrize("argv", BUILT, ids=lambda argv: " ".join(argv[:2]))
def test_every_flag_stands_in_kops_help_and_has_its_value_attached(argv: list[str]) -> None:
    known = flags_of(argv)

    for word in (each for each in argv if each.startswith("-")):
        assert re.fullmatch(r"--[a-z0-9-]+=.*", word), word
        assert word[2:].split("=")[0] in known, word


def test_values_with_commas_are_quoted_because_kops_splits_them() -> None:
    argv = command.create_cluster(flags(parse_spec(SPEC)))

    assert '--set="spec.a=1,2"' in argv
    assert "--cloud-labels=a=b" in argv


def test_an_update_without_admin_writes_no_kubeconfig() -> None:
    assert "--create-kube-config=false" in command.update(C, yes=True)
    assert "--admin=3600s" in command.update(C, yes=True, admin=HOUR)


@given(st.integers(min_value=1, max_value=10**9))
def test_durations_always_have_a_unit_and_no_exponent(seconds: int) -> None:
    assert re.fullmatch(r"\d+s", command.duration(timedelta(seconds=seconds)))
