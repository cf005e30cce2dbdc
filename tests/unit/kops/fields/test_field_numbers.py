"""A number that a field cannot hold is refused: kops would store another one."""

import json

import pytest

from kled.errors import InvalidInput
from kled.kops.fields import known_fields
from kled.kops.fields.flags import flags_for
from kled.kops.fields.known_fields import Kind
from kled.sandbox.definition import go_types
from tests.unit.kops.replay import CAPTURES

WIDE = "99999999999999999999"
NUMBERS = {"int", "int16", "int32", "int64", "uint8", "uint32"}
REFUSED: list[str] = [
    row["set"]
    for row in json.loads((CAPTURES / "set-fields.json").read_text())
    if "value as integer" in row.get("error", "")
]
"""What kops itself was seen to take for no number."""


def refusal(kind: Kind, setting: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        flags_for(kind, [setting], ())
    assert caught.value.field == "--set"
    return caught.value


@pytest.mark.parametrize(
    ("name", "wrong", "within"),
    [
        *(
            ("maxSize", value, "-2147483648 to 2147483647")
            for value in ("2147483648", "-2147483649", "4294967297", WIDE, "1" * 5000)
        ),
        *(
            ("maxSize", value, "-2147483648 to 2147483647")
            for value in ("", "x", " 5", "5 ", "1_0", "0x10", "1.0", "1e3", "٣", "--1", "-")
        ),
        ("rootVolumeSize", "99999999999", "to 2147483647"),
        ("kubelet.maxPods", "2147483648", "to 2147483647"),
        ("volumes[0].size", "9223372036854775808", "to 9223372036854775807"),
        ("autoscalePriority", "32768", "-32768 to 32767"),
    ],
)
def test_a_number_that_the_field_cannot_hold_is_refused(name: str, wrong: str, within: str) -> None:
    error = refusal("InstanceGroup", f"spec.{name}={wrong}")

    assert f"spec.{name} is a whole number from" in error.message
    assert within in error.message
    assert len(error.message) < 200
    assert "nothing was changed" in str(error.hint)


def test_a_number_with_a_line_feed_is_refused_as_any_text_with_one() -> None:
    error = refusal("InstanceGroup", "spec.maxSize=5\n")

    assert r"spec.maxSize: it holds the control character \n" in error.message
    assert "nothing was changed" in str(error.hint)


def test_so_it_is_in_a_cluster_in_every_element_of_a_list_and_without_a_sign() -> None:
    refusal("Cluster", f"spec.kubeAPIServer.maxRequestsInflight={WIDE}")
    refusal("Cluster", "spec.etcdClusters[*].etcdMembers[*].volumeSize=2147483648")
    etcd = "spec.etcdClusters[0].manager.backupRetentionDays"
    assert "from 0 to 4294967295" in refusal("Cluster", f"{etcd}=-1").message
    assert flags_for("Cluster", [f"{etcd}=4294967295"], ()).sets == [f"{etcd}=4294967295"]


@pytest.mark.parametrize("value", ["0", "-1", "+4", "007", "2147483647", "-2147483648"])
def test_a_number_that_it_can_hold_goes_to_kops_as_it_is(value: str) -> None:
    assert flags_for("InstanceGroup", [f"spec.maxSize={value}"], ()).sets == [
        f"spec.maxSize={value}"
    ]


def test_what_kops_takes_for_no_number_is_none() -> None:
    assert REFUSED
    for setting in REFUSED:
        refusal("InstanceGroup", setting)


@pytest.mark.parametrize("kind", ["Cluster", "InstanceGroup"])
def test_each_field_is_as_wide_as_the_sandbox_has_it(kind: Kind) -> None:
    """Two readings of the source, made apart."""
    wrong, numbers = [], 0
    for path in known_fields._everywhere(kind):
        field = known_fields.field_of(kind, known_fields.spelled(path))
        if path[:1] == ("spec",) and field.kind in NUMBERS and not field.dropped:
            numbers += 1
            where = tuple("0" if part == "*" else part for part in path)
            if go_types.name_of(kind, where) not in (field.kind, "any"):
                wrong.append(known_fields.spelled(path))

    assert numbers > 10
    assert wrong == []
